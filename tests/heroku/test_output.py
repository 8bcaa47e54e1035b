"""The output of a release phase: whatever the stream does, a piece is small, soon, and harmless."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.heroku import BadAnswer, Doubtful, Heroku, HerokuError, NotSent, Piece, Refused
from listener.heroku.address import checked_stream_url
from listener.heroku.client import Deadlines
from listener.heroku.output import LARGEST_PIECE
from tests.heroku.conftest import TOKEN
from tests.outbound.peer import Conversation, Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
PATH = "/streams/01234567-89ab-cdef-0123-456789abcdef"
SHORT = Deadlines(output=1.0)  # on a slow machine too, it has been asked by then
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(content: bytes) -> bytes:
    """A piece of an answer whose length nobody knows yet."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def read(at: Peer, client: Client, offset: int = 0, **options: object) -> Piece:
    """Ask the peer for a piece."""
    return client(at.url, **options).output(f"{at.url}{PATH}", offset)


def test_it_is_read_without_our_token(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, b"Migrated.\n")))
    assert read(at, client) == Piece(0, b"Migrated.\n", is_end=True)
    [request] = at.requests
    assert (request.method, request.path) == ("GET", PATH)
    assert request.headers["accept"] == "text/plain"
    assert "range" not in request.headers
    assert TOKEN not in str(request.headers)


@pytest.mark.parametrize(
    ("range", "content", "piece"),
    [
        ("bytes 4-8/9", b"ated.", Piece(4, b"ated.", is_end=True)),
        ("bytes 4-8/*", b"ated.", Piece(4, b"ated.", is_end=True)),
        ("bytes 4-8/20", b"ated.", Piece(4, b"ated.")),
        ("bytes 2-8/9", b"grated.", Piece(4, b"ated.", is_end=True)),
        ("bytes 6-8/9", b"ed.", Piece(6, b"ed.", is_end=True)),
        ("nonsense", b"ated.", Piece(4, b"ated.", is_end=True)),
    ],
)
def test_it_is_read_from_a_byte_on(
    peer: Start, client: Client, range: str, content: bytes, piece: Piece
) -> None:
    at = peer(giving(answer(206, content, content_range=range)))
    assert read(at, client, 4) == piece
    assert at.requests[0].headers["range"] == "bytes=4-"


def test_a_stream_that_knows_no_ranges_is_read_from_its_beginning(
    peer: Start, client: Client
) -> None:
    # A 200 to a range may be the whole or the rest: only without a range is that certain.
    at = peer(giving(answer(200, b"not to be used"), answer(200, b"Migrated.\n")))
    assert read(at, client, 4) == Piece(4, b"ated.\n", is_end=True)
    assert [request.headers.get("range") for request in at.requests] == ["bytes=4-", None]


def test_a_stream_shorter_than_what_was_read_has_no_more(peer: Start, client: Client) -> None:
    assert read(peer(giving(answer(200, b"abc"))), client, 9) == Piece(9, is_end=True)


@pytest.mark.parametrize(
    ("status", "piece"),
    [
        (404, Piece(7, has_begun=False)),
        (416, Piece(7)),
        (204, Piece(7)),
    ],
)
def test_where_there_is_nothing_there_is_nothing(
    peer: Start, client: Client, status: int, piece: Piece
) -> None:
    assert read(peer(giving(answer(status))), client, 7) == piece


