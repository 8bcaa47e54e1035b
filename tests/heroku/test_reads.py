"""Every class of answer to a read: a value, a definite no, or no answer to rely on."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from listener.heroku import (
    Account,
    App,
    Artifact,
    BadAnswer,
    Doubtful,
    Heroku,
    HerokuError,
    NotSent,
    RateLimited,
    Refused,
    Release,
    Slug,
)
from tests.heroku import samples
from tests.heroku.conftest import TOKEN
from tests.heroku.peer import Conversation, Peer, Script, answer, cutting, giving

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


@pytest.mark.parametrize(
    ("changes", "generation", "stack", "is_container"),
    [
        ({}, "cedar", "heroku-24", False),
        ({"generation": "fir"}, "fir", "heroku-24", False),
        ({"generation": {"name": "fir"}}, "fir", "heroku-24", False),
        ({"generation": None}, "cedar", "heroku-24", False),
        ({"stack": {"id": "3", "name": "container"}}, "cedar", "container", True),
        ({"stack": None}, "cedar", None, False),
    ],
)
def test_reads_an_app(
    peer: Start,
    client: Client,
    changes: dict[str, Any],
    generation: str,
    stack: str | None,
    is_container: bool,
) -> None:
    at = peer(giving(answer(200, samples.app(**changes))))
    app = client(at.url).app("acme-prod")
    web_url = "https://acme-prod-0123.herokuapp.com/"
    assert app == App(samples.APP_ID, "acme-prod", generation, stack, web_url)
    assert app.is_container is is_container


def test_reads_a_release(peer: Start, client: Client) -> None:
    sample = samples.release(current=True, output_stream_url="https://example.com/streams/1")
    at = peer(giving(answer(200, sample)))
    release = client(at.url).release("acme-prod", "7")
    assert at.requests[0].path == "/apps/acme-prod/releases/7"
    assert release == Release(
        id="00000000-0000-0000-0000-000000000007",
        version=7,
        status="succeeded",
        is_current=True,
        description="Deploy 1a5f89db",
        artifact=Artifact("slug", samples.SLUG_ID),
        user_id="ana",
        user_email="ana@example.com",
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        updated_at=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
        output_stream_url="https://example.com/streams/1",
    )
    assert "streams" not in repr(release)


@pytest.mark.parametrize(
    ("changes", "artifact"),
    [
        ({"artifacts": None}, Artifact("slug", samples.SLUG_ID)),
        ({"slug": None, "artifacts": []}, None),
        ({"slug": None}, Artifact("slug", samples.SLUG_ID)),
        ({"slug": None, "oci_image": {"id": "image-1"}}, Artifact("oci-image", "image-1")),
        (
            {"slug": None, "artifacts": [{"type": "oci-image", "id": "image-2"}]},
            Artifact("oci-image", "image-2"),
        ),
    ],
)
def test_reads_a_release_whatever_it_runs(
    changes: dict[str, Any], artifact: Artifact | None
) -> None:
    assert Release.from_json(samples.release(**changes)).artifact == artifact


@pytest.mark.parametrize(
    ("changes", "field", "found"),
    [
        ({"description": None}, "description", ""),
        ({"user": None}, "user_id", None),
        ({"user": None}, "user_email", None),
        ({"current": None}, "is_current", False),
        ({"status": "paused"}, "status", "paused"),
        ({"updated_at": None}, "updated_at", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_reads_a_release_that_lacks_what_we_can_do_without(
    changes: dict[str, Any], field: str, found: object
) -> None:
    assert getattr(Release.from_json(samples.release(**changes)), field) == found


@pytest.mark.parametrize(
    ("written", "microsecond"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.678901Z", 678901),
        ("2026-01-02T03:04:05+00:00", 0),
        ("2026-01-02T05:04:05+02:00", 0),
        ("2026-01-02 03:04:05", 0),
        ("20260102T030405Z", 0),
    ],
)
def test_reads_times_in_every_form(written: str, microsecond: int) -> None:
    release = Release.from_json(samples.release(created_at=written))
    assert release.created_at == datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=UTC)
    assert release.created_at.tzinfo is UTC


def test_reads_a_slug(peer: Start, client: Client) -> None:
    body = {
        "id": samples.SLUG_ID,
        "commit": "1a5f89db",
        "stack": {"id": "2", "name": "heroku-24"},
        "process_types": {"web": "./web", "release": "./migrate"},
        "deleted_at": "2026-01-02T03:04:05Z",
        "blob": {"method": "GET", "url": "https://example.com/secret"},
    }
    at = peer(giving(answer(200, body)))
    slug = client(at.url).slug("acme-prod", samples.SLUG_ID)
    deleted_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert slug == Slug(samples.SLUG_ID, "1a5f89db", "heroku-24", ("web", "release"), deleted_at)
    assert at.requests[0].path == f"/apps/acme-prod/slugs/{samples.SLUG_ID}"


def test_reads_a_slug_of_which_little_is_told() -> None:
    assert Slug.from_json({"id": "slug-1"}) == Slug("slug-1", None, None, (), None)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ([], "it is not an object"),
        ("release", "it is not an object"),
        (samples.release(id=None), "id is missing"),
        (samples.release() | {"version": "7"}, "version is not a number"),
        (samples.release() | {"version": True}, "version is not a number"),
        (samples.release(status=None), "status is missing"),
        (samples.release(current="yes"), "current is not true or false"),
        (samples.release(slug={}), "slug.id is missing"),
        (samples.release(created_at=None), "created_at is missing"),
        (samples.release(created_at="yesterday"), "created_at is not a time"),
        (samples.release(created_at="0001-01-01T00:00:00+10:00"), "created_at is not a time"),
        (samples.release(user="ana"), "user is not an object"),
    ],
)
def test_a_release_that_lacks_what_we_need_is_a_bad_answer(
    peer: Start, client: Client, body: object, wrong: str
) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer) as caught:
        client(at.url).release("acme-prod", "7")
    assert caught.value.message == f"Heroku showed a release that cannot be used: {wrong}."


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
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent, match="Heroku was not reached: Connection refused"):
        client(f"http://127.0.0.1:{port}").account()


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
