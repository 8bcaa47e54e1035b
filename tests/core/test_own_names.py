"""A command names the listener's app and user where they are known."""

from __future__ import annotations

import pytest

from listener.core.own_names import app_at, filled

URL = "https://acme-autopromote-0123456789ab.herokuapp.com"


@pytest.mark.parametrize(
    ("url", "app"),
    [
        (URL, "acme-autopromote"),
        (f"{URL}/", "acme-autopromote"),
        ("https://acme-autopromote.herokuapp.com", "acme-autopromote"),
        ("https://autopromote.acme.example", None),
        ("http://127.0.0.1:8000", None),
        (None, None),
    ],
)
def test_an_address_of_herokus_tells_the_app(url: str | None, app: str | None) -> None:
    assert app_at(url) == app


def test_what_is_known_takes_its_place() -> None:
    add = "heroku access:add LISTENERS_USER -a acme-prod"
    assert filled(add, url=URL, user="robot@acme.example") == (
        "heroku access:add robot@acme.example -a acme-prod"
    )
    restart = "heroku ps:restart -a LISTENER"
    assert filled(restart, url=URL, user=None) == "heroku ps:restart -a acme-autopromote"
    assert filled(f"{restart} {add}", url=None, user=None) == f"{restart} {add}"
