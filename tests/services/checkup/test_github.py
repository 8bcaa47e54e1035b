"""Whether GitHub takes the listener's credentials: one call, and what to do about its answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Protocol

import pytest

from listener.core.finding import State
from listener.github import App, Credentials, GitHub, Token
from listener.services import doctor_github
from tests.github.keys import pem
from tests.outbound.peer import Peer, answer, cutting, giving
from tests.services.office import Office

TOKEN, FINE = Token("ghp_0123"), Token("github_pat_0123")
LACKING = "checks: read, deployments: write, pull_requests: read, statuses: write"
APP = App("12345", pem())


class At(Protocol):
    """Makes a client of a server that gives these bytes."""

    def __call__(self, said: bytes, credentials: Credentials = TOKEN) -> tuple[GitHub, Peer]: ...


@pytest.fixture
def at() -> Iterator[At]:
    """Start servers, and clients of them."""
    with ExitStack() as stack:

        def make(said: bytes, credentials: Credentials = TOKEN) -> tuple[GitHub, Peer]:
            script = giving(said) if said else cutting(said)
            peer = stack.enter_context(Peer(script).listening())
            return stack.enter_context(closing(GitHub(credentials, url=peer.url))), peer

        yield make


def test_without_credentials_there_is_nothing_to_tell() -> None:
    assert doctor_github.findings(None) == []


@pytest.mark.parametrize(
    ("said", "credentials", "state", "message", "mend"),
    [
        (
            answer(200, {"login": "robot"}),
            TOKEN,
            State.OK,
            "GitHub knows the listener as robot.",
            "",
        ),
        (
            answer(200, {"login": "robot"}, x_oauth_scopes="user"),
            TOKEN,
            State.WARNING,
            "GitHub knows the listener as robot. It lacks the scope repo.",
            "",
        ),
        (
            answer(200, {"login": "robot"}),
            FINE,
            State.WARNING,
            "GitHub knows the listener as robot. It lacks the permission checks: read.",
            "",
        ),
        (
            answer(200, {"slug": "shipper", "permissions": {"contents": "read"}}),
            APP,
            State.WARNING,
            f"GitHub knows the listener as shipper[bot]. It lacks the permission {LACKING}.",
            "",
        ),
        (
            answer(401, {"message": "Bad credentials"}),
            TOKEN,
            State.BROKEN,
            "GitHub does not accept the listener's AUTOPROMOTE_GITHUB_TOKEN (any more).",
            "heroku config:set AUTOPROMOTE_GITHUB_TOKEN=NEW -a LISTENER",
        ),
        (
            answer(401, {"message": "A JSON web token could not be decoded"}),
            APP,
            State.BROKEN,
            "GitHub does not accept the listener's AUTOPROMOTE_GITHUB_PRIVATE_KEY (any more).",
            "heroku config:set AUTOPROMOTE_GITHUB_PRIVATE_KEY=NEW -a LISTENER",
        ),
        (
            answer(403, {"message": "Forbidden by an IP allow list."}),
            TOKEN,
            State.UNKNOWN,
            "GitHub answered 403: Forbidden by an IP allow list.",
            "",
        ),
        (b"", TOKEN, State.UNKNOWN, "GitHub did not answer: ", ""),
    ],
)
def test_each_answer_is_a_finding(
    at: At, said: bytes, credentials: Credentials, state: State, message: str, mend: str
) -> None:
    github, peer = at(said, credentials)

    [found] = doctor_github.findings(github)

    assert (found.name, found.state, found.mend) == ("github", state, mend)
    assert found.message == message or (not said and found.message.startswith(message))
    assert len(peer.requests) == 1


def test_the_doctor_tells_it_beside_the_rest(office: Office, at: At) -> None:
    github, _ = at(answer(401, {"message": "Bad credentials"}))
    office.context = replace(office.context, github=github)

    findings = office.examine(public_url="https://shipper-0123456789ab.herokuapp.com")

    [found] = [each for each in findings if each.name == "github"]
    assert found.state is State.BROKEN
    assert found.mend == "heroku config:set AUTOPROMOTE_GITHUB_TOKEN=NEW -a shipper"
