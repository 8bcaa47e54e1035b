"""The apps we know, both sources and targets: their facts, and what we last knew them to run."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    Row,
    Text,
    all_,
    any_,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, insert

from listener.core.app import App
from listener.core.drift import LastKnown
from listener.core.release import FAILED, RAN
from listener.core.rule import Route, in_order
from listener.db.fixed import Fixed, value
from listener.db.queue import notify
from listener.db.tables import app as table
from listener.db.tables import audit_entry, fact, release, rule, rule_target


@dataclass(frozen=True, slots=True)
class Unexplained:
    """What snapshots of a target show and nothing explains; `times` counts them, a minute apart."""

    message: str
    at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class AppRow:
    """An app as we last saw it."""

    id: str
    name: str
    stack: str | None
    generation: str
    is_container: bool
    build_stack: str | None
    facts_at: datetime | None
    read_number: int | None
    read_started_at: datetime | None
    read_at: datetime | None
    read_newest: int | None
    read_oldest: int | None
    behind: str | None
    behind_since: datetime | None
    is_complete: bool
    pipeline_id: str | None
    pipeline_at: datetime | None
    known: LastKnown | None
    known_at: datetime | None
    known_unsettled: frozenset[int] = frozenset()
    unclear: Unexplained | None = None

    @property
    def last_took(self) -> timedelta:
        """How long Heroku took to answer the last read of its releases."""
        if self.read_started_at is None or self.read_at is None:
            return timedelta(0)
        return self.read_at - self.read_started_at

    @property
    def facts(self) -> App:
        """What must match between a source and a target."""
        return App(
            self.id, self.name, self.stack, self.generation, self.is_container, self.build_stack
        )


class AppUnknown(Exception):
    """This app is not in the database: no rule, subscription or promotion ever named it."""


def row_of(row: Row[Any]) -> AppRow:
    """Build an app from a row of the table; further columns are ignored."""
    known = (
        LastKnown(row.known_version, row.known_artifact) if row.known_version is not None else None
    )
    unclear = (
        Unexplained(row.unclear, row.unclear_at, row.unclear_times)
        if row.unclear is not None
        else None
    )
    return AppRow(
        row.id,
        row.name,
        row.stack,
        row.generation,
        row.is_container,
        row.build_stack,
        row.facts_at,
        row.read_number,
        row.read_started_at,
        row.read_at,
        row.read_newest,
        row.read_oldest if row.read_oldest_of == row.read_number else None,
        row.behind,
        row.behind_since,
        row.is_complete,
        row.pipeline_id,
        row.pipeline_at,
        known,
        row.known_at,
        frozenset(row.known_unsettled),
        unclear,
    )


def ensure(conn: Connection, app: App) -> None:
    """Store an app's facts, as just read from Heroku.

    Roles go by names, so that a new one leaves an audit entry: with it, others see the app.
    """
    facts = {
        "name": app.name,
        "stack": app.stack,
        "generation": app.generation,
        "is_container": app.is_container,
        "build_stack": app.build_stack,
        "facts_at": func.clock_timestamp(),
    }
    statement = insert(table).values(id=app.id, **facts)
    written = statement.on_conflict_do_update(index_elements=["id"], set_=facts)
    # What it selects from is as it was before the statement.
    renamed = select(
        literal("heroku"),
        literal("app.renamed"),
        literal("app"),
        table.c.id,
        literal(app.name),
        func.to_jsonb(table.c.name),
        literal(app.name, JSONB),
    ).where(table.c.id == app.id, table.c.name != app.name)
    entry = insert(audit_entry).from_select(_ENTRY, renamed)
    conn.execute(entry.add_cte(written.cte("written")))


_ENTRY = ("by", "action", "subject_type", "subject_id", "subject_name", "before", "after")


def find(conn: Connection, name_or_id: str) -> AppRow | None:
    """Return the app with this id, or else the app that had this name last; None if neither."""
    query = (
        select(table)
        .where(or_(table.c.id == name_or_id, table.c.name == name_or_id))
        .order_by((table.c.id == name_or_id).desc(), table.c.facts_at.desc().nulls_last())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return row_of(row) if row is not None else None


def get(conn: Connection, app_id: str) -> AppRow:
    """Return the app with this id. Raises AppUnknown."""
    if not (found := all_of(conn, [app_id])):
        raise AppUnknown(app_id)
    return found[0]


def all_of(conn: Connection, app_ids: Iterable[str]) -> list[AppRow]:
    """Return those of the apps with these ids that are known."""
    return [row_of(row) for row in _ALL.rows(conn, ids=list(set(app_ids)))]


_IDS = value("ids", ARRAY(Text))
_ALL = Fixed(select(table).where(table.c.id == any_(_IDS)))
# Rows are locked as they come out of the sort.
_LOCK = Fixed(
    select(table)
    .where(table.c.id == any_(_IDS))
    .order_by(func.array_position(_IDS, table.c.id))
    .with_for_update(key_share=True)
)


def lock(conn: Connection, app_ids: Iterable[str]) -> dict[str, AppRow]:
    """Lock these apps, every source before its targets. Raises AppUnknown.

    One lock order for all prevents deadlocks: rules first, then apps, then promotions by id. An
    app's key is not locked, so that a row that only names the app, such as a delivery, can be
    stored meanwhile.
    """
    wanted = _in_order(conn, frozenset(app_ids))
    if not wanted:
        return {}
    locked = {row.id: row_of(row) for row in _LOCK.rows(conn, ids=wanted)}
    if missing := [app_id for app_id in wanted if app_id not in locked]:
        raise AppUnknown(missing[0])
    return locked


def _in_order(conn: Connection, app_ids: frozenset[str]) -> list[str]:
    """Sort the apps in lock order, by all active rules.

    All rules count, so that the two ends of a chain have an order even without its middle.
    """
    if len(app_ids) < 2:
        return list(app_ids)
    acts = rule.c.removed_at.is_(None), rule.c.mode != "off"
    query = select(rule.c.source_id, rule_target.c.app_id).join(rule_target).where(*acts)
    routes = [Route("", source_id, (target_id,)) for source_id, target_id in conn.execute(query)]
    alone = [Route("", app_id, ()) for app_id in app_ids]
    return [app_id for app_id in in_order([*routes, *alone]) if app_id in app_ids]


def names(conn: Connection, app_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of these apps by id."""
    return {row.id: row.name for row in _ALL.rows(conn, ids=list(set(app_ids)))}