def test_a_stream_that_goes_on_is_left_soon(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.say(HEAD + chunk(b"one\n"))
        talk.wait()

    at = peer(script)
    # Of its ten seconds it takes what remains after the first bytes: a fraction of one.
    assert read(at, client, deadlines=Deadlines(output=10.0)) == Piece(0, b"one\n")
    assert at.end() == "reset"


def silence(talk: Conversation) -> None:
    """Not even a status."""
    talk.hear()
    talk.wait()


def silent_body(talk: Conversation) -> None:
    """A status, and nothing after it."""
    talk.hear()
    talk.say(HEAD)
    talk.wait()


def slow_head(talk: Conversation) -> None:
    """A status, byte by byte."""
    talk.hear()
    talk.trickle(HEAD.replace(b"\r\n", b"\r\nSlow: " + b"x" * 1000 + b"\r\n", 1))


@pytest.mark.parametrize("script", [silence, silent_body, slow_head])
def test_a_stream_that_says_nothing_has_nothing_yet(
    peer: Start, client: Client, script: Script
) -> None:
    assert read(peer(script), client, deadlines=SHORT) == Piece(0, is_late=True)


def test_a_stream_without_end_is_cut_into_pieces(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.say(HEAD)
        while True:
            talk.say(chunk(b"x" * 10_000))

    at = peer(script)
    assert read(at, client) == Piece(0, b"x" * LARGEST_PIECE)
    assert at.end() == "reset"


@pytest.mark.parametrize(
    "script",
    [
        cutting(HEAD + chunk(b"one\n")),
        cutting(HEAD + chunk(b"one\n") + b"nonsense"),
        cutting(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none\n"),
    ],
)
def test_what_came_before_a_cut_is_kept(peer: Start, client: Client, script: Script) -> None:
    assert read(peer(script), client) == Piece(0, b"one\n")


def test_a_cut_before_anything_came_says_nothing_of_the_end(peer: Start, client: Client) -> None:
    assert read(peer(cutting(HEAD)), client) == Piece(0, is_late=True)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer(302, location="http://169.254.169.254/"), Refused),
        (answer(403, {"id": "forbidden", "message": "No."}), Refused),
        (answer(503), Doubtful),
        (answer(200, b"\x1f\x8b", content_encoding="gzip"), BadAnswer),
        (b"", Doubtful),
        (b"nonsense\r\n\r\n", Doubtful),
    ],
)
def test_a_no_is_told_without_the_url(
    peer: Start, client: Client, said: bytes, error: type[HerokuError]
) -> None:
    at = peer(cutting(said))
    with pytest.raises(error) as raised:
        read(at, client)
    assert PATH not in str(raised.value)
    assert len(at.requests) == 1, "no redirect is followed"


@pytest.mark.parametrize(
    "url",
    [
        "http://release-output.heroku.com/streams/1",
        "https://ana:secret@release-output.heroku.com/streams/1",
        "ftp://127.0.0.1/streams/1",
        "https:///streams/1",
        "file:///etc/passwd",
        "no url at all",
        "http://[::1",
        "http://127.0.0.1/\x00",
        "https://xn--/streams/1",
        "",
    ],
)
def test_an_unsafe_url_is_not_asked(client: Client, url: str) -> None:
    with pytest.raises(BadAnswer) as raised:
        client("http://127.0.0.1:1").output(url, 0)
    assert not url or url not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "api_url", "is_asked"),
    [
        ("https://release-output.heroku.com/streams/1", "https://api.heroku.com", True),
        ("https://release-output.heroku.com/streams/1", "http://127.0.0.1:5001", True),
        ("http://127.0.0.1:5001/streams/1", "http://localhost:5001", True),
        ("http://127.0.0.1:5001/streams/1", "https://127.0.0.1:5001", True),
        ("http://127.0.0.1:5001/streams/1", "https://api.heroku.com", False),
    ],
)
def test_plain_http_is_for_a_heroku_on_this_machine(url: str, api_url: str, is_asked: bool) -> None:
    if is_asked:
        assert checked_stream_url(url, api_url=api_url) == url
    else:
        with pytest.raises(BadAnswer):
            checked_stream_url(url, api_url=api_url)


def test_an_address_of_our_own_network_is_not_asked(client: Client) -> None:
    heroku = client("https://api.heroku.com")
    with pytest.raises(NotSent, match="its address is not a public one"):
        heroku.output("https://127.0.0.1:1/streams/1", 0)


@pytest.mark.parametrize(
    ("content", "is_last", "text", "following"),
    [
        (b"Gr\xc3\xb6\xc3\x9fe", False, "Größe", 7),
        (b"Gr\xc3", False, "Gr", 2),
        (b"Gr\xc3", True, "Gr\N{REPLACEMENT CHARACTER}", 3),
        (b"\xff\x00", False, "\N{REPLACEMENT CHARACTER}\x00", 2),
        (b"", False, "", 0),
    ],
)
def test_half_a_character_waits_for_its_other_half(
    content: bytes, is_last: bool, text: str, following: int
) -> None:
    assert Piece(0, content).text(is_last=is_last) == (text, following)


@given(st.text(max_size=30), st.integers(min_value=4, max_value=9))
def test_pieces_of_any_size_make_the_whole(whole: str, size: int) -> None:
    content, read, offset = whole.encode("utf-8", "replace"), "", 0
    while offset < len(content):
        text, offset = Piece(offset, content[offset : offset + size]).text(is_last=False)
        read += text
    assert read == content.decode()
