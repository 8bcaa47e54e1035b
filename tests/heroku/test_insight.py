"""What tells two apps and the own token apart: names without values, scopes, buildpacks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from listener.heroku import Authorization, BadAnswer, Doubtful, Heroku, HerokuError, Refused
from tests.heroku import samples
from tests.outbound.peer import Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
VALUE = "postgres://ana:tr0ub4dor@db.example.com/acme"


def test_of_config_vars_only_the_names_are_kept(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, {"DATABASE_URL": VALUE, "LOG_LEVEL": "debug"})))
    found = client(at.url).config_var_names("acme-prod")
    assert found == {"DATABASE_URL", "LOG_LEVEL"}
    assert at.requests[0].path == "/apps/acme-prod/config-vars"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, set()),
        ({"ODD": {"INNER": VALUE}}, {"ODD"}),
        ({"A": [{"B": VALUE}], "C": None}, {"A", "C"}),
        ({"": VALUE, "A\nB": VALUE, "x" * 300: VALUE, "D": VALUE}, {"D"}),
    ],
)
def test_names_are_read_whatever_their_values_are(
    peer: Start, client: Client, body: dict[str, Any], names: set[str]
) -> None:
    at = peer(giving(answer(200, body)))
    assert client(at.url).config_var_names("acme-prod") == names


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (answer(200, f'{{"DATABASE_URL": "{VALUE}"'.encode()), "it is not JSON"),
        (answer(200, [VALUE]), "it is not an object"),
        (answer(200, VALUE), "it is not an object"),
        (answer(200, [{"DATABASE_URL": VALUE}]), "it is not an object"),
        (answer(200, b'{"A": "\xff"}'), "it is not JSON"),
        (answer(200, b"[" * 200_000), "it is not JSON"),
        (answer(200, {"A": VALUE}, content_encoding="br"), "its encoding was not asked for"),
    ],
)
def test_a_value_shows_in_no_error_and_no_log(
    peer: Start,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
    wrong: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    asking = client(peer(cutting(content)).url)
    with pytest.raises(Doubtful, match=wrong) as caught:
        asking.config_var_names("acme-prod")

    error: BaseException | None = caught.value
    while error is not None:
        assert "tr0ub4dor" not in f"{error} {vars(error)} {error.args}"
        error = error.__cause__
    told = "".join(traceback.format_exception(caught.value))
    assert "tr0ub4dor" not in told + caplog.text + repr(asking)


def test_config_vars_that_may_not_be_read_are_refused(peer: Start, client: Client) -> None:
    said = {"id": "forbidden", "message": "The scope does not allow access."}
    at = peer(giving(answer(403, said)))
    with pytest.raises(Refused, match="The scope does not allow access"):
        client(at.url).config_var_names("acme-prod")


def test_buildpacks_are_named_in_the_order_in_which_they_build(peer: Start, client: Client) -> None:
    body = [
        samples.buildpack("heroku/python", ordinal=1),
        samples.buildpack("heroku/nodejs"),
        {"ordinal": 2, "buildpack": {"url": "urn:buildpack:heroku/go"}},
    ]
    at = peer(giving(answer(200, body)))
    assert client(at.url).buildpacks("acme-prod") == ["heroku/nodejs", "heroku/python", "heroku/go"]
    assert at.requests[0].path == "/apps/acme-prod/buildpack-installations"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://github.com/acme/pack#v2", "https://github.com/acme/pack#v2"),
        ("https://ana:t0ken@github.com/acme/pack", "https://github.com/acme/pack"),
        ("https://example.com/pack.tgz?sig=t0ken", "https://example.com/pack.tgz"),
        ("https://x@y@example.com/a@b", "https://example.com/a@b"),
    ],
)
def test_a_password_in_the_url_of_a_buildpack_is_left_out(
    peer: Start, client: Client, url: str, shown: str
) -> None:
    at = peer(giving(answer(200, [samples.buildpack(buildpack={"url": url, "name": url})])))
    assert client(at.url).buildpacks("acme-prod") == [shown]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "something else than a list"),
        ([samples.buildpack(buildpack=None)], "buildpack is not an object"),
        ([samples.buildpack(buildpack={})], "buildpack.url is missing"),
        ([samples.buildpack(ordinal="0")], "ordinal is not a number"),
    ],
)
def test_buildpacks_that_lack_what_we_need_are_a_bad_answer(
    peer: Start, client: Client, body: object, wrong: str
) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer, match=wrong):
        client(at.url).buildpacks("acme-prod")


@pytest.mark.parametrize(
    ("told", "scopes"),
    [
        ("global", ("global",)),
        ("read-protected write-protected", ("read-protected", "write-protected")),
        ("", None),
    ],
)
def test_every_answer_tells_what_the_token_may_do(
    peer: Start, client: Client, told: str, scopes: tuple[str, ...] | None
) -> None:
    at = peer(giving(answer(403, {"id": "forbidden", "message": "No."}, oauth_scope=told)))
    asking = client(at.url)
    assert asking.scopes is None
    with pytest.raises(Refused):
        asking.account()
    assert asking.scopes == scopes


def test_authorizations_tell_how_long_they_live_and_never_the_token(
    peer: Start, client: Client
) -> None:
    ending = {"expires_in": 3600, "id": "access-2", "token": "HRKU-unmasked"}
    body = [
        samples.authorization(),
        samples.authorization(id="authorization-2", access_token=ending, scope=["identity"]),
        samples.authorization(id="authorization-3", access_token=None),
    ]
    at = peer(giving(answer(200, body)))
    found = client(at.url).authorizations()
    assert at.requests[0].path == "/oauth/authorizations"
    assert found == [
        Authorization("authorization-1", ("global",), None),
        Authorization("authorization-2", ("identity",), 3600),
        Authorization("authorization-3", ("global",), None),
    ]
    assert "unmasked" not in repr(found)


def test_apps_are_listed_to_the_end(peer: Start, client: Client) -> None:
    first = answer(206, [samples.app()], next_range="id ]0..; max=1000")
    at = peer(giving(first, answer(200, [samples.app(id="app-2", name="acme-eu")])))
    assert [app.name for app in client(at.url).apps()] == ["acme-prod", "acme-eu"]
    assert [request.headers["range"] for request in at.requests] == [
        "id ..; max=1000",
        "id ]0..; max=1000",
    ]


def test_a_list_without_end_is_no_answer(peer: Start, client: Client) -> None:
    at = peer(giving(answer(206, [samples.app()], next_range="id ]0..; max=1000")))
    with pytest.raises(HerokuError, match="more than 50 pages"):
        client(at.url).apps()


def test_a_page_without_apps_ends_the_list(peer: Start, client: Client) -> None:
    at = peer(giving(answer(206, [], next_range="id ]0..; max=1000")))
    assert client(at.url).apps() == []
