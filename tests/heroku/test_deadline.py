"""An exchange is over at its deadline whatever the other side does, and nothing leaves late."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

import httpcore
import pytest

from listener.heroku import Doubtful, Heroku, NotSent
from listener.heroku.client import Deadlines
from listener.outbound.http import BoundedBackend, BoundedTransport, bounded, current
from tests.heroku import samples
from tests.outbound.peer import SECONDS, Conversation, Peer, Script, answer

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
SHORT = Deadlines(read=1.0, release=1.0, change=1.0)  # on a slow machine too, all has left by then
MADE = answer(201, samples.release(8))


def post(heroku: Heroku, *, send_by: float | None = None, words: str = "words") -> object:
    """Release a slug."""
    return heroku.create_release(
        "acme-prod", slug=samples.SLUG_ID, description=words, send_by=send_by
    )


def slow_head(talk: Conversation) -> None:
    """A good answer, but byte by byte from the first on."""
    talk.hear()
    talk.trickle(MADE)


def slow_body(talk: Conversation) -> None:
    """A good answer whose body comes byte by byte."""
    talk.hear()
    head, _, body = MADE.partition(b"\r\n\r\n")
    talk.say(head + b"\r\n\r\n")
    talk.trickle(body)


def slow_chunks(talk: Conversation) -> None:
    """Chunks without end."""
    talk.hear()
    talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.trickle(b"1\r\n \r\n" * 1000)


def slow_notes(talk: Conversation) -> None:
    """Notes ahead of an answer that never comes."""
    talk.hear()
    talk.trickle(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)


def silence(talk: Conversation) -> None:
    """No answer."""
    talk.hear()
    talk.wait()


@pytest.mark.parametrize("script", [slow_head, slow_body, slow_chunks, slow_notes, silence])
@pytest.mark.parametrize("ask", [lambda heroku: heroku.release("acme-prod", "8"), post])
def test_a_slow_answer_is_given_up(
    peer: Start, client: Client, script: Script, ask: Callable[[Heroku], object]
) -> None:
    at = peer(script)
    with pytest.raises(Doubtful, match=r"timed out|out of time"):
        ask(client(at.url, deadlines=SHORT))
    assert at.end() == "reset"
    assert len(at.requests) == 1


def test_a_slow_answer_within_the_deadline_is_taken(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.trickle(MADE[:10])
        talk.say(MADE[10:])

    assert post(client(peer(script).url)) is not None


def test_what_was_not_taken_by_the_deadline_is_discarded(peer: Start, client: Client) -> None:
    gone, got = threading.Event(), bytearray()

    def script(talk: Conversation) -> None:
        gone.wait(SECONDS)
        while more := talk.sock.recv(1 << 20):
            got.extend(more)

    at, words = peer(script), "x" * (64 << 20)
    with pytest.raises(Doubtful):
        post(client(at.url, deadlines=SHORT), words=words)
    gone.set()
    assert at.end() == "reset"  # and not the rest, out of the kernel's buffers
    assert len(got) < len(words)


def test_past_send_by_nothing_is_even_tried(peer: Start, client: Client) -> None:
    at = peer(silence)
    with pytest.raises(NotSent, match="too late"):
        post(client(at.url), send_by=time.monotonic())
    assert at.connections == 0


def test_a_handshake_that_takes_too_long_means_that_nothing_left(
    peer: Start, client: Client
) -> None:
    at = peer(Conversation.wait)
    asking = client(at.url.replace("http:", "https:"))
    with pytest.raises(NotSent):
        post(asking, send_by=time.monotonic() + 0.2)


def test_a_name_that_takes_too_long_means_that_nothing_left(peer: Start, client: Client) -> None:
    at, over = peer(silence), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        over.wait(SECONDS)  # longer than there is time
        return ["127.0.0.1"]

    asking = client(at.url, transport=BoundedTransport(resolve=resolve))
    with pytest.raises(NotSent, match="was not resolved in time"):
        post(asking, send_by=time.monotonic() + 0.2)
    over.set()
    assert at.connections == 0


def test_a_name_nobody_knows_means_that_nothing_left(client: Client) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    asking = client("https://heroku.test", transport=BoundedTransport(resolve=resolve))
    with pytest.raises(NotSent, match="Heroku was not reached: Name or service not known"):
        post(asking)


def test_an_address_that_answers_is_found_behind_one_that_does_not(
    peer: Start, client: Client
) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.say(MADE)

    at, asked = peer(script), []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.2", "127.0.0.1"]  # the peer listens on the second one alone

    asking = client(at.url, transport=BoundedTransport(resolve=resolve))
    assert post(asking) is not None
    assert asked == [("127.0.0.1", at.port)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses")
def test_an_address_that_is_silent_takes_only_its_share(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.say(MADE)

    at = peer(script)
    transport = BoundedTransport(resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    with full("127.0.0.2", at.port):
        asking = client(at.url, transport=transport, deadlines=Deadlines(release=2))
        assert post(asking) is not None


@contextlib.contextmanager
def full(host: str, port: int) -> Iterator[None]:
    """An address where nobody takes the calls any more."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex((host, port))
        yield


