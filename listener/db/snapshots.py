"""Store snapshots: which of Heroku's answers counts is decided by the order of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from listener.core.release import History, Release
from listener.core.staleness import BROKEN_AFTER, behind, is_gone, missing
from listener.db import releases
from listener.db.apps import AppRow
from listener.db.tables import app, reading_number, release

_CHANGING = ("status", "is_current", "description", "author", "author_id", "updated_at", "artifact")


@dataclass(frozen=True, slots=True)
class Asked:
    """A snapshot's place in the order of requests, and its start by the database's clock.

    The number comes from a sequence: clocks give no order, and others may lock the app's row.
    """

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReadReleases:
    """The releases that Heroku showed, at least one."""

    asked: Asked
    arrived_at: datetime
    releases: Sequence[Release]


@dataclass(frozen=True, slots=True)
class Used:
    """The answer was stored as the newest snapshot."""


@dataclass(frozen=True, slots=True)
class Older:
    """Something later is known already: only releases new to us were stored."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The answer is older than what we know already, so it is not used."""

    why: str
    since: datetime  # no answer was used since


def ask(conn: Connection) -> Asked:
    """Begin a snapshot; the request is sent right after this."""
    query = select(reading_number.next_value().label("number"), func.clock_timestamp().label("at"))
    row = conn.execute(query).one()
    return Asked(row.number, row.at)


def record(
    conn: Connection, row: AppRow, answer: ReadReleases, *, as_it_is: bool = False
) -> Used | Older | Behind:
    """Store an answer; the caller holds the app's lock, and read `row` under it.

    `as_it_is`: a person says that a list is right although it has been behind for a day.
    """
    known, shown = releases.history(conn, row.id), History(answer.releases)
    changed = _unlike(known, answer.releases)
    _add(conn, row.id, changed)
    if _is_older(row, answer.asked, shown):
        return Older()
    now = releases.now(conn)
    _show(conn, row.id, shown)
    if as_it_is and row.behind_since is not None and now - row.behind_since >= BROKEN_AFTER:
        _take(conn, row.id, shown)
    else:
        released = row.known.version if row.known is not None else 0
        gone = _lack(conn, row.id, missing(shown, known), now) if _is_up(shown, known) else set()
        left = History(r for r in known.releases if r.version not in gone)
        if (why := behind(shown, left, released=released)) is not None:
            return _note_behind(conn, row, why, now)
    _follow(conn, row.id, answer, shown, changed)
    return Used()


def _is_older(row: AppRow, asked: Asked, shown: History) -> bool:
    """Return whether a later snapshot is stored, or the answer lacks a release of ours.

    That release was made known after this answer was asked for.
    """
    if row.read_number is not None and row.read_number > asked.number:
        return True
    is_before_ours = row.known_at is not None and row.known_at > asked.at
    return is_before_ours and row.known is not None and shown.newest_version < row.known.version


def _is_up(shown: History, known: History) -> bool:
    return shown.newest_version >= known.newest_version


def _add(conn: Connection, app_id: str, found: Sequence[Release]) -> None:
    """Store releases that are new to us, even from an old answer: a release stays made."""
    if found:
        conn.execute(_ADD, [_values(app_id, item) for item in found])


def _show(conn: Connection, app_id: str, shown: History) -> None:
    """Reset the count of missing releases that the answer shows."""
    versions = [item.version for item in shown.releases]
    where = release.c.app_id == app_id, release.c.version.in_(versions), release.c.gone_at.is_(None)
    values = {"times_missing": 0, "missing_since": None}
    conn.execute(update(release).where(*where, release.c.times_missing > 0).values(values))


def _lack(conn: Connection, app_id: str, versions: Sequence[int], now: datetime) -> set[int]:
    """Count an answer that lacks these versions; return those that are gone by now."""
    same = release.c.app_id == app_id
    counted = (
        update(release)
        .where(same, release.c.version.in_(versions))
        .values(
            times_missing=release.c.times_missing + 1,
            missing_since=func.coalesce(release.c.missing_since, now),
        )
        .returning(release.c.version, release.c.times_missing, release.c.missing_since)
    )
    rows = conn.execute(counted).all() if versions else []
    gone = {row.version for row in rows if is_gone(row.missing_since, row.times_missing, now)}
    if gone:
        conn.execute(update(release).where(same, release.c.version.in_(gone)).values(gone_at=now))
    return gone


def _take(conn: Connection, app_id: str, shown: History) -> None:
    """Mark as gone all other stored releases above the oldest version of the answer."""
    same, oldest = release.c.app_id == app_id, min(r.version for r in shown.releases)
    others = release.c.version.not_in([item.version for item in shown.releases])
    above = release.c.version > oldest
    gone = update(release).where(same, others, above, release.c.gone_at.is_(None))
    conn.execute(gone.values(gone_at=func.clock_timestamp(), is_current=False))
    newest = func.least(app.c.known_version, shown.newest_version)
    conn.execute(update(app).where(app.c.id == app_id).values(known_version=newest))


def _note_behind(conn: Connection, row: AppRow, why: str, now: datetime) -> Behind:
    since = row.behind_since or now
    conn.execute(update(app).where(app.c.id == row.id).values(behind=why, behind_since=since))
    return Behind(why, since)


def _unlike(known: History, shown: Sequence[Release]) -> list[Release]:
    """Return the shown releases that differ from the stored ones: one or two of hundreds."""
    stored = {item.version: item for item in known.releases}
    return [item for item in shown if stored.get(item.version) != item]


def _follow(
    conn: Connection, app_id: str, answer: ReadReleases, shown: History, changed: Sequence[Release]
) -> None:
    """Set status and `current` of every release to those of the answer."""
    same = release.c.app_id == app_id
    ids = [item.id for item in changed]
    versions = [item.version for item in changed]
    if changed:
        # If another release had the same version, keep nothing of it, not even its commit.
        replaced = release.c.version.in_(versions), release.c.id.not_in(ids)
        conn.execute(delete(release).where(same, *replaced))
        conn.execute(_UPSERT, [_values(app_id, item) for item in changed])
    current = [r.version for r in answer.releases if r.is_current]
    stale = release.c.is_current, release.c.version.not_in(current)
    conn.execute(update(release).where(same, *stale).values(is_current=False))
    values = {
        "read_number": answer.asked.number,
        "read_started_at": answer.asked.at,
        "read_at": answer.arrived_at,
        "read_newest": shown.newest_version,
        "is_complete": True,
        "behind": None,
        "behind_since": None,
    }
    conn.execute(update(app).where(app.c.id == app_id).values(values))


_THERE = {"times_missing": 0, "missing_since": None, "gone_at": None}


_INSERT = insert(release)
_SHOWN = {name: _INSERT.excluded[name] for name in _CHANGING}
# One row at a time, so that they are compiled once, however many rows an answer changes.
_ADD = _INSERT.on_conflict_do_nothing(index_elements=["app_id", "version"])
_UPSERT = _INSERT.on_conflict_do_update(
    index_elements=["app_id", "version"],
    set_=_SHOWN | _THERE,
    where=or_(
        *(release.c[name].is_distinct_from(shown) for name, shown in _SHOWN.items()),
        release.c.gone_at.is_not(None),
    ),
)


def _values(app_id: str, item: Release) -> dict[str, Any]:
    return {
        "app_id": app_id,
        "version": item.version,
        "id": item.id,
        "status": item.status,
        "artifact": item.artifact,
        "artifact_type": item.artifact_type,
        "is_current": item.is_current,
        "description": item.description,
        "author": item.author,
        "author_id": item.author_id,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }
