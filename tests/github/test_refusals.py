"""How requests to GitHub end otherwise than well, and that no secret shows in it."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from listener.github import (
    App,
    Deadlines,
    Doubtful,
    GitHub,
    GitHubError,
    NotSent,
    RateLimited,
    Refused,
    Token,
)
from tests.github import samples
from tests.github.conftest import TOKEN
from tests.outbound.peer import Conversation, Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., GitHub]
HEAD = samples.sha(4)
DATE = "Sun, 29 Nov 2026 12:00:00 GMT"
NOON = 1795953600
BOMB = gzip.compress(b" " * (20 << 20))  # 20 KB, which unpack to 20 MB


@pytest.mark.parametrize(
    ("status", "body", "headers", "said"),
    [
        (401, {"message": "Bad credentials"}, {}, "GitHub answered 401: Bad credentials."),
        (
            403,
            {"message": "Resource not accessible by personal access token"},
            {"x_accepted_github_permissions": "checks=read"},
            (
                "GitHub answered 403: Resource not accessible by personal access token. "
                "It needs the permission checks=read."
            ),
        ),
        (
            404,
            {"message": "Not Found", "documentation_url": "https://docs.github.com"},
            {},
            (
                "GitHub answered 404: Not Found. "
                "Either there is no such thing, or the credentials have no right to see it."
            ),
        ),
        (
            301,
            {"message": "Moved Permanently", "url": "https://api.github.com/repositories/1"},
            {"location": "https://api.github.com/repositories/1"},
            (
                "GitHub answered 301: Moved Permanently. "
                "Was the repository renamed or moved? Then use its new name."
            ),
        ),
        (
            422,
            {
                "message": "Validation Failed",
                "errors": [{"resource": "Deployment", "field": "ref", "code": "invalid"}, "x", 1],
            },
            {},
            "GitHub answered 422: Validation Failed: Deployment ref invalid: x.",
        ),
        (409, {"message": ""}, {}, "GitHub answered 409 Conflict."),
        (410, b"gone", {}, "GitHub answered 410 Gone."),
        (400, [], {}, "GitHub answered 400 Bad Request."),
    ],
)
def test_a_definite_no_is_told_in_githubs_words(
    peer: Start,
    client: Client,
    status: int,
    body: object,
    headers: dict[str, str],
    said: str,
) -> None:
    at = peer(giving(answer(status, body, **headers)))
    with pytest.raises(Refused) as caught:
        client(at.url).repository("acme/shop")
    assert (caught.value.status, caught.value.message) == (status, said)
    assert len(at.requests) == 1  # no redirect is followed, nothing tried twice


@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_a_fault_of_githubs_leaves_it_in_doubt(peer: Start, client: Client, status: int) -> None:
    with pytest.raises(Doubtful) as caught:
        client(peer(giving(answer(status, {"message": "Oh"}))).url).repository("acme/shop")
    assert (caught.value.status, caught.value.message) == (status, f"GitHub answered {status}: Oh.")


@pytest.mark.parametrize(
    ("status", "body", "headers", "seconds"),
    [
        (429, {"message": "Slow down"}, {"retry_after": "17"}, 17),
        (403, {"message": "You have exceeded a secondary rate limit."}, {}, 60),
        (403, {"message": "You have triggered an abuse detection mechanism."}, {}, 60),
        (403, {"message": "No"}, {"retry_after": "99999"}, 3600),
        (
            403,
            {"message": "No"},
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON + 90), "date": DATE},
            90,
        ),
        (
            403,
            {"message": "API rate limit exceeded"},
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON + 90), "date": DATE},
            90,
        ),
        (
            429,
            {},
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON - 9), "date": DATE},
            1,
        ),
        (429, {}, {"retry_after": "soon"}, 60),
    ],
)
def test_too_many_requests_are_not_followed_by_more(
    peer: Start,
    client: Client,
    status: int,
    body: object,
    headers: dict[str, str],
    seconds: int,
) -> None:
    at = peer(giving(answer(status, body, **headers)))
    asking = client(at.url)
    with pytest.raises(RateLimited) as caught:
        asking.repository("acme/shop")
    assert caught.value.again_in == seconds
    assert caught.value.message == f"GitHub takes no more requests for {seconds} s."

    with pytest.raises(RateLimited):
        asking.create_commit_status("acme/shop", HEAD, state="success", context="x")
    assert len(at.requests) == 1


def test_the_last_request_granted_is_answered_and_none_follows(peer: Start, client: Client) -> None:
    last = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON + 60), "date": DATE}
    at = peer(giving(answer(200, samples.repository(), **last)))
    asking = client(at.url)
    assert asking.repository("acme/shop").full_name == "acme/shop"
    with pytest.raises(RateLimited):
        asking.repository("acme/shop")
    assert len(at.requests) == 1


def test_a_refusal_of_another_kind_limits_nothing(peer: Start, client: Client) -> None:
    left = {"x_ratelimit_remaining": "4321"}
    at = peer(
        giving(answer(403, {"message": "No."}, **left), answer(200, samples.repository(), **left))
    )
    asking = client(at.url)
    with pytest.raises(Refused):
        asking.repository("acme/shop")
    assert asking.repository("acme/shop").full_name == "acme/shop"


def test_no_secret_shows(peer: Start, client: Client) -> None:
    at = peer(giving(answer(403, {"message": f"Not with {TOKEN}, friend."})))
    asking = client(at.url)
    with pytest.raises(Refused, match=r"Not with \[hidden\], friend") as caught:
        asking.repository("acme/shop")
    assert TOKEN not in repr(caught.value)
    assert TOKEN not in repr(Token(TOKEN))
    assert "PEM" not in repr(App("1", "PEM"))


def test_words_of_githubs_can_rule_no_terminal(peer: Start, client: Client) -> None:
    at = peer(giving(answer(403, {"message": "\x1b[2J\x00No\n\u202ethanks" + "x" * 999})))
    with pytest.raises(Refused) as caught:
        client(at.url).repository("acme/shop")
    assert caught.value.message.startswith("GitHub answered 403: [2J No thanksxxx")
    assert len(caught.value.message) < 400


def endless(talk: Conversation) -> None:
    """Give a body that never ends."""
    talk.hear()
    talk.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        talk.say(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")


def silence(talk: Conversation) -> None:
    """Hear the request, and say nothing."""
    talk.hear()
    talk.wait()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (endless, "it is too long"),
        (giving(answer(200, BOMB, content_encoding="gzip")), "it is too long"),
        (giving(answer(200, b"x", content_encoding="br")), "its encoding was not asked for"),
        (giving(answer(200, b"x", content_encoding="gzip")), "cannot be used"),
        (cutting(answer(200, samples.repository())[:-9]), "cannot be used"),
        (cutting(b""), "GitHub did not answer"),
        (silence, "GitHub did not answer"),
        (giving(b"SMTP\r\n\r\n"), "GitHub did not answer"),
        (giving(answer(200, b"[" * 100_000)), "it is not JSON"),
    ],
)
def test_an_answer_that_cannot_be_used_leaves_it_in_doubt(
    peer: Start, client: Client, script: Script, said: str
) -> None:
    soon = {"deadlines": Deadlines(call=1.0)} if script is silence else {}
    asking = client(peer(script).url, **soon)
    with pytest.raises(Doubtful, match=said):
        asking.repository("acme/shop")


def test_what_never_left_says_so(client: Client) -> None:
    with pytest.raises(NotSent, match="GitHub was not reached"):
        client("http://127.0.0.1:1").repository("acme/shop")


def test_all_pages_of_a_list_share_their_time(peer: Start, client: Client) -> None:
    page = answer(200, samples.runs(samples.check_run(1), total=5000))

    def slow(talk: Conversation) -> None:
        while talk.hear():
            talk.trickle(page[:20])
            talk.say(page[20:])

    asking = client(peer(slow).url, deadlines=Deadlines(call=5.0, walk=1.0))
    with pytest.raises(GitHubError) as caught:
        asking.check_runs("acme/shop", HEAD)
    assert isinstance(caught.value, NotSent | Doubtful)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tökn", "x\r\n"])
def test_a_token_that_no_header_carries_is_not_taken(token: str) -> None:
    with pytest.raises(ValueError, match="A GitHub token is one word") as caught:
        GitHub(Token(token))
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("url", ["http://api.github.com", "api.github.com", "https://a:b@x.test"])
def test_an_unsafe_url_is_not_taken(url: str) -> None:
    with pytest.raises(ValueError, match="GitHub's url"):
        GitHub(Token(TOKEN), url=url)
