"""The stored releases of every app, as snapshots showed them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    func,
    not_,
    select,
    tuple_,
    update,
)

from listener.core.release import FAILED, RAN, History, Release
from listener.db.fixed import Fixed, value
from listener.db.tables import release


def release_of(row: Row[Any]) -> Release:
    """Build a release from a row of the table; further columns are ignored."""
    return Release(
        row.id,
        row.version,
        row.status,
        row.artifact,
        row.artifact_type,
        row.is_current,
        row.description,
        row.author,
        row.author_id,
        row.created_at,
        row.updated_at,
    )


def now(conn: Connection) -> datetime:
    """Return the time by the database's clock."""
    now: datetime = _NOW.first(conn).now
    return now


_NOW = Fixed(select(func.clock_timestamp().label("now")))


def history(conn: Connection, app_id: str) -> History:
    """Return every release of the app that we ever saw, without those gone at Heroku.

    It grows for ever: it is for people's questions, and for where somebody moved a target. A step
    reads what is `near`.
    """
    query = select(release).where(*_of(app_id)).order_by(release.c.version)
    return History(release_of(row) for row in conn.execute(query))


@dataclass(frozen=True, slots=True)
class Around:
    """What a decision asks of an app's releases: however many there are, it reads only these.

    All from version `since` on, the newest ones anyway, and those of `versions`; the first and the
    last run of each artifact among these, and of each of `artifacts`. `back_to` is for Heroku's
    list: it is read down to this version, however many releases came later.
    """

    since: int | None = None
    artifacts: frozenset[str] = frozenset()
    versions: frozenset[int] = frozenset()
    back_to: int | None = None


NEWEST = Around()


def near(conn: Connection, app_id: str, around: Around = NEWEST) -> History:
    """Return the part of an app's history that tells all about what is `around`.

    What is current and what has not ended is always there; of what lies between, nothing is told.
    """
    return History(release_of(row) for row in near_rows(conn, app_id, around))


def near_rows(conn: Connection, app_id: str, around: Around) -> Sequence[Row[Any]]:
    """Return the rows of `near`."""
    values = {
        "app_id": app_id,
        "since": around.since,
        "artifacts": json.dumps(sorted(around.artifacts)),  # as a list: ten times the driver's time
        "versions": sorted(around.versions),
    }
    return _NEAR.rows(conn, **values)


def reaches(history: History, version: int) -> bool:
    """Return whether what is near tells of every release from this version on."""
    newest = history.releases[-MOST_NEAR:]
    return len(history.releases) < MOST_NEAR or newest[0].version <= version


def told_since(history: History, since: int) -> int | None:
    """Return from which version on what is near has no gap, if it was asked for since this one.

    None where it is the whole history.
    """
    if len(history.releases) < MOST_NEAR:
        return None
    return min(since, history.releases[-MOST_NEAR].version)


MOST_NEAR = 12
# The conditions are those of the partial indexes, word for word, and the limit is a constant, so a
# plan for any values is good. Values come by way of subqueries, or else a plan for these ones would
# seem better by their number, and to make it takes as long as to execute it. What is near has no
# gap, so that of what ran there only the first run may lie further back.
_NEAR = Fixed(
    """
WITH newest AS (
  SELECT version, artifact, status FROM release WHERE app_id = :app_id AND gone_at IS NULL
  ORDER BY version DESC LIMIT :most
), near AS (
  SELECT version, artifact, status FROM newest
  UNION ALL SELECT version, artifact, status FROM release
    WHERE app_id = :app_id AND gone_at IS NULL
    AND version >= (SELECT CAST(:since AS integer)) AND version < (SELECT min(version) FROM newest)
), wanted AS (
  SELECT jsonb_array_elements_text(CAST(:artifacts AS jsonb)) AS artifact
  UNION SELECT artifact FROM near WHERE artifact IS NOT NULL
  UNION SELECT artifact FROM release WHERE app_id = :app_id
    AND version = ANY(ARRAY(SELECT unnest(CAST(:versions AS integer[]))))
), afar AS (
  SELECT artifact FROM wanted
  EXCEPT SELECT artifact FROM near WHERE status IN ('succeeded', 'expired')
), told AS (
  SELECT version FROM near
  UNION ALL SELECT unnest(CAST(:versions AS integer[]))
  UNION ALL SELECT version FROM release WHERE app_id = :app_id AND is_current
  UNION ALL SELECT version FROM release
    WHERE app_id = :app_id AND status NOT IN ('succeeded', 'expired', 'failed')
  UNION ALL SELECT (
    SELECT version FROM release WHERE app_id = :app_id AND artifact = wanted.artifact
    AND gone_at IS NULL AND status IN ('succeeded', 'expired') ORDER BY version LIMIT 1
  ) FROM wanted
  UNION ALL SELECT (
    SELECT version FROM release WHERE app_id = :app_id AND artifact = afar.artifact
    AND gone_at IS NULL AND status IN ('succeeded', 'expired') ORDER BY version DESC LIMIT 1
  ) FROM afar
)
SELECT id, version, status, artifact, artifact_type, is_current, description, author, author_id,
  created_at, updated_at, times_missing
FROM release WHERE app_id = :app_id AND version = ANY(ARRAY(SELECT version FROM told))
AND gone_at IS NULL ORDER BY version
""".replace(":most", str(MOST_NEAR))
)


