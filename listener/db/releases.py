"""The releases of every app, as its readings showed them."""

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
    """The database's time."""
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now


def history(conn: Connection, app_id: str) -> History:
    """Every release of the app that we ever saw, but those that are gone at Heroku."""
    query = select(release).where(*_of(app_id)).order_by(release.c.version)
    return History(_release(row) for row in conn.execute(query))


def newest_version(conn: Connection, app_id: str) -> int:
    """The highest version stored; 0 where none is."""
    query = select(func.coalesce(func.max(release.c.version), 0))
    return int(conn.execute(query.where(*_of(app_id))).scalar_one())


def _of(app_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return release.c.app_id == app_id, release.c.gone_at.is_(None)


def slug_facts(conn: Connection, app_id: str, artifact: str) -> tuple[str | None, str | None]:
    """Commit and stack of an artifact, where we learned them; both are immutable."""
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
    """Write down an artifact's commit and stack, from a signed body or from Heroku's slug."""
    same = (release.c.app_id == app_id) & (release.c.artifact == artifact)
    known = {name: value for name, value in (("commit", commit), ("stack", stack)) if value}
    if known:
        conn.execute(update(release).where(same).values(known))


def commit_message(conn: Connection, app_id: str, artifact: str) -> str | None:
    """What the commit of an artifact says: empty where Heroku tells none, None where not asked."""
    same = (release.c.app_id == app_id) & (release.c.artifact == artifact)
    query = select(func.max(release.c.commit_message)).where(same)
    said: str | None = conn.execute(query).scalar_one()
    return said


def commit_messages(conn: Connection, app_id: str) -> dict[str, str]:
    """What the commits of the app's artifacts say, of those Heroku was ever asked about."""
    query = (
        select(release.c.artifact, func.max(release.c.commit_message).label("said"))
        .where(release.c.app_id == app_id, release.c.artifact.is_not(None))
        .where(release.c.commit_message.is_not(None))
        .group_by(release.c.artifact)
    )
    return {row.artifact: row.said for row in conn.execute(query)}


def set_commit_message(conn: Connection, app_id: str, artifact: str, said: str) -> None:
    """Write down what Heroku's slug tells of its commit."""
    same = (release.c.app_id == app_id) & (release.c.artifact == artifact)
    conn.execute(update(release).where(same).values(commit_message=said))


def versions_of(conn: Connection, release_ids: Iterable[str]) -> dict[str, int]:
    """The versions of these releases by id."""
    query = select(release.c.id, release.c.version).where(release.c.id.in_(set(release_ids)))
    return {row.id: row.version for row in conn.execute(query)}
