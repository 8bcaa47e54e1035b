"""The history of all releases, for answers that are out of date.

Heroku does not promise that a change made by one request shows in the answer to the next.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime

from emulator.records import Release

OF = ("list", "current", "new")


@dataclass(frozen=True, slots=True)
class Behind:
    """How an answer about releases is out of date: it knows the history up to `moment` only.

    `of` names the part that is out of date. `list`: everything is as it was then. `current`: only
    the `current` flag is as it was. `new`: newer releases are left out, and if the current release
    is one of them, the one that was current then still is.
    """

    moment: int
    of: str = "list"


class Annals:
    """Every change of a release, in order. A moment is the number of changes before it."""

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._releases: list[Release] = []

    def add(self, at: datetime, release: Release) -> None:
        """Record a new or a changed release."""
        self._times.append(at)
        self._releases.append(release)

    def now(self) -> int:
        """Return the moment after all changes so far."""
        return len(self._times)

    def at(self, time: datetime) -> int:
        """Return the moment after all changes up to this time."""
        return bisect_right(self._times, time)

    def seen(self, app_id: str, releases: list[Release], behind: Behind | None) -> list[Release]:
        """Return these releases of an app as an answer that is so far behind shows them."""
        if behind is None:
            return releases
        then = self._as_of(app_id, behind.moment)
        match behind.of:
            case "current":
                return _with_current(releases, then)
            case "new":
                known = {release.version for release in then}
                listed = [release for release in releases if release.version in known]
                is_shown = any(release.is_current for release in listed)
                return listed if is_shown else _with_current(listed, then)
            case _:
                return then

    def _as_of(self, app_id: str, moment: int) -> list[Release]:
        then = (each for each in self._releases[:moment] if each.app_id == app_id)
        return list({release.version: release for release in then}.values())


def _with_current(releases: list[Release], then: list[Release]) -> list[Release]:
    current = next((release.version for release in then if release.is_current), None)
    return [replace(each, is_current=each.version == current) for each in releases]
