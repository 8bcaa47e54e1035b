"""Which token goes where: each only to whom it is for, and none where there is doubt."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.cli.program import BAR, Autopromote, Outcome, barred, failed
from tests.cli.stranger import Stranger, answer, stranger
from tests.outbound import peer


@pytest.mark.parametrize(
    ("env", "stored"),
    [
        ({}, None),
        ({"AUTOPROMOTE_URL": "https://example.com"}, None),
        ({"AUTOPROMOTE_URL": "http://127.0.0.1:2"}, "http://127.0.0.1:1"),
    ],
)
def test_without_a_token_for_that_url_nobody_is_asked(
    autopromote: Autopromote, env: dict[str, str], stored: str | None
) -> None:
    if stored:
        store_login(autopromote, stored)
    assert autopromote("rules", **env) == failed("Not logged in. Run `autopromote login`.")


def store_login(autopromote: Autopromote, url: str, *, expires_at: str | None = None) -> None:
    """Leave a login behind, as `login` does."""
    folder = autopromote.home / ".config" / "autopromote"
    folder.mkdir(parents=True)
    login = {"url": url, "token": "stored", "email": "ana@example.com", "role": "admin"}
    login |= {"expires_at": expires_at} if expires_at else {}
    (folder / "login.json").write_text(json.dumps(login), encoding="utf-8")


def test_a_stored_token_goes_to_the_url_that_issued_it_however_it_is_spelled(
    autopromote: Autopromote,
) -> None:
    with stranger(answer("404 Not Found", '{"message": "here"}')) as met:
        store_login(autopromote, met.url)
        assert autopromote("rules") == failed("here")
        assert autopromote(
            "rules", AUTOPROMOTE_URL=f"{met.url.upper().replace('HTTP', 'http')}/"
        ) == failed("here")
    assert [b"Authorization: Bearer stored" in heard for heard in met.heard] == [True, True]


def test_a_token_of_the_environment_goes_before_the_stored_one(autopromote: Autopromote) -> None:
    with stranger(answer("401 Unauthorized", '{"message": "no"}')) as met:
        store_login(autopromote, met.url)
        outcome = autopromote(
            "rules", AUTOPROMOTE_TOKEN="given", HEROKU_API_KEY="k", HEROKU_API_URL=met.url
        )
    assert outcome == failed("no")
    assert [b"Authorization: Bearer given" in heard for heard in met.heard] == [True]


def test_a_login_that_cannot_be_renewed_says_why(autopromote: Autopromote) -> None:
    with stranger(
        answer("401 Unauthorized", '{"id": "unauthorized", "message": "Who are you?"}')
    ) as met:
        store_login(autopromote, met.url)
        outcome = autopromote("rules", HEROKU_API_URL=met.url)
    assert outcome == failed(
        f"Your login expired and could not be renewed: Found no Heroku credential for {met.url}:"
        " HEROKU_API_KEY is not set, netrc has none, and `heroku auth:token` gave none.\n"
        "Run `heroku login`, or set HEROKU_API_KEY.\n"
        "Run `autopromote login`."
    )


@pytest.mark.parametrize(
    ("reply", "message", "error_id"),
    [
        (
            answer(
                "401 Unauthorized",
                '{"id": "unauthorized", "message": "Invalid credentials provided."}',
            ),
            "Heroku refused the token of HEROKU_API_KEY: Invalid credentials provided.",
            "unauthorized",
        ),
        (
            answer("403 Forbidden", '{"id": "forbidden", "message": "You do not have access."}'),
            (
                "Heroku made no throw-away token: You do not have access.\n"
                "Nothing was sent to {listener}. To send it your Heroku token itself,"
                " run `autopromote login --send-full-token`."
            ),
            "forbidden",
        ),
        (
            answer("429 Too Many", '{"id": "rate_limit", "message": "Please wait."}'),
            "Please wait.",
            "rate_limit",
        ),
        (
            answer("502 Bad Gateway", "<html>"),
            "Couldn't ask Heroku at {url}: it answered 502.",
            None,
        ),
        (answer("201 Created", "{}"), "{url} does not answer like Heroku.", None),
        (b"", "Couldn't ask Heroku at {url}: the connection broke off.", None),
    ],
)
def test_a_heroku_that_makes_no_token_ends_the_login(
    autopromote: Autopromote, reply: bytes, message: str, error_id: str | None
) -> None:
    with stranger(UNBOUND) as listener, stranger(reply) as heroku:
        outcome = log_in(autopromote, listener, heroku)
    told = message.format(url=heroku.url, listener=listener.url)
    begun = f"Logging in to {listener.url}... !\n"
    assert outcome == ("", begun + failed(told, error_id).stderr, 1)
    assert "HRKU-secret" not in outcome.stderr
    [asked] = listener.heard
    assert asked.startswith(b"GET /api/login ")


UNBOUND = answer("200 OK", '{"oauth_client": null}')
BOUND = answer("200 OK", '{"oauth_client": {"id": "client-1"}}')


def log_in(autopromote: Autopromote, listener: Stranger, heroku: Stranger, *flags: str) -> Outcome:
    """Log in to one, with the credential of the other."""
    given = {"HEROKU_API_URL": heroku.url, "HEROKU_API_KEY": "HRKU-secret"}
    return autopromote("login", "--url", listener.url, *flags, **given)


def granting(redirect_uri: str, client: str = "client-1") -> bytes:
    """A Heroku that makes a code for a client."""
    made = {
        "id": "authorization-1",
        "grant": {"code": "code-1", "expires_in": 300, "id": "grant-1"},
        "client": {"id": client, "name": "acme", "redirect_uri": redirect_uri},
    }
    return answer("201 Created", json.dumps(made))


UNSET = (
    "Nothing was sent to {listener}. If it always does, an admin of the listener may unset"
    " AUTOPROMOTE_OAUTH_ID and AUTOPROMOTE_OAUTH_SECRET there: then a throw-away token tells it who"
    " you are, and so does one of any other program."
)
NO_CODE = "{url} made no code for the OAuth client client-1."


@pytest.mark.parametrize(
    ("reply", "message", "error_id", "asks"),
    [
        (
            answer("401 Unauthorized", '{"id": "unauthorized", "message": "Invalid credentials."}'),
            "Heroku refused the token of HEROKU_API_KEY: Invalid credentials.",
            "unauthorized",
            ["POST"],
        ),
        (
            answer("403 Forbidden", '{"id": "forbidden", "message": "No."}'),
            f"Heroku made no code for the listener's OAuth client: No.\n{UNSET}",
            "forbidden",
            ["POST"],
        ),
        (
            answer("422 Unprocessable Entity", '{"id": "invalid_params", "message": "What?"}'),
            f"Heroku made no code for the listener's OAuth client: What?\n{UNSET}",
            "invalid_params",
            ["POST", "POST"],
        ),
        (
            answer("201 Created", '{"id": "a", "access_token": {"token": "t"}, "grant": null}'),
            NO_CODE,
            None,
            ["POST", "DELETE"],
        ),
        (granting("{listener}/login/callback", "client-2"), NO_CODE, None, ["POST", "DELETE"]),
        (answer("201 Created", "{}"), NO_CODE, None, ["POST"]),
    ],
)
def test_a_heroku_that_makes_no_code_ends_the_login_and_nothing_is_sent(
    autopromote: Autopromote, reply: bytes, message: str, error_id: str | None, asks: list[str]
) -> None:
    with stranger(BOUND) as listener, stranger(reply) as heroku:
        outcome = log_in(autopromote, listener, heroku, "--send-full-token")
    told = message.format(url=heroku.url, listener=listener.url)
    begun = f"Logging in to {listener.url}... !\n"
    assert outcome == ("", begun + failed(told, error_id).stderr, 1)
    assert [asked.split()[0].decode() for asked in heroku.heard] == asks
    assert [asked.split()[1] for asked in listener.heard] == [b"/api/login"]


@pytest.mark.parametrize(
    "home",
    [
        "https://victim.example/login/callback",
        "https://victim.example@{host}/login/callback",
        "{listener}/login/callback/more",
        "{listener}.victim.example/login/callback",
        "not a url",
        "ftp://victim.example/login/callback",
        "https://[::1/login/callback",
    ],
)
def test_a_code_for_the_client_of_another_listener_is_never_sent(
    autopromote: Autopromote, home: str
) -> None:
    with stranger(BOUND) as listener:
        host = listener.url.removeprefix("http://")
        home = home.format(listener=listener.url, host=host)
        with stranger(granting(home)) as heroku:
            outcome = log_in(autopromote, listener, heroku)

    assert outcome.code == 1
    assert f"wants a code for the OAuth client of {home}" in outcome.stderr
    assert [asked.split()[1] for asked in listener.heard] == [b"/api/login"]
    assert [asked.split()[1] for asked in heroku.heard] == [
        b"/oauth/authorizations",
        b"/oauth/authorizations/authorization-1",
    ]


@pytest.mark.parametrize(
    "reply",
    [
        answer("200 OK", '{"email": "ana@example.com"}'),
        answer("401 No", '{"message": "It ended."}'),
    ],
)
def test_logging_out_ends_the_token_there_and_forgets_it_here(
    autopromote: Autopromote, reply: bytes
) -> None:
    with stranger(reply) as met:
        store_login(autopromote, met.url)
        assert autopromote("logout") == ("", f"Logging out of {met.url}... done\n", 0)
    [heard] = met.heard
    assert heard.startswith(b"DELETE /api/tokens/current ")
    assert b"Authorization: Bearer stored" in heard
    assert autopromote("logout", AUTOPROMOTE_TOKEN="t") == (
        "",
        "Not logged in.\n"
        + barred("Warning: AUTOPROMOTE_TOKEN is set, and still goes to the listener."),
        0,
    )


@pytest.mark.parametrize(
    ("expires_at", "until"),
    [
        ("2030-01-31T18:00:00Z", r"2030-01-31 18:00:00 UTC \(in ~ \d+d\)"),
        (None, "it expires"),
    ],
)
def test_a_token_that_could_not_be_ended_is_said_to_live_on(
    autopromote: Autopromote, expires_at: str | None, until: str
) -> None:
    with stranger(
        answer("503 Later", '{"id": "database_unavailable", "message": "Later."}')
    ) as met:
        store_login(autopromote, met.url, expires_at=expires_at)
        outcome = autopromote("logout")
    assert (outcome.stdout, outcome.code) == ("", 0)
    shown = outcome.stderr.replace(BAR, "").replace("\n", " ")
    assert re.fullmatch(
        rf"Logging out of {met.url}\.\.\. done Warning: Later\. The token is removed here,"
        rf" but may be good there until {until}: an admin ends it by"
        r" `autopromote people:revoke ana@example\.com`\. ",
        shown,
    ), shown
    assert autopromote("rules") == failed("Not logged in. Run `autopromote login`.")


def test_a_listener_that_is_gone_keeps_nobody_logged_in(autopromote: Autopromote) -> None:
    store_login(autopromote, "http://127.0.0.1:1")
    outcome = autopromote("logout")
    assert outcome.code == 0
    assert "Couldn't reach the listener at http://127.0.0.1:1" in outcome.stderr
    assert "The token is removed here" in outcome.stderr
    assert autopromote("rules") == failed("Not logged in. Run `autopromote login`.")


def test_where_many_log_in_the_program_waits_as_long_as_it_is_told(
    autopromote: Autopromote,
) -> None:
    token = {"token": "t", "email": "ana@example.com", "role": "admin", "roles": []}
    good = peer.answer(201, {**token, "expires_at": "2030-01-01T00:00:00Z"})
    full = peer.answer(429, {"id": "busy", "message": "Try again."}, retry_after="1")
    answers = iter([full, full, good])

    def crowded(talk: peer.Conversation) -> None:
        while asked := talk.hear():
            is_login = asked.method == "POST"
            talk.say(next(answers) if is_login else peer.answer(200, {"oauth_client": None}))

    made = answer("201 Created", '{"id": "a", "access_token": {"token": "t"}}')
    with peer.Peer(crowded).listening() as listener, stranger(made) as heroku:
        begun = time.monotonic()
        given = {"HEROKU_API_URL": heroku.url, "HEROKU_API_KEY": "HRKU-secret"}
        outcome = autopromote("login", "--url", listener.url, **given)
        took = time.monotonic() - begun
    assert outcome.stdout == "Logged in as ana@example.com (admin)\n"
    assert [one.method for one in listener.requests] == ["GET", "POST", "POST", "POST", "GET"]
    assert took >= 2


def test_a_wait_that_is_too_long_is_told_at_once(autopromote: Autopromote) -> None:
    full = peer.answer(429, {"id": "busy", "message": "Try again."}, retry_after="3600")

    def closed(talk: peer.Conversation) -> None:
        while asked := talk.hear():
            is_login = asked.method == "POST"
            talk.say(full if is_login else peer.answer(200, {"oauth_client": None}))

    made = answer("201 Created", '{"id": "a", "access_token": {"token": "t"}}')
    with peer.Peer(closed).listening() as listener, stranger(made) as heroku:
        given = {"HEROKU_API_URL": heroku.url, "HEROKU_API_KEY": "HRKU-secret"}
        outcome = autopromote("login", "--url", listener.url, **given)
        said = f"Logging in to {listener.url}... !\n"
    assert outcome == ("", said + failed("Try again.", "busy").stderr, 1)
    assert [one.method for one in listener.requests] == ["GET", "POST"]
