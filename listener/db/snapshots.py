"""Store snapshots: which of Heroku's answers counts is decided by the order of requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, update

from listener.core.release import History, Release
from listener.core.staleness import BROKEN_AFTER, behind, is_gone, missing
from listener.db import releases
from listener.db.apps import AppRow
from listener.db.fixed import Fixed
from listener.db.releases import Around
from listener.db.tables import app, release

# Of the newest releases, so many are read again until each has ended and none is missing.
WATCHED = 55


@dataclass(frozen=True, slots=True)
class Asked:
    """A snapshot's place in the order of requests, and its start by the database's clock.

    The number comes from a sequence: clocks give no order, and others may lock the app's row.
    """

    number: int
    at: datetime
    known_to: int = 0  # the newest version that is stored, if all before it are
    open_since: int | None = None  # the oldest stored one of which Heroku may tell something new


@dataclass(frozen=True, slots=True)
class ReadReleases:
    """The releases that Heroku showed, at least one."""

    asked: Asked
    arrived_at: datetime
    releases: Sequence[Release]


@dataclass(frozen=True, slots=True)
class Used:
    """The answer was stored as the newest snapshot; what is near in it, as it is stored now."""

    history: History = field(default_factory=History, compare=False)


@dataclass(frozen=True, slots=True)
class Older:
    """Something later is known already: only releases new to us were stored."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The answer is older than what we know already, so it is not used."""

    why: str
    since: datetime  # no answer was used since


def ask(conn: Connection, app_ids: Iterable[str]) -> dict[str, Asked]:
    """Begin a snapshot of each of these apps; the requests are sent right after this."""
    rows = _ASK.rows(conn, app_ids=list(app_ids))
    return {row.app_id: Asked(row.number, row.at, row.known_to, row.open_since) for row in rows}


# Something new may be told of what is pending, of what an answer lacked, and of what none showed.
_ASK = Fixed(
    """
SELECT wanted.app_id, nextval('reading_number') AS number, clock_timestamp() AS at,
  CASE WHEN (SELECT is_complete FROM app WHERE app.id = wanted.app_id)
    THEN coalesce(newest, 0) ELSE 0 END AS known_to, open_since
FROM unnest(CAST(:app_ids AS text[])) AS wanted (app_id), LATERAL (
  SELECT max(version) AS newest, CASE WHEN count(*) <= max(version) - min(version)
    THEN min(version) ELSE min(version) FILTER (
      WHERE times_missing > 0 OR status NOT IN ('succeeded', 'expired', 'failed')
    ) END AS open_since
  FROM (
    SELECT version, status, times_missing FROM release
    WHERE release.app_id = wanted.app_id AND gone_at IS NULL
    ORDER BY version DESC LIMIT :watched
  ) AS watched
) AS near
""".replace(":watched", str(WATCHED))
)


def record(
    conn: Connection,
    row: AppRow,
    answer: ReadReleases,
    now: datetime | None = None,
    *,
    around: Around = releases.NEWEST,
    as_it_is: bool = False,
) -> Used | Older | Behind:
    """Store an answer; the caller holds the app's lock, and read `row` under it.

    `around` is what the caller wants to know of the app's history. `as_it_is`: a person says that
    a list is right although it has been behind for a day.
    """
    shown, now = History(answer.releases), now or releases.now(conn)
    rows = releases.near_rows(conn, row.id, _widened(around, shown))
    known = History(releases.release_of(each) for each in rows)
    changed = _unlike(known, answer.releases)
    if _is_older(row, answer.asked, shown):
        _add(conn, row.id, changed)
        return Older()
    _show(conn, row.id, shown, {each.version for each in rows if each.times_missing > 0})
    gone: set[int] = set()
    if as_it_is and row.behind_since is not None and now - row.behind_since >= BROKEN_AFTER:
        gone = _take(conn, row.id, shown)
    else:
        released = row.known.version if row.known is not None else 0
        if _is_up(shown, known):
            gone = _lack(conn, row.id, missing(shown, known), now)
        left = History(r for r in known.releases if r.version not in gone)
        if (why := behind(shown, left, released=released)) is not None:
            _add(conn, row.id, changed)
            return _note_behind(conn, row, why, now)
    _follow(conn, row.id, answer, shown, known, changed)
    if gone:
        _decide_anew(conn, row.id, [r.artifact for r in known.releases if r.version in gone])
    return Used(_merged(known, changed, shown, gone))


