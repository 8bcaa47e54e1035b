"""Every class of answer to a write: done, refused, never sent, or in doubt. Never twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.stage import free_port
from listener.heroku import Artifact, Doubtful, Heroku, NotSent, RateLimited, Refused, Release
from tests.heroku import samples
from tests.heroku.conftest import TOKEN
from tests.outbound.peer import Conversation, Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
WORDS = "Promote acme-staging v42 (autopromote 7f3a9c21)"


def post(heroku: Heroku) -> Release:
    """Release a slug on production."""
    return heroku.create_release("acme-prod", slug=samples.SLUG_ID, description=WORDS)


def test_releases_a_slug(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.release(8, status="pending", description=WORDS))))
    release = post(client(at.url))
    assert (release.version, release.status, release.description) == (8, "pending", WORDS)
    assert release.artifact == Artifact("slug", samples.SLUG_ID)
    (request,) = at.requests
    assert (request.method, request.path) == ("POST", "/apps/acme-prod/releases")
    assert request.json == {"slug": samples.SLUG_ID, "description": WORDS}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_rolls_back_to_a_release(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.release(8))))
    assert client(at.url).rollback_release("acme-prod", release="release-5").version == 8
    assert at.requests[0].json == {"release": "release-5"}


@pytest.mark.parametrize("status", [200, 202, 206, 299])
def test_every_kind_of_yes_counts(peer: Start, client: Client, status: int) -> None:
    at = peer(giving(answer(status, samples.release(8))))
    assert post(client(at.url)).version == 8


@pytest.mark.parametrize(
    "content",
    [
        answer(201),
        answer(204),
        answer(201, b"<html>"),
        answer(201, []),
        answer(201, {}),
        answer(201, samples.release(id=None)),
        answer(201, samples.release() | {"version": None}),
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{    ",
    ],
    ids=lambda content: content[-60:].decode(),
)
def test_a_yes_that_does_not_say_to_what_is_in_doubt(
    peer: Start, client: Client, content: bytes
) -> None:
    at = peer(cutting(content))
    with pytest.raises(Doubtful) as caught:
        post(client(at.url))
    assert caught.value.status in (201, 204)
    assert len(at.requests) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"HTTP/1.1 20", b"HTTP/1.1 100 Continue\r\n\r\n", b"garbage\r\n\r\n"],
    ids=["nothing", "cut", "only a note", "garbage"],
)
def test_no_answer_leaves_it_in_doubt(peer: Start, client: Client, content: bytes) -> None:
    at = peer(cutting(content))
    with pytest.raises(Doubtful) as caught:
        post(client(at.url))
    assert caught.value.status is None
    assert (at.connections, len(at.requests)) == (1, 1)


def test_a_reset_after_it_was_heard_leaves_it_in_doubt(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.hear()
        talk.reset()

    at = peer(script)
    with pytest.raises(Doubtful):
        post(client(at.url))
    assert (at.connections, len(at.requests)) == (1, 1)


def test_a_reset_with_the_first_byte_leaves_it_in_doubt(peer: Start, client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.sock.recv(1)
        talk.reset()

    at = peer(script)
    with pytest.raises(Doubtful):
        post(client(at.url))
    assert at.connections == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_error_of_the_server_leaves_it_in_doubt(
    peer: Start, client: Client, status: int
) -> None:
    at = peer(giving(answer(status, {"id": "x", "message": "Back soon."})))
    with pytest.raises(Doubtful, match=r"Back soon\.") as caught:
        post(client(at.url))
    assert caught.value.status == status
    assert len(at.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 402, 403, 404, 409, 422])
def test_a_definite_no_is_a_no(peer: Start, client: Client, status: int) -> None:
    at = peer(giving(answer(status, {"id": "x", "message": "No."}, location="/apps/x/releases")))
    with pytest.raises(Refused, match=r"^No\.$") as caught:
        post(client(at.url))
    assert (caught.value.status, caught.value.id) == (status, "x")
    assert len(at.requests) == 1


def test_no_requests_left_is_told_apart(peer: Start, client: Client) -> None:
    at = peer(giving(answer(429, {"id": "rate_limit", "message": "Wait."})))
    with pytest.raises(RateLimited, match="Wait"):
        post(client(at.url))


def test_a_closed_port_means_that_nothing_left(client: Client) -> None:
    with pytest.raises(NotSent):
        post(client(f"http://127.0.0.1:{free_port()}"))


def test_reads_share_a_connection_and_every_write_has_its_own(peer: Start, client: Client) -> None:
    account = answer(200, {"id": "robot-1", "email": "robot@example.com"})
    made = answer(201, samples.release(8))
    at, heard = peer(giving(account, account, made, made, account)), []
    asking = client(at.url)
    for ask in (asking.account, asking.account, lambda: post(asking), lambda: post(asking)):
        ask()
        heard.append(at.connections)
    asking.account()
    assert [*heard, at.connections] == [1, 1, 2, 3, 3]
