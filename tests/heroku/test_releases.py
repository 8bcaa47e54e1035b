"""The list of releases is walked as far as somebody needs, and never shown incomplete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from listener.heroku import BadAnswer, Heroku, Release
from tests.heroku import samples
from tests.outbound.peer import Peer, Script, answer, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
FIRST = "version ..; order=desc, max=200"


def everything(read: Sequence[Release]) -> bool:
    """Never enough."""
    return False


def anything(read: Sequence[Release]) -> bool:
    """Enough with the first page."""
    return True


def page(*versions: int, then: str = "", current: int = 0) -> bytes:
    """A page of the list; `then` is the range of the next one."""
    body = [samples.release(version, current=version == current) for version in versions]
    return answer(206, body, next_range=then) if then else answer(200, body)


def versions(releases: Sequence[Release]) -> list[int]:
    """Their versions."""
    return [release.version for release in releases]


def test_reads_the_newest_first(peer: Start, client: Client) -> None:
    at = peer(giving(page(3, 2, 1, current=3)))
    releases = client(at.url).releases("acme-prod", enough=everything)
    assert versions(releases) == [3, 2, 1]
    assert [release.is_current for release in releases] == [True, False, False]
    (request,) = at.requests
    assert (request.path, request.headers["range"]) == ("/apps/acme-prod/releases", FIRST)


def test_follows_the_list_to_its_end(peer: Start, client: Client) -> None:
    at = peer(giving(page(6, 5, then="a", current=6), page(4, 3, then="b"), page(2, 1)))
    releases = client(at.url).releases("acme-prod", enough=everything)
    assert versions(releases) == [6, 5, 4, 3, 2, 1]
    assert [request.headers["range"] for request in at.requests] == [FIRST, "a", "b"]


def test_stops_when_it_is_enough(peer: Start, client: Client) -> None:
    at = peer(giving(page(6, 5, then="a", current=6), page(4, 3, then="b"), page(2, 1)))
    asked = []

    def enough(read: Sequence[Release]) -> bool:
        asked.append(versions(read))
        return read[-1].version <= 4

    assert versions(client(at.url).releases("acme-prod", enough=enough)) == [6, 5, 4, 3]
    assert asked == [[6, 5], [6, 5, 4, 3]]
    assert len(at.requests) == 2


def test_goes_on_until_the_current_one_is_found(peer: Start, client: Client) -> None:
    at = peer(giving(page(6, 5, then="a"), page(4, 3, then="b", current=3), page(2, 1)))
    assert versions(client(at.url).releases("acme-prod", enough=anything)) == [6, 5, 4, 3]


def test_sorts_and_counts_each_once(peer: Start, client: Client) -> None:
    at = peer(giving(page(4, 6, 5, then="a", current=6), page(4, 10, 3)))
    assert versions(client(at.url).releases("acme-prod", enough=everything)) == [10, 6, 5, 4, 3]


def test_a_last_page_may_be_empty(peer: Start, client: Client) -> None:
    at = peer(giving(page(2, 1, then="a", current=2), page(then="b")))
    assert versions(client(at.url).releases("acme-prod", enough=everything)) == [2, 1]
    assert len(at.requests) == 2


def test_a_part_that_names_no_next_one_is_the_last(peer: Start, client: Client) -> None:
    at = peer(giving(answer(206, [samples.release(2, current=True)])))
    assert versions(client(at.url).releases("acme-prod", enough=everything)) == [2]


def test_a_whole_list_is_the_last_page_whatever_it_names(peer: Start, client: Client) -> None:
    body = [samples.release(2, current=True)]
    at = peer(giving(answer(200, body, next_range="a"), page(1)))
    assert versions(client(at.url).releases("acme-prod", enough=everything)) == [2]


@pytest.mark.parametrize("pages", [[page()], [page(2, 1)], [page(2, then="a"), page(1)]])
def test_a_list_without_a_current_release_is_no_answer(
    peer: Start, client: Client, pages: list[bytes]
) -> None:
    at = peer(giving(*pages))
    with pytest.raises(BadAnswer, match="no current release"):
        client(at.url).releases("acme-prod", enough=anything)


def test_a_list_that_repeats_itself_is_no_answer(peer: Start, client: Client) -> None:
    at = peer(giving(page(2, 1, then="a", current=2)))
    with pytest.raises(BadAnswer, match="repeats itself"):
        client(at.url).releases("acme-prod", enough=everything)
    assert len(at.requests) == 2


def test_a_list_without_end_is_no_answer(peer: Start, client: Client) -> None:
    pages = [page(version, then="a", current=900) for version in range(900, 800, -1)]
    at = peer(giving(*pages))
    with pytest.raises(BadAnswer, match="more than 50 pages"):
        client(at.url).releases("acme-prod", enough=everything)
    assert len(at.requests) == 50


@pytest.mark.parametrize("body", [{}, None, "releases", 7])
def test_what_is_no_list_is_no_answer(peer: Start, client: Client, body: Any) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer, match="something else than a list"):
        client(at.url).releases("acme-prod", enough=everything)


def test_one_bad_release_spoils_the_list(peer: Start, client: Client) -> None:
    at = peer(
        giving(
            answer(200, [samples.release(2, current=True), samples.release() | {"version": None}])
        )
    )
    with pytest.raises(BadAnswer, match="version is missing"):
        client(at.url).releases("acme-prod", enough=everything)


def test_a_next_range_that_cannot_be_sent_is_no_answer(peer: Start, client: Client) -> None:
    body = [samples.release(2, current=True)]
    head, _, rest = answer(206, body, next_range="XX").partition(b"XX")
    at = peer(giving(head + b"\xfc" + rest))
    with pytest.raises(BadAnswer, match="goes on nowhere"):
        client(at.url).releases("acme-prod", enough=everything)
