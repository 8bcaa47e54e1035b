"""Every class of answer to a read: a value, a definite no, or no answer to rely on."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

import pytest

from demo.stage import free_port
from listener.heroku import (
    Account,
    Doubtful,
    Heroku,
    HerokuError,
    NotSent,
    RateLimited,
    Refused,
)
from tests.heroku.conftest import TOKEN
from tests.outbound.peer import Conversation, Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
ACCOUNT = {"id": "robot-1", "email": "robot@example.com", "name": None}


def test_asks_as_heroku_wants_to_be_asked(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, ACCOUNT)))
    assert client(at.url, user_agent="us/1").account() == Account("robot-1", "robot@example.com")
    (request,) = at.requests
    assert (request.method, request.path, request.body) == ("GET", "/account", b"")
    assert request.headers["accept"] == "application/vnd.heroku+json; version=3"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"] == "us/1"
    assert request.headers["accept-encoding"] == "identity"


def test_a_path_of_the_url_is_kept(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, ACCOUNT)))
    client(f"{at.url}/heroku/").account()
    assert at.requests[0].path == "/heroku/account"


@pytest.mark.parametrize("is_answered", [True, False])
def test_how_long_an_answer_about_an_app_took_is_kept(
    peer: Start, client: Client, is_answered: bool
) -> None:
    app, delay = "01234567-89ab-cdef-0123-456789abcdef", 0.2

    def script(talk: Conversation) -> None:
        talk.hear()
        time.sleep(delay)  # what is measured
        talk.say(answer(404, {"id": "not_found"})) if is_answered else talk.reset()

    heroku = client(peer(script).url)
    with pytest.raises(HerokuError):
        heroku.app(app)
    assert heroku.took[app] >= delay
    with pytest.raises(HerokuError):
        heroku.app("a-name")
    assert list(heroku.took) == [app]


def test_closing_ends_the_connections(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, ACCOUNT)))
    asking = client(at.url)
    asking.account()
    asking.close()
    assert at.end() == "closed"


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (answer(200), "it is not JSON"),
        (answer(204), "it is not JSON"),
        (answer(200, b"<html>Back soon</html>"), "it is not JSON"),
        (answer(200, b'{"id": NaN}'), "it is not JSON"),
        (answer(200, b"[" * 200_000), "it is not JSON"),
        (answer(200, b"\xff\xfe"), "it is not JSON"),
        (answer(200, b"x" * (16 * 1024 * 1024 + 1)), "it is too long"),
        (answer(200, b"{}", content_encoding="br"), "its encoding was not asked for"),
        (answer(200, b"{}", content_encoding="gzip, gzip"), "its encoding was not asked for"),
        (
            answer(200, gzip.compress(bytes(64 * 1024 * 1024)), content_encoding="gzip"),
            "it is too long",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b'{"id": "robot-1', "it is not JSON"),
    ],
    ids=lambda content: content[:12].decode("latin-1") if isinstance(content, bytes) else content,
)
def test_a_yes_that_cannot_be_read_is_doubtful(
    peer: Start, client: Client, content: bytes, flaw: str
) -> None:
    at = peer(cutting(content))
    with pytest.raises(Doubtful) as caught:
        client(at.url).account()
    assert caught.value.message.endswith(f", but its answer cannot be used: {flaw}.")
    assert caught.value.status in (200, 204)


def test_a_packed_answer_is_unpacked(peer: Start, client: Client) -> None:
    packed = gzip.compress(b'{"id": "robot-1", "email": "robot@example.com"}')
    at = peer(giving(answer(200, packed, content_encoding="gzip")))
    assert client(at.url).account().id == "robot-1"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 500\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["short", "chunks", "garbled"],
)
def test_a_body_that_is_cut_short_is_doubtful(peer: Start, client: Client, rest: bytes) -> None:
    at = peer(cutting(b"HTTP/1.1 200 OK\r\n" + rest))
    with pytest.raises(Doubtful, match="cannot be used") as caught:
        client(at.url).account()
    assert caught.value.status == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000,
    ],
    ids=lambda content: content[:30].decode(),
)
def test_a_head_that_does_not_arrive_is_doubtful(
    peer: Start, client: Client, content: bytes
) -> None:
    at = peer(cutting(content))
    with pytest.raises(Doubtful, match="Heroku did not answer"):
        client(at.url).account()


def test_a_reset_is_doubtful(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.reset()

    with pytest.raises(Doubtful, match="Connection reset by peer"):
        client(peer(script).url).account()


def test_notes_ahead_of_the_answer_are_passed_over(peer: Start, client: Client) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3
    at = peer(giving(early + answer(200, ACCOUNT)))
    assert client(at.url).account().id == "robot-1"


@pytest.mark.parametrize("status", [300, 302, 400, 401, 402, 403, 404, 409, 410, 422, 499])
def test_a_definite_no_is_in_herokus_words(peer: Start, client: Client, status: int) -> None:
    said = {"id": "some_id", "message": "Couldn't\nfind  that.\x1b[31m", "url": None}
    at = peer(giving(answer(status, said, location="/elsewhere")))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    assert (caught.value.status, caught.value.id) == (status, "some_id")
    assert caught.value.message == str(caught.value) == "Couldn't find that.[31m"
    assert not isinstance(caught.value, RateLimited)
    assert len(at.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "id", "message"),
    [
        (403, b"<html>", "forbidden", "Heroku answered 403 Forbidden."),
        (404, b"", "not_found", "Heroku answered 404 Not Found."),
        (302, b"[]", "found", "Heroku answered 302 Found."),
        (304, b"", "not_modified", "Heroku answered 304 Not Modified."),
        (499, b"", "unknown", "Heroku answered 499."),
        (422, b'{"id": 5, "message": {}}', "unprocessable", "Heroku answered 422 Unprocessable"),
        (401, b'{"id": "unauthorized"}', "unauthorized", "Heroku answered 401 Unauthorized."),
        (403, b'{"id": "a b\\n<i>", "message": "No."}', "abi", "No."),
    ],
)
def test_a_no_without_words_gets_some(
    peer: Start, client: Client, status: int, body: bytes, id: str, message: str
) -> None:
    at = peer(giving(answer(status, body)))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    # The phrase of 422 differs between versions of Python.
    assert caught.value.id.startswith(id)
    assert caught.value.message.startswith(message)


def test_a_no_is_one_even_if_its_words_are_cut_short(peer: Start, client: Client) -> None:
    at = peer(cutting(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n{"))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    assert (caught.value.status, caught.value.id) == (403, "forbidden")


def test_an_empty_account_is_told_apart(peer: Start, client: Client) -> None:
    said = {"id": "rate_limit", "message": "Your account reached the API rate limit\nPlease wait"}
    at = peer(giving(answer(429, said, ratelimit_remaining="0")))
    asking = client(at.url)
    with pytest.raises(RateLimited) as caught:
        asking.account()
    assert (caught.value.status, caught.value.id) == (429, "rate_limit")
    assert caught.value.message == "Your account reached the API rate limit Please wait"
    assert asking.requests_left == 0


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599, 600, 999])
def test_an_answer_that_settles_nothing_is_doubtful(
    peer: Start, client: Client, status: int
) -> None:
    at = peer(giving(answer(status, {"id": "x", "message": "Back soon."})))
    with pytest.raises(Doubtful) as caught:
        client(at.url).account()
    assert (caught.value.status, caught.value.message) == (status, "Back soon.")


def test_long_words_are_shortened(peer: Start, client: Client) -> None:
    at = peer(giving(answer(422, {"id": "x", "message": "no " * 1000})))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    assert len(caught.value.message) == 300
    assert caught.value.message.endswith("…")


def test_the_token_shows_nowhere(peer: Start, client: Client) -> None:
    at = peer(giving(answer(401, {"id": "unauthorized", "message": f"Not {TOKEN}, no."})))
    asking = client(at.url)
    with pytest.raises(Refused) as caught:
        asking.account()
    assert caught.value.message == "Not [hidden], no."
    assert TOKEN not in repr(asking)


def test_a_closed_port_is_never_reached(client: Client) -> None:
    with pytest.raises(NotSent, match="Heroku was not reached: Connection refused"):
        client(f"http://127.0.0.1:{free_port()}").account()


@pytest.mark.parametrize(
    ("told", "left"), [("4321", 4321), ("0", 0), ("", None), ("many", None), ("9" * 5000, None)]
)
def test_knows_how_many_requests_are_left(
    peer: Start, client: Client, told: str, left: int | None
) -> None:
    at = peer(giving(answer(200, ACCOUNT, ratelimit_remaining=told)))
    asking = client(at.url)
    asking.account()
    assert asking.requests_left == left


def test_every_error_is_one_of_herokus(peer: Start, client: Client) -> None:
    at = peer(cutting(b"\x00" * 100))
    with pytest.raises(HerokuError):
        client(at.url).account()


def test_words_under_the_key_error_are_herokus_words_as_well(peer: Start, client: Client) -> None:
    # As recorded of the refusal of a request without a version: there is no `message`.
    words = "Please specify a version along with Heroku's API MIME type."
    at = peer(giving(answer(406, {"id": "missing_version", "error": f"{words}\n"})))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    assert (caught.value.id, caught.value.message) == ("missing_version", words)


URL = "https://devcenter.heroku.com/articles/two-factor-authentication"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, f"A factor is required. (see {URL})"),
        (f"{URL}?a=1#b", f"A factor is required. (see {URL}?a=1#b)"),
        ("http://devcenter.heroku.com/", "A factor is required."),
        ("https://ana:secret@example.com/", "A factor is required."),
        ("https://example.com/a b", "A factor is required."),
        ("https://example.com/" + "a" * 300, "A factor is required."),
        ("javascript:alert(1)", "A factor is required."),
        (
            f"https://example.com/{TOKEN}",
            "A factor is required. (see https://example.com/[hidden])",
        ),
        (None, "A factor is required."),
        (7, "A factor is required."),
    ],
)
def test_the_url_of_a_refusal_is_passed_on_where_it_is_fit_to_be_shown(
    peer: Start, client: Client, url: object, shown: str
) -> None:
    said = {"id": "two_factor", "message": "A factor is required.", "url": url}
    at = peer(giving(answer(403, said)))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    assert caught.value.message == shown


def test_a_url_survives_a_message_that_is_too_long(peer: Start, client: Client) -> None:
    at = peer(giving(answer(422, {"id": "x", "message": "no " * 1000, "url": URL})))
    with pytest.raises(Refused) as caught:
        client(at.url).account()
    assert caught.value.message.endswith(f"… (see {URL})")
