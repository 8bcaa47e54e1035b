"""The listener looks at itself from outside, and takes nobody else for itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from listener.core.finding import Finding, State
from listener.crypto import Keys
from listener.services.status import MARK, ReachabilityCheck
from tests.outbound.peer import Conversation, Peer, Script, answer, giving
from tests.services.letterbox import Answering

URL = "https://autopromote.example.com"
OWN = Keys(["k" * 32]).mark


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Peer]]:
    """Start a server that follows a script."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(Peer(script).listening())


def seen(url: str | None, transport: httpx.BaseTransport | None = None) -> Finding:
    return ReachabilityCheck(OWN, transport=transport).look(url)


@pytest.mark.parametrize(
    ("headers", "status", "state", "message"),
    [
        ({MARK: OWN}, 200, State.OK, f"The listener answers at {URL}."),
        ({MARK: OWN}, 503, State.OK, f"The listener answers at {URL}."),
        ({}, 200, State.BROKEN, f"Something else answers at {URL} (200)."),
        (
            {MARK: Keys(["x" * 32]).mark},
            200,
            State.BROKEN,
            f"Something else answers at {URL} (200).",
        ),
        (
            {"Location": "https://elsewhere.example.com"},
            301,
            State.BROKEN,
            f"{URL} sends on to another address.",
        ),
    ],
)
def test_it_knows_itself_by_its_mark(
    headers: dict[str, str], status: int, state: State, message: str
) -> None:
    place = Answering(headers, status)
    finding = seen(URL, place)
    assert (finding.state, finding.message) == (state, message)
    assert [str(request.url) for request in place.asked] == [f"{URL}/healthz"]
    if state is not State.OK:
        assert finding.mend.startswith("heroku config:set -a LISTENER PUBLIC_URL=")


def test_a_listener_that_nobody_told_its_address_is_warned() -> None:
    assert seen(None).state is State.WARNING


def test_an_address_where_nobody_is_is_broken() -> None:
    finding = seen("http://127.0.0.1:9")
    assert (finding.state, finding.message) == (
        State.BROKEN,
        "Nobody answers at http://127.0.0.1:9.",
    )


@pytest.mark.parametrize("url", ["https://xn--a.com", "https://xn--0.com"])
def test_a_host_that_decodes_to_nothing_is_no_address(url: str) -> None:
    finding = seen(url)
    assert (finding.state, finding.message) == (State.BROKEN, f"{url} is no address.")


def test_it_is_known_over_a_real_connection(peer: Callable[[Script], Peer]) -> None:
    at = peer(giving(answer(200, {"status": "ok"}, Autopromote_Mark=OWN)))
    assert seen(at.url).state is State.OK
    assert at.requests[0].path == "/healthz"
    assert "authorization" not in at.requests[0].headers


def test_inside_our_network_nothing_is_asked_that_no_setting_names(
    peer: Callable[[Script], Peer],
) -> None:
    at = peer(giving(answer(200, {"status": "ok"}, Autopromote_Mark=OWN)))
    finding = ReachabilityCheck(OWN).look(at.url, is_set=False)
    assert (finding.state, at.requests) == (State.BROKEN, [])


def test_a_server_that_trickles_holds_nobody(peer: Callable[[Script], Peer]) -> None:
    def trickle(talk: Conversation) -> None:
        talk.hear()
        talk.trickle(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 1000)

    began_at = time.monotonic()
    finding = seen(peer(trickle).url)
    assert finding.state is State.UNKNOWN
    assert time.monotonic() - began_at < 60  # to the end it takes four minutes


def test_marks_tell_installations_apart_and_no_key() -> None:
    assert len({Keys([letter * 32]).mark for letter in "abc"}) == 3
    assert Keys(["n" * 32, "k" * 32]).mark != OWN
    assert len(OWN) == 16
    assert set(OWN) <= set("0123456789abcdef")
