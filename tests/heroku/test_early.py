"""The way of a release is open before it is asked for, and nothing is sent on it before."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from listener.heroku import Heroku, NotSent
from listener.outbound.early import EarlyTransport
from tests.heroku import samples
from tests.outbound.peer import SECONDS, Conversation, Peer, Script, answer, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
MADE = answer(201, samples.release(8))


def post(heroku: Heroku, *, send_by: float | None = None) -> int:
    """Release a slug; tells the version."""
    made = heroku.create_release(
        "acme-prod", slug=samples.SLUG_ID, description="words", send_by=send_by
    )
    return made.version


def reached(at: Peer, connections: int = 1) -> None:
    """Wait until so many have connected."""
    ends_at = time.monotonic() + SECONDS
    while at.connections < connections:
        assert time.monotonic() < ends_at
        time.sleep(0.005)  # between two looks


def test_a_release_goes_the_way_that_is_open(peer: Start, client: Client) -> None:
    at = peer(giving(MADE))
    asking = client(at.url)
    asking.expect_release()
    asking.expect_release()  # there is one already
    reached(at)
    assert at.requests == []
    assert post(asking) == 8
    assert at.connections == 1


def test_the_way_is_opened_once_a_first_request_has_left(peer: Start, client: Client) -> None:
    app = answer(200, samples.app())
    at = peer(giving(app, app, MADE))
    asking = client(at.url)
    with asking.expecting_release():
        pass
    asking.app("acme-prod")
    with asking.expecting_release():
        assert at.connections == 1
        asking.app("acme-prod")
        reached(at, 2)
    assert post(asking) == 8
    assert at.connections == 2


def test_it_waits_for_a_way_that_is_being_opened(peer: Start, client: Client) -> None:
    at, is_asked, may_go = peer(giving(MADE)), threading.Event(), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        is_asked.set()
        may_go.wait(SECONDS)
        return ["127.0.0.1"]

    asking = client(at.url, transport=EarlyTransport(resolve=resolve))
    asking.expect_release()
    assert is_asked.wait(SECONDS)
    threading.Timer(0.05, may_go.set).start()
    assert post(asking) == 8
    assert at.connections == 1


def test_each_write_has_a_connection_of_its_own(peer: Start, client: Client) -> None:
    at = peer(giving(MADE))
    asking = client(at.url)
    asking.expect_release()
    assert [post(asking), post(asking)] == [8, 8]
    assert at.connections == 2


def test_over_tls_hands_are_shaken_before(
    certificate: Path, server: ssl.SSLContext, client: Client
) -> None:
    context = ssl.create_default_context(cafile=certificate)
    with Peer(giving(MADE), tls=server).listening() as at:
        asking = client(at.url, transport=EarlyTransport(ssl_context=context))
        asking.expect_release()
        reached(at)
        assert post(asking) == 8
        assert at.connections == 1


def test_a_server_that_is_not_trusted_hears_nothing(server: ssl.SSLContext, client: Client) -> None:
    with Peer(giving(MADE), tls=server).listening() as at:
        asking = client(at.url)
        asking.expect_release()
        assert at.end() == "reset"
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            post(asking)
        assert at.requests == []


def test_what_the_server_closed_meanwhile_is_not_used(peer: Start, client: Client) -> None:
    is_first, is_closed = iter([True]), threading.Event()

    def script(talk: Conversation) -> None:
        if next(is_first, False):
            talk.sock.close()
            is_closed.set()
        elif talk.hear():
            talk.say(MADE)

    at = peer(script)
    asking = client(at.url)
    asking.expect_release()
    assert is_closed.wait(SECONDS)
    at.end()
    assert post(asking) == 8
    assert (at.connections, len(at.requests)) == (2, 1)


def test_what_nobody_uses_is_closed(peer: Start, client: Client) -> None:
    at = peer(Conversation.wait)
    asking = client(at.url, transport=EarlyTransport(kept_seconds=0.01))
    asking.expect_release()
    assert at.end() == "closed"
    assert at.requests == []


def test_it_is_closed_with_the_client(peer: Start, client: Client) -> None:
    at = peer(Conversation.wait)
    asking = client(at.url)
    asking.expect_release()
    reached(at)
    asking.close()
    assert at.end() == "closed"


def test_what_cannot_be_opened_in_time_is_never_sent(peer: Start, client: Client) -> None:
    at, may_go = peer(Conversation.wait), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        may_go.wait(SECONDS)
        return ["127.0.0.1"]

    asking = client(at.url, transport=EarlyTransport(resolve=resolve))
    asking.expect_release()
    with pytest.raises(NotSent, match="out of time"):
        post(asking, send_by=time.monotonic() + 0.1)
    may_go.set()
    assert at.end() == "closed"  # what came too late
    assert at.requests == []


def test_what_cannot_be_opened_is_tried_again_by_the_release(client: Client) -> None:
    with Peer(giving(MADE)).listening() as at:
        url = at.url
    asking = client(url)
    asking.expect_release()
    with pytest.raises(NotSent):
        post(asking)


@contextlib.contextmanager
def dead(port: int) -> Iterator[str]:
    """An address where nobody answers: more wait there to be let in than there is room for."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
        for _ in range(4):
            waits = stack.enter_context(socket.socket())
            waits.setblocking(False)
            waits.connect_ex(full.getsockname())
        yield "127.0.0.2"


def test_one_dead_address_takes_no_more_than_its_share_of_the_time(
    peer: Start, client: Client
) -> None:
    at = peer(giving(MADE))
    with dead(at.port) as address:
        early = EarlyTransport(resolve=lambda host, port: [address, "127.0.0.1"])
        asking = client(at.url, transport=early)
        asking.expect_release()
        assert post(asking, send_by=time.monotonic() + 4) == 8


def test_without_a_thread_to_spare_the_release_connects_by_itself(
    peer: Start, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = peer(giving(MADE))
    asking = client(at.url)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        asking.expect_release()
    assert post(asking, send_by=time.monotonic() + 1) == 8
