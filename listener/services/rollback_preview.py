"""Preview of a rollback by hand, by what is stored: where it would go, and what it takes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.core import rollback as core
from listener.core.promotion import PromotionKind, Status
from listener.core.release import SUCCEEDED, History, Release
from listener.core.rollback import TooShort
from listener.core.shown import Shown, turned
from listener.db import apps, release_requests, releases
from listener.db.lanes import RunningRow
from listener.db.promotions import PromotionRow
from listener.db.releases import Around
from listener.services import rollback

# What still runs its release, or did when it was last looked at.
RELEASED = frozenset({Status.SUCCEEDED, Status.VERIFYING, Status.FAILED})
# So many versions before what runs are read, as long as they do not tell where it would go.
REACHES = (0, 500, 10_000)


@dataclass(frozen=True, slots=True)
class RollbackForeseen:
    """What a rollback would leave and bring back; `ships` is what its target loses, if known."""

    left: Release
    to: Release
    ships: Shown | None
    seen: str


def foresee(
    conn: Connection, row: PromotionRow, runs: RunningRow, ships: Shown | None
) -> RollbackForeseen | None:
    """Preview the rollback of what a promotion brought; None where something else runs by now."""
    is_there = row.kind is PromotionKind.PROMOTE and row.status in RELEASED
    if not is_there or runs.artifact != row.artifact or runs.version is None:
        return None
    history, to = _step_back(conn, row, runs.version)
    left = core.running(history)
    if left is None or to is None or apps.get(conn, row.target_id).is_container:
        return None
    loses = _loses(conn, history, row, to, ships)
    return RollbackForeseen(left, to, loses, rollback.seen(history, to))


def _step_back(conn: Connection, row: PromotionRow, version: int) -> tuple[History, Release | None]:
    """Find where a rollback goes; return it with as much of the history as that takes to tell."""
    for listed, since in _windows(conn, row, version):
        with suppress(TooShort):
            return _tried(conn, row, version, listed, since)
    return _tried(conn, row, version, releases.history(conn, row.target_id), None)


def _windows(
    conn: Connection, row: PromotionRow, version: int
) -> Iterator[tuple[History, int | None]]:
    """Read ever more of what the target ran, each time with the version since which all is told."""
    for reach in REACHES:
        since = version - reach
        if reach and since <= 0:
            return
        around = Around(since, frozenset({row.artifact}), frozenset({version}))
        history = releases.near(conn, row.target_id, around)
        yield history, releases.told_since(history, since)


def _tried(
    conn: Connection, row: PromotionRow, version: int, listed: History, since: int | None
) -> tuple[History, Release | None]:
    history = _with_ours(listed, row, version)
    own = release_requests.issued_for(conn, row.target_id, history)
    return history, core.step_back(history, own, since=since)


def _with_ours(listed: History, row: PromotionRow, version: int) -> History:
    """Return what the target ran, with our own release where Heroku's list was not read since."""
    if listed.find(version) is not None:
        return listed
    ours = Release(
        id=row.target_release_id or "",
        version=version,
        status=SUCCEEDED,
        artifact=row.artifact,
        artifact_type=row.artifact_type,
        is_current=True,
    )
    return History([*(replace(each, is_current=False) for each in listed.releases), ours])


def _loses(
    conn: Connection, history: History, row: PromotionRow, to: Release, ships: Shown | None
) -> Shown | None:
    """Return what goes again: what the promotion brought, where it goes back to what ran before."""
    if ships is None or ships.relation is None or row.target_version is None:
        return None
    before = _ran_before(conn, history, row.target_id, row.target_version)
    return turned(ships) if before is not None and before.artifact == to.artifact else None


def _ran_before(conn: Connection, history: History, target_id: str, version: int) -> Release | None:
    """Find what ran before a version, stored or known by us alone."""
    stored = releases.ran_before(conn, target_id, version)
    known = [r for r in history.releases if r.version < version and r.has_run]
    found = [*known, *([stored] if stored is not None else [])]
    return max(found, key=lambda release: release.version, default=None)