def decide_anew(conn: Connection, app_id: str, *, above: int) -> None:
    """Have the next look decide again on what is above this version, for a rule that is new."""
    same = release.c.app_id == app_id, release.c.version > above
    conn.execute(update(release).where(*same, release.c.is_decided).values(is_decided=False))


def decide_once_more(conn: Connection, app_id: str, release_id: str) -> None:
    """Have the next look decide again on one release; what exists already is not made twice."""
    same = release.c.app_id == app_id, release.c.id == release_id
    conn.execute(update(release).where(*same).values(is_decided=False))


class Running(NamedTuple):
    """An app's name, its newest version, and the version that runs; the latter None if unknown."""

    name: str
    newest: int
    current: int | None


def running_now(conn: Connection, app_ids: Iterable[str]) -> tuple[datetime, dict[str, Running]]:
    """Return the time by the database's clock, and by app what is stored as running."""
    rows = _RUNNING.rows(conn, app_ids=list(app_ids))
    found = {row.id: Running(row.name, row.newest, row.current) for row in rows}
    return rows[0].now, found


_RUNNING = Fixed("""
SELECT app.id, app.name, clock_timestamp() AS now,
  (SELECT coalesce(max(version), 0) FROM release WHERE app_id = app.id AND gone_at IS NULL)
    AS newest,
  (SELECT max(version) FROM release WHERE app_id = app.id AND gone_at IS NULL AND is_current
    AND status IN ('succeeded', 'expired')) AS current
FROM app WHERE app.id = ANY(CAST(:app_ids AS text[]))
""")


def decide(conn: Connection, app_id: str) -> set[int]:
    """Mark what ended since the last look as decided; return its versions.

    The caller holds the app's lock, and makes what follows from them in the same transaction.
    """
    return {row.version for row in _DECIDE.rows(conn, app_id=app_id)}


_DECIDE = Fixed(
    update(release)
    .where(release.c.app_id == value("app_id", Text), release.c.gone_at.is_(None))
    .where(release.c.status.in_([*RAN, FAILED]), not_(release.c.is_decided))
    .values(is_decided=True)
    .returning(release.c.version)
)


def find(conn: Connection, app_id: str, version: int) -> Release | None:
    """Return the release of this version, if it is there."""
    query = select(release).where(*_of(app_id), release.c.version == version)
    row = conn.execute(query).one_or_none()
    return release_of(row) if row is not None else None


def made_at(
    conn: Connection, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], datetime | None]:
    """Return when these releases were made, by app and version, of those that are there."""
    query = select(release.c.app_id, release.c.version, release.c.created_at).where(
        tuple_(release.c.app_id, release.c.version).in_(set(wanted)), release.c.gone_at.is_(None)
    )
    return {(row.app_id, row.version): row.created_at for row in conn.execute(query)}


def ran_before(conn: Connection, app_id: str, version: int) -> Release | None:
    """Return the newest release below this version that ran."""
    row = _RAN_BEFORE.first(conn, app_id=app_id, version=version)
    return release_of(row) if row is not None else None


_RAN_BEFORE = Fixed(
    select(release)
    .where(release.c.app_id == value("app_id", Text), release.c.gone_at.is_(None))
    .where(release.c.version < value("version", Integer))
    .where(release.c.status.in_(sorted(RAN)), release.c.artifact.is_not(None))
    .order_by(release.c.version.desc())
    .limit(1)
)


def newest_version(conn: Connection, app_id: str) -> int:
    """Return the highest stored version that is not gone; 0 where there is none."""
    query = select(func.coalesce(func.max(release.c.version), 0))
    return int(conn.execute(query.where(*_of(app_id))).scalar_one())


def _of(app_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return release.c.app_id == app_id, release.c.gone_at.is_(None)


def slug_facts(conn: Connection, app_id: str, artifact: str) -> tuple[str | None, str | None]:
    """Return commit and stack of an artifact, each None if not known; they never change."""
    commit, stack = tuple(_SLUG.rows(conn, app_id=app_id, artifact=artifact)[0])
    return commit, stack


_SLUG = Fixed(
    select(*(func.max(release.c[name]) for name in ("commit", "stack")))
    .where(release.c.app_id == value("app_id", Text))
    .where(release.c.artifact == value("artifact", Text))
)


def set_slug_facts(
    conn: Connection, app_id: str, artifact: str, *, commit: str | None, stack: str | None
) -> None:
    """Store an artifact's commit and stack, from a signed body or from Heroku's slug."""
    if commit or stack:
        about = {"app_id": app_id, "artifact": artifact}
        _SET_SLUG.write(conn, **about, commit=commit or None, stack=stack or None)


_SET_SLUG = Fixed(
    update(release)
    .where(release.c.app_id == value("app_id", Text))
    .where(release.c.artifact == value("artifact", Text))
    .values(
        commit=func.coalesce(value("commit", Text), release.c.commit),
        stack=func.coalesce(value("stack", Text), release.c.stack),
    )
)


def versions_of(conn: Connection, release_ids: Iterable[str]) -> dict[str, int]:
    """Return the versions of these releases by id."""
    query = select(release.c.id, release.c.version).where(release.c.id.in_(set(release_ids)))
    return {row.id: row.version for row in conn.execute(query)}