def all_names(conn: Connection) -> list[str]:
    """Return the names of all apps."""
    return list(conn.scalars(select(table.c.name).order_by(table.c.name)))


def generations(conn: Connection, app_ids: Iterable[str]) -> dict[str, str]:
    """Return the generations of these apps by id."""
    query = select(table.c.id, table.c.generation).where(table.c.id.in_(set(app_ids)))
    return {row.id: row.generation for row in conn.execute(query)}


def ask_look(conn: Connection, app_id: str, *, must_read: bool = False) -> None:
    """Make a look at the app's releases due now; `must_read` forces a read of the list."""
    values: dict[str, Any] = {
        "look_at": func.clock_timestamp(),
        "look_since": func.clock_timestamp(),
    }
    if must_read:
        values["must_read"] = True
    conn.execute(update(table).where(table.c.id == app_id).values(values))
    notify(conn, "app")


def set_known(
    conn: Connection, app_id: str, known: LastKnown | None, *, carried: Collection[int] = ()
) -> None:
    """Store what we last knew the app to run; the caller holds its lock.

    The releases that have not ended yet are stored too: one of them may still run later. Releases
    in `carried` are left out: they bring no code of their own, so they cannot cause drift.
    """
    version, artifact = (known.version, known.artifact) if known is not None else (None, None)
    about = {"version": version, "artifact": artifact, "carried": list(carried)}
    _SET_KNOWN.write(conn, app_id=app_id, **about)


_VERSION = value("version", Integer)
_UNSETTLED = select(func.jsonb_agg(aggregate_order_by(release.c.version, release.c.version))).where(
    release.c.app_id == value("app_id", Text),
    release.c.version <= _VERSION,
    release.c.status.not_in([*RAN, FAILED]),
    release.c.version != all_(value("carried", ARRAY(Integer))),
)
_SET_KNOWN = Fixed(
    update(table)
    .where(table.c.id == value("app_id", Text))
    .values(
        known_version=_VERSION,
        known_artifact=value("artifact", Text),
        known_at=func.clock_timestamp(),
        known_unsettled=func.coalesce(_UNSETTLED.scalar_subquery(), literal([], JSONB)),
        unclear=None,
        unclear_times=0,
    )
)


def set_unclear(conn: Connection, app_id: str, message: str | None, *, times: int = 0) -> None:
    """Store what a snapshot shows and nothing explains; None where all is explained."""
    values = {"unclear": message, "unclear_at": func.clock_timestamp(), "unclear_times": times}
    conn.execute(update(table).where(table.c.id == app_id).values(values))


def look_later(conn: Connection, app_id: str, *, after: timedelta) -> None:
    """Make a read of the app's releases due after this time, unless a look is due sooner."""
    at = func.clock_timestamp() + literal(after)
    values = {"look_at": func.least(func.coalesce(table.c.look_at, at), at), "must_read": True}
    conn.execute(update(table).where(table.c.id == app_id).values(values))


def set_pipeline(conn: Connection, app_id: str, pipeline_id: str | None) -> None:
    """Store the pipeline that the app is in, as just read; None where it is in none."""
    values = {"pipeline_id": pipeline_id, "pipeline_at": func.clock_timestamp()}
    conn.execute(update(table).where(table.c.id == app_id).values(values))


def forget_pipelines(conn: Connection, app_ids: Iterable[str]) -> None:
    """Mark the apps' pipelines as outdated, so that they are read again before use."""
    for app_id in sorted(set(app_ids)):
        conn.execute(update(table).where(table.c.id == app_id).values(pipeline_at=None))


def forget_facts(conn: Connection, app_id: str) -> None:
    """Mark the app's facts (stack, generation) as outdated, so that they are read before use."""
    _FORGET_FACTS.write(conn, id=app_id)


_FORGET_FACTS = Fixed(update(table).where(table.c.id == value("id", Text)).values(facts_at=None))


ECHOES = "echoes_description"  # whether releases show the description they were made with


def get_fact(conn: Connection, name: str) -> Any:
    """Return the fact's value; None where it is not known."""
    found = _FACT.first(conn, name=name)
    return found.value if found is not None else None


def put_fact(conn: Connection, name: str, said: Any) -> None:
    """Store a fact."""
    _PUT_FACT.write(conn, name=name, value=Jsonb(said))


_FACT = Fixed(select(fact.c.value).where(fact.c.name == value("name", Text)))
_NEW_FACT = insert(fact).values(name=value("name", Text), value=value("value", JSONB))
_PUT_FACT = Fixed(
    _NEW_FACT.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": _NEW_FACT.excluded.value, "updated_at": func.clock_timestamp()},
        where=fact.c.value.is_distinct_from(_NEW_FACT.excluded.value),
    )
)
