"""Preview of a rollback by hand, by what is stored: where it would go, and what it takes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.core import rollback as core
from listener.core.promotion import PromotionKind, Status
from listener.core.release import SUCCEEDED, History, Release
from listener.core.rollback import RollbackTo
from listener.core.shown import Shown, turned
from listener.db import apps, release_requests, releases
from listener.db.lanes import RunningRow
from listener.db.promotions import PromotionRow
from listener.services import rollback

# What still runs its release, or did when it was last looked at.
RELEASED = frozenset({Status.SUCCEEDED, Status.VERIFYING, Status.FAILED})


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
    history = _history(releases.history(conn, row.target_id), row, runs.version)
    left = core.running(history)
    way = core.destination(history, release_requests.kinds(conn, row.target_id))
    if left is None or not isinstance(way, RollbackTo):
        return None
    if apps.get(conn, row.target_id).is_container:
        return None
    to = way.release
    return RollbackForeseen(left, to, _loses(history, row, to, ships), rollback.seen(history, to))


def _history(listed: History, row: PromotionRow, version: int) -> History:
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


def _loses(history: History, row: PromotionRow, to: Release, ships: Shown | None) -> Shown | None:
    """Return what goes again: what the promotion brought, where it goes back to what ran before."""
    if ships is None or ships.relation is None or row.target_version is None:
        return None
    ran = (r for r in reversed(history.releases) if r.version < row.target_version and r.has_run)
    before = next(ran, None)
    return turned(ships) if before is not None and before.artifact == to.artifact else None
