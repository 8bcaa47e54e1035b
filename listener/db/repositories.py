"""What was read of repositories: whose they are, comparisons of commits, and what was refused."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from listener.core.commits import Comparison
from listener.core.shown import summary
from listener.db import rules
from listener.db.commit_tables import comparison, refused_comparison, repository

MOST_HOPS = 10  # of a chain


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """The repository of an app, or why nobody tells it, and when to ask again."""

    full_name: str | None
    why: str | None
    ask_at: datetime
    refused: str | None  # why Heroku compares no commits of it
    compare_at: datetime | None  # not before

    def is_refused(self, now: datetime) -> bool:
        """Return whether Heroku is not to be asked to compare commits of it just now."""
        return self.compare_at is not None and self.compare_at > now


@dataclass(frozen=True, slots=True)
class Pair:
    """Two commits of a repository, by the name it has at GitHub."""

    repository: str
    base: str
    head: str


def origins(conn: Connection, app_id: str) -> list[str]:
    """Return an app, then those that feed it in a chain of rules, the first one last.

    What their rules name counts for these alone: whoever may change another rule has no say here.
    """
    found: list[str] = []
    wanted: str | None = app_id
    while wanted is not None and wanted not in found and len(found) < MOST_HOPS:
        found.append(wanted)
        around = rules.around_app(conn, wanted)
        feeding = (rule.source_id for rule in around if found[-1] in rule.target_ids)
        wanted = next(feeding, None)
    return found


def name_of(conn: Connection, app_id: str) -> str | None:
    """Return the repository that Heroku tells of an app or its chain, as far as it is known."""
    for each in origins(conn, app_id):
        known = of_app(conn, each)
        if known is not None and known.full_name is not None:
            return known.full_name
    return None


def of_app(conn: Connection, app_id: str) -> RepositoryRow | None:
    """Return what is known of an app's repository; None where nobody was asked yet."""
    row = conn.execute(select(repository).where(repository.c.app_id == app_id)).one_or_none()
    if row is None:
        return None
    return RepositoryRow(row.full_name, row.why, row.ask_at, row.refused, row.compare_at)


def set_of_app(
    conn: Connection, app_id: str, full_name: str | None, *, why: str | None, for_: timedelta
) -> None:
    """Store an app's repository, or why nobody tells it; ask again after that time."""
    times = {"asked_at": func.now(), "ask_at": func.now() + literal(for_)}
    values: dict[str, Any] = {"full_name": full_name, "why": why, **times}
    new = insert(repository).values(app_id=app_id, **values)
    conn.execute(new.on_conflict_do_update(index_elements=["app_id"], set_=values))


def refuse_app(conn: Connection, app_id: str, why: str, *, for_: timedelta) -> None:
    """Store that Heroku compares no commits of an app; ask again after that time."""
    at = func.now() + literal(for_)
    values: dict[str, Any] = {"refused": why, "compare_at": at}
    new = insert(repository).values(app_id=app_id, ask_at=func.now(), **values)
    conn.execute(new.on_conflict_do_update(index_elements=["app_id"], set_=values))


def find_comparison(conn: Connection, pair: Pair) -> int | None:
    """Return the id of a comparison that was read before, and whose commits are kept."""
    return find_comparisons(conn, [pair]).get(pair)


def find_comparisons(conn: Connection, pairs: Collection[Pair]) -> dict[Pair, int]:
    """Return the ids of comparisons that were read before, and whose commits are kept."""
    c = comparison.c
    query = select(c.id, c.repository, c.base, c.head).where(c.pruned_at.is_(None))
    rows = conn.execute(query.where(_are(c, pairs))) if pairs else ()
    return {_pair(row): row.id for row in rows}


def _are(c: Any, pairs: Collection[Pair]) -> ColumnElement[bool]:
    key = [(each.repository, each.base, each.head) for each in pairs]
    return tuple_(c.repository, c.base, c.head).in_(key)


def _pair(row: Any) -> Pair:
    return Pair(row.repository, row.base, row.head)


def add_comparison(conn: Connection, pair: Pair, found: Comparison, *, told_by: str) -> int:
    """Store a comparison; return its id, also where another process was faster."""
    key = {"repository": pair.repository, "base": pair.base, "head": pair.head}
    content = found.as_json() | {"shown": summary(found)}
    values: dict[str, Any] = {"told_by": told_by, "content": content, "pruned_at": None}
    new = insert(comparison).values(**key, **values)
    again = {**values, "read_at": func.now()}
    was_pruned = comparison.c.pruned_at.is_not(None)
    conn.execute(new.on_conflict_do_update(index_elements=[*key], set_=again, where=was_pruned))
    found_id = find_comparison(conn, pair)
    assert found_id is not None  # noqa: S101 - for the type checker: it was stored just now
    return found_id


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a comparison was refused, and when to ask for it again."""

    why: str
    ask_at: datetime


def refused(conn: Connection, pairs: Collection[Pair], told_by: str) -> dict[Pair, Refusal]:
    """Return why comparisons were refused, of each that is not to be asked for again yet."""
    c = refused_comparison.c
    query = select(c.repository, c.base, c.head, c.why, c.ask_at)
    still = c.told_by == told_by, c.ask_at > func.now()
    rows = conn.execute(query.where(_are(c, pairs), *still)) if pairs else ()
    return {_pair(row): Refusal(row.why, row.ask_at) for row in rows}


def refuse(conn: Connection, pair: Pair, told_by: str, why: str, *, for_: timedelta) -> None:
    """Store that a comparison was refused; ask for it again after that time."""
    key = {"repository": pair.repository, "base": pair.base, "head": pair.head}
    values: dict[str, Any] = {"why": why, "ask_at": func.now() + literal(for_)}
    new = insert(refused_comparison).values(**key, told_by=told_by, **values)
    conn.execute(new.on_conflict_do_update(index_elements=[*key, "told_by"], set_=values))


def forget_refusals(conn: Connection, *, most: int) -> None:
    """Delete refusals that keep nobody from asking any more."""
    c = refused_comparison.c
    key = c.repository, c.base, c.head, c.told_by
    over = select(*key).where(c.ask_at < func.now()).limit(most)
    conn.execute(delete(refused_comparison).where(tuple_(*key).in_(over)))
