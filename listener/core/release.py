"""What an app's releases tell: what runs, what made each release, what was run before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from listener.core.promotion import RELEASE_PHASE_FOR

SUCCEEDED = "succeeded"
PENDING = "pending"
FAILED = "failed"
EXPIRED = "expired"

# An expired release did run once: Heroku renames it when it destroys the slug (changelog 3395).
RAN = frozenset({SUCCEEDED, EXPIRED})
_NEVER = datetime.max.replace(tzinfo=UTC)


class Kind(StrEnum):
    """What made a release, told by its artifact; only a deploy brings new code."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    CONFIG = "config"
    ADDON = "addon"
    RETRY = "retry"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered release of one app; the artifact is its slug's id (an OCI image's on Fir)."""

    id: str
    version: int
    status: str  # Heroku's word, not an enum: new ones may come
    artifact: str | None
    artifact_type: str = "slug"
    is_current: bool = False
    description: str = ""
    author: str | None = None
    author_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def has_run(self) -> bool:
        """Its code ran: it succeeded, and perhaps expired since."""
        return self.status in RAN and self.artifact is not None

    @property
    def is_settled(self) -> bool:
        """Nothing more comes of it; an app without code has such releases too."""
        return self.status in RAN or self.status == FAILED


class History:
    """The releases of one app, as far back as they matter; versions order them, clocks never do."""

    def __init__(self, releases: Iterable[Release] = ()) -> None:
        self.releases = tuple(sorted(releases, key=lambda release: release.version))

    @cached_property
    def current(self) -> Release | None:
        """The release that runs now: never a pending or failed one, whatever the list says."""
        ran = (r for r in reversed(self.releases) if r.is_current and r.status in RAN)
        return next(ran, None)

    @property
    def newest_version(self) -> int:
        """The highest version, of whatever status; 0 without releases."""
        return self.releases[-1].version if self.releases else 0

    @cached_property
    def artifacts(self) -> frozenset[str]:
        """All artifacts of these releases."""
        return frozenset(r.artifact for r in self.releases if r.artifact is not None)

    @cached_property
    def _first_runs(self) -> dict[str, int]:
        first: dict[str, int] = {}
        for release in self.releases:
            if release.has_run and release.artifact is not None:
                first.setdefault(release.artifact, release.version)
        return first

    def first_run(self, artifact: str | None) -> int | None:
        """Return the first version that ran this artifact: the artifact's place in the order."""
        return self._first_runs.get(artifact) if artifact is not None else None

    def find(self, version: int) -> Release | None:
        """Return the release of this version."""
        return next((release for release in self.releases if release.version == version), None)

    def is_deploy(self, release: Release) -> bool:
        """Return whether it is the first succeeded release of this app with its artifact."""
        return release.has_run and self.first_run(release.artifact) == release.version

    def deploys_above(self, version: int) -> list[Release]:
        """Return every deploy with a higher version, oldest first."""
        return [r for r in self.releases if r.version > version and self.is_deploy(r)]

    def kind(self, release: Release) -> Kind:
        """Tell what made the release; its words only name what changed no code."""
        if release.status not in RAN:
            return Kind.UNSETTLED
        if self.is_deploy(release):
            return Kind.DEPLOY
        if release.has_run and self.brings_other_code(release):
            return Kind.ROLLBACK
        return _named_by(release.description)

    def brings_other_code(self, release: Release) -> bool:
        """Tell whether it runs another artifact than what ran before; a config change does not."""
        return self._running_before(release) != release.artifact

    def _running_before(self, release: Release) -> str | None:
        earlier = (r for r in reversed(self.releases) if r.version < release.version and r.has_run)
        return next((r.artifact for r in earlier), None)

    def went_back_past(self, release: Release) -> Release | None:
        """Find the latest later rollback to an artifact older than this release's.

        A config change after it carries the old artifact on, but its author rolled nothing back.
        """
        own = self.first_run(release.artifact) or release.version
        for later in reversed(self.releases):
            if later.version <= release.version:
                return None
            first = self.first_run(later.artifact)
            if first is not None and first < own and self.kind(later) is Kind.ROLLBACK:
                return later
        return None

    def reached(self, source: History, *, by: int) -> int:
        """Return how far it came in the source's order, by a version of its own; 0 for nowhere."""
        ran = (r for r in self.releases if r.has_run and r.version <= by)
        return max((source.first_run(r.artifact) or 0 for r in ran), default=0)

    def has_left(self, artifact: str | None) -> Release | None:
        """Find the latest release that ran this artifact; None if the artifact runs now."""
        if self.current is not None and self.current.artifact == artifact:
            return None
        ran = (r for r in reversed(self.releases) if r.has_run and r.artifact == artifact)
        return next(ran, None)

    def change_after(self, version: int, artifact: str | None) -> Release | None:
        """Find the earliest release after this version that ran another artifact."""
        for release in self.releases:
            if release.version > version and release.has_run and release.artifact != artifact:
                return release
        return None


def _named_by(description: str) -> Kind:
    words = description.casefold()
    if words.startswith("retry of "):
        return Kind.RETRY
    if words.startswith(("attach ", "detach ", "add ", "update ")) or "add-on" in words:
        return Kind.ADDON
    return Kind.CONFIG


def moment_of(release: Release) -> datetime:
    """Return since when it ran, its release phase over; without a date, after all others.

    A release phase takes an hour at most: what changed the release later, such as its expiry, does
    not count.
    """
    made, changed = release.created_at, release.updated_at
    if made is None:
        return _NEVER
    was_phase = changed is not None and made <= changed < made + RELEASE_PHASE_FOR
    return changed if changed is not None and was_phase else made


def as_of(history: History, moment: datetime, *, version: int | None = None) -> History:
    """Return an app's history as it stood at a moment, or when it had this version.

    A release that has expired since had succeeded then.
    """
    then = [
        release
        for release in history.releases
        if (release.version <= version if version is not None else moment_of(release) <= moment)
    ]
    current = max((release.version for release in then if release.status in RAN), default=None)
    return History(_as_it_was(release, release.version == current) for release in then)


def _as_it_was(release: Release, is_current: bool) -> Release:
    status = SUCCEEDED if release.status == EXPIRED else release.status
    if (status, is_current) == (release.status, release.is_current):
        return release  # most are, and there may be thousands
    return replace(release, status=status, is_current=is_current)
