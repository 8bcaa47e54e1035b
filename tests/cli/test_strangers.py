"""What answers is not always a listener: the program says what it met, and gives nothing away."""

from __future__ import annotations

import gzip
import socket

import pytest

from autopromote.exchange import MOST_MIB
from tests.cli.program import Autopromote, barred, failed
from tests.cli.stranger import answer, stranger


def away(why: str) -> str:
    """Return what is said of a listener that did not answer, with a place for its URL."""
    return f"Couldn't reach the listener at {{url}}: {why}. Is it running, and is the URL right?"


@pytest.mark.parametrize(
    ("reply", "message", "error_id"),
    [
        (
            answer(
                "404 Not Found",
                "<html>There's nothing here, yet.</html>",
                "Content-Type: text/html\r\n",
            ),
            "{url} does not answer like a listener (404). Is the URL right?",
            None,
        ),
        (
            answer("200 OK", "<html>hello</html>"),
            "{url} does not answer like a listener (200). Is the URL right?",
            None,
        ),
        (
            answer("204 No Content"),
            "{url} does not answer like a listener (204). Is the URL right?",
            None,
        ),
        (
            answer("503 Service Unavailable", "<html>Application error</html>"),
            "{url} answered 503 without a reason. Look at its logs.",
            None,
        ),
        (
            answer("200 OK", '{"email": "ana@example.com"}'),
            "Couldn't understand the answer of {url} (it.role). Is it of another version?",
            None,
        ),
        (
            answer("200 OK", "[]"),
            "Couldn't understand the answer of {url} (it). Is it of another version?",
            None,
        ),
        (
            answer("403 Forbidden", '{"id": "forbidden", "message": "No\\u001b[2J\\nway\\u202e."}'),
            "No\nway.",
            "forbidden",
        ),
        (
            answer("401 Unauthorized", '{"id": "unauthorized", "message": "Who are you?"}'),
            "Who are you?",
            "unauthorized",
        ),
        (answer("500 Oops", '{"message": "Only words."}'), "Only words.", None),
        (
            b"",
            away("the connection broke off"),
            None,
        ),
        (
            answer("200 OK", "cut")[:-2],
            away("the connection broke off"),
            None,
        ),
        (
            answer("200 OK", "zip", "Content-Encoding: gzip\r\n"),
            away("the answer was unreadable"),
            None,
        ),
    ],
)
def test_what_was_met_is_said(
    autopromote: Autopromote, reply: bytes, message: str, error_id: str | None
) -> None:
    with stranger(reply) as met:
        outcome = autopromote("whoami", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret")
    assert outcome == failed(message.format(url=met.url), error_id)
    assert len(met.heard) == 1


def test_an_answer_nested_without_end_is_no_answer(autopromote: Autopromote) -> None:
    deep = f'{{"email": {"[" * 200_000}{"]" * 200_000}}}'
    with stranger(answer("200 OK", deep)) as met:
        outcome = autopromote("whoami", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret")
    message = f"{met.url} does not answer like a listener (200). Is the URL right?"
    assert outcome == failed(message)


def test_an_answer_that_is_too_large_is_not_kept(autopromote: Autopromote) -> None:
    large = gzip.compress(b" " * (MOST_MIB << 20) + b"{}")
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(large)}\r\nConnection: close\r\n\r\n"
    with stranger(f"HTTP/1.1 200 OK\r\n{head}".encode() + large) as met:
        outcome = autopromote("whoami", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret")
    assert outcome == failed(away("the answer is larger than 32 MiB").format(url=met.url))


def test_half_a_character_is_no_answer(autopromote: Autopromote) -> None:
    with stranger(answer("200 OK", r'[{"id": "\ud800"}]')) as met:
        outcome = autopromote("holds", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret")
    assert outcome == failed(f"{met.url} does not answer like a listener (200). Is the URL right?")


def test_a_redirect_is_told_and_not_followed(autopromote: Autopromote) -> None:
    with (
        stranger(answer("200 OK", "{}")) as elsewhere,
        stranger(answer("302 Found", "", f"Location: {elsewhere.url}/api/whoami\r\n")) as met,
    ):
        outcome = autopromote("whoami", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret")

    assert outcome == failed(
        f"{met.url} sends us on to {elsewhere.url}/api/whoami."
        " If that is the listener, log in to that URL."
    )
    assert elsewhere.heard == []


def test_a_change_without_an_answer_may_have_been_done(autopromote: Autopromote) -> None:
    with stranger(b"") as met:
        outcome = autopromote(
            "promotions:cancel", "42", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret"
        )

    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr == (
        "Cancelling promotion 42... !\n"
        + barred(
            f"Error: No answer from {met.url}: the connection broke off."
            " It may have been done: look before you say it again."
        )
    )
    assert len(met.heard) == 1


@pytest.mark.parametrize("words", [("whoami",), ("promotions:cancel", "42")])
def test_a_listener_that_is_down_is_named(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    outcome = autopromote(*words, AUTOPROMOTE_URL=url, AUTOPROMOTE_TOKEN="secret")

    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr.endswith(barred(f"Error: {away('connection refused').format(url=url)}"))


def test_a_request_says_what_it_must_and_no_more(autopromote: Autopromote) -> None:
    with stranger(answer("404 Not Found", '{"id": "x", "message": "y"}')) as met:
        autopromote(
            "rules:info",
            "a/../b?c",
            AUTOPROMOTE_URL=f"{met.url}/below/",
            AUTOPROMOTE_TOKEN="secret",
        )

    [heard] = met.heard
    lines = heard.decode().split("\r\n")
    assert lines[0] == "GET /below/api/rules/a%2F..%2Fb%3Fc HTTP/1.1"
    assert "Authorization: Bearer secret" in lines
    assert "Accept: application/json" in lines
    assert any(line.startswith("User-Agent: autopromote/") for line in lines)


def test_a_proxy_is_not_asked_on_the_way_to_this_machine(autopromote: Autopromote) -> None:
    with (
        stranger(answer("200 OK", "{}")) as proxy,
        stranger(answer("404 Not Found", '{"message": "here"}')) as met,
    ):
        env = {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url, "ALL_PROXY": proxy.url}
        outcome = autopromote("whoami", AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="secret", **env)
    assert outcome == failed("here")
    assert proxy.heard == []