@contextlib.contextmanager
def connection() -> Iterator[tuple[httpcore.NetworkStream, socket.socket]]:
    """A connection, and the other end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, bounded(10):
        port = listener.getsockname()[1]
        stream = BoundedBackend().connect_tcp("127.0.0.1", port)
        other, _ = listener.accept()
        with other:
            other.settimeout(10)
            yield stream, other
            stream.close()


def arrived(stream: httpcore.NetworkStream, other: socket.socket) -> bytes:
    """All that arrives at the other end until the connection is over."""
    stream.close()
    got = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while more := other.recv(65536):
            got.extend(more)
    return bytes(got)


def test_after_send_by_the_first_byte_does_not_leave() -> None:
    with connection() as (stream, other):
        with bounded(10, send_by=time.monotonic()), pytest.raises(httpcore.ConnectTimeout):
            stream.write(b"POST /")
        assert arrived(stream, other) == b""


def test_after_the_deadline_the_first_byte_does_not_leave() -> None:
    with connection() as (stream, other):
        with bounded(0), pytest.raises(httpcore.ConnectTimeout):
            stream.write(b"POST /")
        assert arrived(stream, other) == b""


def test_after_send_by_what_was_begun_is_ended() -> None:
    with connection() as (stream, other):
        with bounded(10, send_by=time.monotonic() + 5):
            stream.write(b"POST /")
            current().send_by = time.monotonic()
            stream.write(b" HTTP/1.1")
        assert arrived(stream, other) == b"POST / HTTP/1.1"


def test_after_the_deadline_what_was_begun_is_not_ended() -> None:
    with connection() as (stream, other):
        with bounded(10):
            stream.write(b"POST /")
            assert other.recv(100) == b"POST /"
            current().ends_at = time.monotonic()
            with pytest.raises(httpcore.WriteTimeout):
                stream.write(b" HTTP/1.1")
        assert arrived(stream, other) == b""


def test_after_the_deadline_nothing_is_read() -> None:
    with connection() as (stream, other), bounded(10):
        stream.write(b"GET /")
        other.sendall(b"HTTP/1.1")
        assert stream.read(100) == b"HTTP/1.1"
        other.sendall(b" 200")
        current().ends_at = time.monotonic()
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(100)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_the_kernel_gives_up_at_the_deadline_too() -> None:
    with connection() as (stream, _), bounded(7):
        stream.write(b"POST /")
        sock = stream.get_extra_info("socket")
        milliseconds = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert 1 <= milliseconds <= 7000


def test_an_exchange_inside_another_has_its_own_deadline() -> None:
    with bounded(10):
        outer = current()
        with bounded(5):
            assert current().ends_at < outer.ends_at
        assert current() is outer


def test_threads_do_not_share_a_deadline(peer: Start, client: Client) -> None:
    heard = threading.Barrier(2, timeout=SECONDS)

    def script(talk: Conversation) -> None:
        request = talk.hear()
        heard.wait()
        if request and request.path == "/apps/slow/releases/8":
            talk.wait()
        talk.say(MADE)

    at, ended = peer(script), []
    impatient, patient = client(at.url, deadlines=SHORT), client(at.url)

    def ask() -> None:
        with pytest.raises(Doubtful):
            impatient.release("slow", "8")
        ended.append("impatient")

    thread = threading.Thread(target=ask)
    thread.start()
    assert patient.release("quick", "8").version == 8
    thread.join(SECONDS)
    assert ended == ["impatient"]


def test_a_connection_that_broke_takes_no_more() -> None:
    with connection() as (stream, other), bounded(10):
        stream.write(b"GET /")
        other.close()  # before it read everything, which is a reset
        with pytest.raises(httpcore.ReadError):
            stream.read(100)
        with pytest.raises(httpcore.WriteError):
            stream.write(b" HTTP/1.1")
