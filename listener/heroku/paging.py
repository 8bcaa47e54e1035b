"""Read lists page by page: an app's releases as far back as needed, others to their end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from listener.heroku.errors import BadAnswer
from listener.heroku.resources import Release
from listener.outbound.server import HttpAnswer

T = TypeVar("T")

LONGEST_PAGE = 200
ALL_RANGE = "id ..; max=1000"
MOST_PAGES = 50
PARTIAL = 206


def walk(
    ask: Callable[[str], HttpAnswer],
    enough: Callable[[Sequence[Release]], bool],
    page: int = LONGEST_PAGE,
) -> list[Release]:
    """Read the releases, newest first, with the current one among them. Raises BadAnswer.

    `page` is how many are asked for first; whatever follows is read in the longest pages.
    """
    read: dict[int, Release] = {}
    wanted = f"version ..; order=desc, max={page}"
    for _ in range(MOST_PAGES):
        answer = ask(wanted)
        shown = as_list(answer, Release.from_json)
        is_new = any(release.version not in read for release in shown)
        read |= {release.version: release for release in shown}
        releases = sorted(read.values(), key=lambda release: release.version, reverse=True)
        following = _next_range(answer) if shown else None
        if following is None or (_has_current(releases) and enough(releases)):
            return _with_current(releases)
        if not is_new:
            raise BadAnswer("Heroku's list of releases repeats itself.")
        wanted = _in_longest_page(following)
    raise BadAnswer(f"Heroku's list of releases has more than {MOST_PAGES} pages.")


def walk_all(ask: Callable[[str], HttpAnswer], make: Callable[[object], T]) -> list[T]:
    """Read every element of a list that is sorted by id. Raises BadAnswer."""
    found: list[T] = []
    wanted = ALL_RANGE
    for _ in range(MOST_PAGES):
        answer = ask(wanted)
        page = as_list(answer, make)
        found += page
        following = _next_range(answer) if page else None
        if following is None:
            return found
        wanted = following
    raise BadAnswer(f"Heroku's list has more than {MOST_PAGES} pages.")


def as_list(answer: HttpAnswer, make: Callable[[object], T]) -> list[T]:
    """Read every element of an answer that is a list. Raises BadAnswer."""
    found = answer.json()
    if not isinstance(found, list):
        raise BadAnswer("Heroku showed something else than a list.")
    return [make(each) for each in found]


def _next_range(answer: HttpAnswer) -> str | None:
    found = answer.headers.get("next-range") if answer.status == PARTIAL else None
    if found is not None and not found.isascii():
        raise BadAnswer("Heroku's list goes on nowhere.")
    return found or None


def _in_longest_page(wanted: str) -> str:
    return re.sub(r"\bmax=\d+", f"max={LONGEST_PAGE}", wanted)


def _has_current(releases: Sequence[Release]) -> bool:
    return any(release.is_current for release in releases)


def _with_current(releases: list[Release]) -> list[Release]:
    if _has_current(releases):
        return releases
    raise BadAnswer("Heroku's list of releases has no current release.")
