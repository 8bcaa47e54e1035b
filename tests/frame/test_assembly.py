"""What is put together, by the settings."""

from __future__ import annotations

from contextlib import closing

import pytest

from listener.app import assemble
from listener.config import Settings
from tests.github import samples
from tests.github.keys import pem
from tests.outbound.peer import Peer, answer, giving

ALONE = {
    "database_url": "postgres://ana:pw@127.0.0.1:9/acme",
    "secret_keys": ("k" * 32,),
    "heroku_api_key": "HRKU-0123",
    "admins": ("ana@acme.com",),
}
TOKEN = {"github_token": "github_pat_1"}
APP = {"github_app_id": "12345", "github_private_key": pem()}


def settings(**more: str) -> Settings:
    """Settings that are enough, and more."""
    return Settings(**ALONE | more)  # type: ignore[arg-type]


def test_github_is_not_asked_where_nobody_set_it_up() -> None:
    with closing(assemble(settings())) as parts:
        assert parts.context.github is None


@pytest.mark.parametrize(("given", "is_app"), [(TOKEN, False), (APP, True), (TOKEN | APP, False)])
def test_a_token_of_github_goes_before_an_app(given: dict[str, str], is_app: bool) -> None:
    with closing(assemble(settings(**given))) as parts:
        assert parts.context.github is not None
        assert parts.context.github.is_app == is_app


def test_github_is_asked_at_its_own_address_and_let_go_in_the_end() -> None:
    with Peer(giving(answer(200, samples.repository()))).listening() as at:
        parts = assemble(settings(**TOKEN, github_url=at.url))
        assert parts.context.github is not None
        assert parts.context.github.repository("acme/shop").id == 1296269
        parts.close()
        assert at.end() == "closed"