def _widened(around: Around, shown: History) -> Around:
    """Return what must be known to compare an answer with it: as far back as the answer goes."""
    if not shown.releases:
        return around
    oldest = shown.releases[0].version
    since = oldest if around.since is None else min(around.since, oldest)
    named = {release.artifact for release in shown.releases if release.artifact is not None}
    return replace(around, since=since, artifacts=around.artifacts | named)


def _merged(known: History, changed: Sequence[Release], shown: History, gone: set[int]) -> History:
    """Return what is stored once the answer was followed."""
    stored = {each.version: each for each in known.releases if each.version not in gone}
    flagged = {each.version for each in shown.releases if each.is_current}
    stored = {
        version: replace(each, is_current=False)
        if each.is_current and version not in flagged
        else each
        for version, each in stored.items()
    }
    return History((stored | {each.version: each for each in changed}).values())


def _as_stored(shown: Release, stored: Release | None) -> Release:
    """Return what is stored of a release once an answer showed it; some of it never changes."""
    if stored is None or stored.id != shown.id:
        return shown
    return replace(shown, created_at=stored.created_at, artifact_type=stored.artifact_type)


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
        _ADD.write(conn, app_id=app_id, shown=_told(found))


def _show(conn: Connection, app_id: str, shown: History, missed: set[int]) -> None:
    """Reset the count of missing releases that the answer shows; `missed` have such a count."""
    found = [item.version for item in shown.releases if item.version in missed]
    if found:
        values = {"times_missing": 0, "missing_since": None}
        where = release.c.app_id == app_id, release.c.version.in_(found)
        conn.execute(update(release).where(*where).values(values))


def _lack(conn: Connection, app_id: str, versions: Sequence[int], now: datetime) -> set[int]:
    """Count an answer that lacks these versions; return those that are gone by now."""
    if not versions:
        return set()
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
    rows = conn.execute(counted)
    gone = {row.version for row in rows if is_gone(row.missing_since, row.times_missing, now)}
    if gone:
        conn.execute(update(release).where(same, release.c.version.in_(gone)).values(gone_at=now))
    return gone


def _take(conn: Connection, app_id: str, shown: History) -> set[int]:
    """Mark as gone all other stored releases above the answer's oldest version; return them."""
    same, oldest = release.c.app_id == app_id, min(r.version for r in shown.releases)
    others = release.c.version.not_in([item.version for item in shown.releases])
    above = release.c.version > oldest
    gone = update(release).where(same, others, above, release.c.gone_at.is_(None))
    marked = gone.values(gone_at=func.clock_timestamp(), is_current=False)
    versions = conn.execute(marked.returning(release.c.version)).scalars().all()
    newest = func.least(app.c.known_version, shown.newest_version)
    conn.execute(update(app).where(app.c.id == app_id).values(known_version=newest))
    return set(versions)


def _decide_anew(conn: Connection, app_id: str, artifacts: Iterable[str | None]) -> None:
    """Have a look decide again on what ran these artifacts: another release ran them first now."""
    same = release.c.app_id == app_id, release.c.artifact.in_({a for a in artifacts if a})
    conn.execute(update(release).where(*same).values(is_decided=False))


def _note_behind(conn: Connection, row: AppRow, why: str, now: datetime) -> Behind:
    since = row.behind_since or now
    conn.execute(update(app).where(app.c.id == row.id).values(behind=why, behind_since=since))
    return Behind(why, since)


