"""What was known of releases at any earlier moment, for answers that are behind.

Heroku does not promise that what was answered to one request shows in the answer to the next.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime

from emulator.records import Release

OF = ("list", "current", "new")


@dataclass(frozen=True, slots=True)
class Behind:
    """How an answer about releases is behind: it knows the annals up to `moment` only.

    Of the `list`: all is as it was. Of `current`: that mark alone. Of what is `new`: releases that
    came since are left out, and what they took over from is still current.
    """

    moment: int
    of: str = "list"


class Annals:
    """Every change of a release, in order; a moment is how many there were."""

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._releases: list[Release] = []

    def add(self, at: datetime, release: Release) -> None:
        """A release came to be, or is not what it was."""
        self._times.append(at)
        self._releases.append(release)

    def now(self) -> int:
        """The moment after all that happened."""
        return len(self._times)

    def at(self, time: datetime) -> int:
        """The moment after all that had happened by then."""
        return bisect_right(self._times, time)

    def seen(self, app_id: str, releases: list[Release], behind: Behind | None) -> list[Release]:
        """These releases of an app as somebody sees them who is so far behind."""
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
