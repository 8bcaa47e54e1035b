"""The stored releases of every app, as snapshots showed them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from listener.core.release import History, Release
from listener.db.tables import release


def _release(row: Row[Any]) -> Release:
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
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now


def history(conn: Connection, app_id: str) -> History:
    """Return every release of the app that we ever saw, without those gone at Heroku."""
    query = select(release).where(*_of(app_id)).order_by(release.c.version)
    return History(_release(row) for row in conn.execute(query))


def newest_version(conn: Connection, app_id: str) -> int:
    """Return the highest stored version that is not gone; 0 where there is none."""
    query = select(func.coalesce(func.max(release.c.version), 0))
    return int(conn.execute(query.where(*_of(app_id))).scalar_one())


def _of(app_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return release.c.app_id == app_id, release.c.gone_at.is_(None)


def slug_facts(conn: Connection, app_id: str, artifact: str) -> tuple[str | None, str | None]:
    """Return commit and stack of an artifact, each None if not known; both are immutable."""
    query = (
        select(func.max(release.c.commit), func.max(release.c.stack))
        .where(release.c.app_id == app_id)
        .where(release.c.artifact == artifact)
    )
    commit, stack = conn.execute(query).one()
    return commit, stack


def set_slug_facts(
    conn: Connection, app_id: str, artifact: str, *, commit: str | None, stack: str | None
) -> None:
    """Store an artifact's commit and stack, from a signed body or from Heroku's slug."""
    same = (release.c.app_id == app_id) & (release.c.artifact == artifact)
    known = {name: value for name, value in (("commit", commit), ("stack", stack)) if value}
    if known:
        conn.execute(update(release).where(same).values(known))


def commit_message(conn: Connection, app_id: str, artifact: str) -> str | None:
    """Return an artifact's commit message: empty where Heroku tells none, None where not asked."""
    same = (release.c.app_id == app_id) & (release.c.artifact == artifact)
    query = select(func.max(release.c.commit_message)).where(same)
    said: str | None = conn.execute(query).scalar_one()
    return said


def commit_messages(conn: Connection, app_id: str) -> dict[str, str]:
    """Return commit messages by artifact, for the app's artifacts that Heroku was asked about."""
    query = (
        select(release.c.artifact, func.max(release.c.commit_message).label("said"))
        .where(release.c.app_id == app_id, release.c.artifact.is_not(None))
        .where(release.c.commit_message.is_not(None))
        .group_by(release.c.artifact)
    )
    return {row.artifact: row.said for row in conn.execute(query)}


def set_commit_message(conn: Connection, app_id: str, artifact: str, said: str) -> None:
    """Store the commit message that Heroku's slug tells; empty where it tells none."""
    same = (release.c.app_id == app_id) & (release.c.artifact == artifact)
    conn.execute(update(release).where(same).values(commit_message=said))


def versions_of(conn: Connection, release_ids: Iterable[str]) -> dict[str, int]:
    """Return the versions of these releases by id."""
    query = select(release.c.id, release.c.version).where(release.c.id.in_(set(release_ids)))
    return {row.id: row.version for row in conn.execute(query)}