def _unlike(known: History, shown: Sequence[Release]) -> list[Release]:
    """Return the shown releases that differ from the stored ones: one or two of hundreds."""
    stored = {item.version: item for item in known.releases}
    found = [_as_stored(item, stored.get(item.version)) for item in shown]
    return [item for item in found if stored.get(item.version) != item]


def _follow(
    conn: Connection,
    app_id: str,
    answer: ReadReleases,
    shown: History,
    known: History,
    changed: Sequence[Release],
) -> None:
    """Set status and `current` of every release to those of the answer."""
    stored = {item.version: item.id for item in known.releases}
    replaced = [r.version for r in changed if stored.get(r.version, r.id) != r.id]
    if replaced:  # keep nothing of another release of the same version, not even its commit
        others = delete(release).where(release.c.app_id == app_id)
        conn.execute(others.where(release.c.version.in_(replaced)))
    reading = {
        "app_id": app_id,
        "read_number": answer.asked.number,
        "read_started_at": answer.asked.at,
        "read_at": answer.arrived_at,
        "read_newest": shown.newest_version,
        "read_oldest": shown.releases[0].version if shown.releases else None,
    }
    if changed:
        _UPSERT.write(conn, **reading, shown=_told(changed))
    else:
        _READ.write(conn, **reading)
    current = [r.version for r in answer.releases if r.is_current]
    listed = {r.version for r in answer.releases}
    if any(r.is_current and r.version not in listed for r in known.releases):
        stale = release.c.is_current, release.c.version.not_in(current)
        flagged = update(release).where(release.c.app_id == app_id, *stale)
        conn.execute(flagged.values(is_current=False))


# All rows of an answer in one statement, which is the same however many they are.
_CHANGING = ("status", "is_current", "description", "author", "author_id", "updated_at", "artifact")
_INSERT = """
INSERT INTO release (app_id, version, id, status, artifact, artifact_type, is_current, description,
  author, author_id, created_at, updated_at)
SELECT :app_id, shown.* FROM jsonb_to_recordset(CAST(:shown AS jsonb)) AS shown (
  version integer, id text, status text, artifact text, artifact_type text, is_current boolean,
  description text, author text, author_id text, created_at timestamptz, updated_at timestamptz)
ON CONFLICT (app_id, version) DO """
_FOLLOW = f"""UPDATE SET times_missing = 0, missing_since = NULL, gone_at = NULL,
  is_decided = release.is_decided AND release.gone_at IS NULL AND release.id = excluded.id
    AND (release.status, release.artifact) IS NOT DISTINCT FROM
    (excluded.status, excluded.artifact),
  {", ".join(f"{name} = excluded.{name}" for name in _CHANGING)}
  WHERE ({", ".join(f"release.{name}" for name in _CHANGING)})
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _CHANGING)})
    OR release.gone_at IS NOT NULL
"""
_NOTE = """
UPDATE app SET read_number = CAST(:read_number AS bigint),
  read_oldest_of = CAST(:read_number AS bigint),
  read_started_at = CAST(:read_started_at AS timestamptz),
  read_at = CAST(:read_at AS timestamptz), read_newest = CAST(:read_newest AS integer),
  read_oldest = CAST(:read_oldest AS integer), is_complete = true, behind = NULL,
  behind_since = NULL
WHERE id = :app_id
"""
_ADD, _READ = Fixed(_INSERT + "NOTHING"), Fixed(_NOTE)
_UPSERT = Fixed(f"WITH followed AS ({_INSERT} {_FOLLOW}) {_NOTE}")


def _told(found: Sequence[Release]) -> str:
    return json.dumps([_as_json(item) for item in found])


def _as_json(item: Release) -> dict[str, Any]:
    return {
        "version": item.version,
        "id": item.id,
        "status": item.status,
        "artifact": item.artifact,
        "artifact_type": item.artifact_type,
        "is_current": item.is_current,
        "description": item.description,
        "author": item.author,
        "author_id": item.author_id,
        "created_at": _moment(item.created_at),
        "updated_at": _moment(item.updated_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
