"""Rules as people declared them: those in force, and every past revision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Table,
    Text,
    and_,
    any_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from listener.core.gates import options
from listener.core.gates.options import Conditions
from listener.core.rule import Mode, OnNewer, Route, Strategy
from listener.db.fixed import Fixed, value
from listener.db.queue import PAGE, notify
from listener.db.scopes import outside, within
from listener.db.tables import rule as table
from listener.db.tables import rule_revision, rule_service, rule_target
from listener.roles import EVERYTHING, Scope


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """An app that a rule promotes to; only source versions above the baseline go there."""

    app_id: str
    baseline: int


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as stored."""

    id: int
    name: str
    mode: Mode
    strategy: Strategy
    on_newer: OnNewer
    conditions: Conditions = field(repr=False)  # they change with the revision alone
    source_id: str
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None
    targets: tuple[RuleTarget, ...]

    @property
    def is_live(self) -> bool:
        """Whether nobody removed it; it may still be off."""
        return self.removed_at is None

    @property
    def acts(self) -> bool:
        """Whether it decides about releases: nobody removed it or turned it off."""
        return self.is_live and self.mode is not Mode.OFF

    @property
    def target_ids(self) -> tuple[str, ...]:
        """The apps it promotes to."""
        return tuple(target.app_id for target in self.targets)

    @property
    def route(self) -> Route:
        """The source and the targets of the rule."""
        return Route(self.name, self.source_id, self.target_ids)

    def acts_from(self, app_id: str) -> int | None:
        """Return the first source version that may go to this target; None if it is no target."""
        return next((t.baseline + 1 for t in self.targets if t.app_id == app_id), None)


_LIVE = table.c.removed_at.is_(None)
_ACTS = _LIVE & (table.c.mode != Mode.OFF)
_PLAIN = tuple(name for name in RuleRow.__dataclass_fields__ if name != "targets")
_READ: dict[str, Callable[[Any], Any]] = {
    "mode": Mode,
    "strategy": Strategy,
    "on_newer": OnNewer,
    "conditions": options.stored,
}


def _row(row: Row[Any]) -> RuleRow:
    values = {name: getattr(row, name) for name in _PLAIN}
    told = {name: read(values[name]) for name, read in _READ.items()}
    targets = tuple(RuleTarget(*each) for each in row.named or ())
    return RuleRow(**{**values, **told}, targets=targets)


# With each rule, its targets in the order in which people named them.
_target = rule_target.c
_NAMED = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(_target.app_id, _target.baseline),
                _target.position,
                _target.app_id,
            )
        )
    )
    .where(_target.rule_id == table.c.id)
    .scalar_subquery()
)


def _select(
    conn: Connection, *where: ColumnElement[bool], limit: int | None = None
) -> list[RuleRow]:
    query = select(table, _NAMED.label("named")).where(*where).order_by(table.c.id.desc())
    return [_row(row) for row in conn.execute(query.limit(limit))]


def _names_target(app_id: str | ColumnElement[str]) -> ColumnElement[bool]:
    return table.c.id.in_(select(rule_target.c.rule_id).where(rule_target.c.app_id == app_id))


def get(conn: Connection, rule_id: int) -> RuleRow:
    """Return the rule with this id, removed or not; a rule with this id must exist."""
    return _row(_GET.rows(conn, id=rule_id)[0])


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    """Match the rules whose apps are all in scope."""
    if scope.is_all:
        return []
    other = select(rule_target.c.rule_id).where(outside(scope, rule_target.c.app_id))
    return [*within(scope, table.c.source_id), table.c.id.not_in(other)]


def find(conn: Connection, name_or_id: str, *, scope: Scope = EVERYTHING) -> RuleRow | None:
    """Return the live rule with this name or id, if there is one whose apps are all in scope."""
    same = table.c.name == name_or_id
    if name_or_id.isascii() and name_or_id.isdigit() and len(name_or_id) < 19:
        same = or_(same, table.c.id == int(name_or_id))
    return next(iter(_select(conn, _LIVE, same, *_within(scope))), None)


def live(
    conn: Connection,
    *,
    app_id: str | None = None,
    scope: Scope = EVERYTHING,
    limit: int | None = None,
) -> list[RuleRow]:
    """Return the rules nobody removed, off ones too, newest first; with an app, those naming it.

    All apps of each are in scope.
    """
    if scope.is_all and app_id is None and limit is None:
        return [_row(row) for row in _ALL_LIVE.rows(conn)]
    where: list[ColumnElement[bool]] = [_LIVE, *_within(scope)]
    if app_id is not None:
        where.append(or_(table.c.source_id == app_id, _names_target(app_id)))
    return _select(conn, *where, limit=limit)


def of_source(conn: Connection, app_id: str) -> list[RuleRow]:
    """Return the live rules, armed or shadow, that promote this app's releases."""
    return [_row(row) for row in _OF_SOURCE.rows(conn, app_id=app_id)]


def around_app(conn: Connection, app_id: str) -> list[RuleRow]:
    """Return the live rules, armed or shadow, that promote from this app or to it."""
    return [_row(row) for row in _AROUND_APP.rows(conn, app_id=app_id)]


def around(conn: Connection, rule_ids: Iterable[int], source_ids: Iterable[str]) -> list[RuleRow]:
    """Return the rules with these ids, removed or not, and the active rules of these sources."""
    wanted = {"ids": list(set(rule_ids)), "source_ids": list(set(source_ids))}
    return [_row(row) for row in _AROUND.rows(conn, **wanted)]


def _fixed(*where: ColumnElement[bool]) -> Fixed:
    return Fixed(select(table, _NAMED.label("named")).where(*where).order_by(table.c.id.desc()))


_APP_ID = value("app_id", Text)
_GET = _fixed(table.c.id == value("id", BigInteger))
_ALL_LIVE = _fixed(_LIVE)
_OF_SOURCE = _fixed(_ACTS, table.c.source_id == _APP_ID)
_AROUND_APP = _fixed(_ACTS, or_(table.c.source_id == _APP_ID, _names_target(_APP_ID)))
_AROUND = _fixed(
    or_(
        table.c.id == any_(value("ids", ARRAY(BigInteger))),
        and_(_ACTS, table.c.source_id == any_(value("source_ids", ARRAY(Text)))),
    )
)


def targeting(conn: Connection, app_id: str) -> list[RuleRow]:
    """Return the live rules, armed or shadow, that promote to this app."""
    return _select(conn, _ACTS, _names_target(app_id))


def routes(conn: Connection, *, but: int | None = None) -> list[Route]:
    """Return the routes of the live rules that are not off, without that of rule `but`."""
    where = [_ACTS] if but is None else [_ACTS, table.c.id != but]
    return [row.route for row in _select(conn, *where)]


def names(
    conn: Connection, rule_ids: Iterable[int], *, scope: Scope = EVERYTHING
) -> dict[int, str]:
    """Return the names by id of those rules whose apps are all in scope, removed ones too."""
    where = [table.c.id.in_(set(rule_ids)), *_within(scope)]
    query = select(table.c.id, table.c.name).where(*where)
    return {row.id: row.name for row in conn.execute(query)}


def hidden_names(conn: Connection, rule_ids: Collection[int], *, scope: Scope) -> dict[int, str]:
    """Return the names by id of those rules of which an app is not in scope, removed ones too."""
    if scope.is_all or not rule_ids:
        return {}
    return names(conn, set(rule_ids) - names(conn, rule_ids, scope=scope).keys())


def modes(conn: Connection, rule_ids: Iterable[int]) -> dict[int, Mode]:
    """Return the modes of these rules by their ids, of removed ones too."""
    query = select(table.c.id, table.c.mode).where(table.c.id.in_(set(rule_ids)))
    return {row.id: Mode(row.mode) for row in conn.execute(query)}


# Changing rules, one change at a time.


def lock(conn: Connection) -> None:
    """Lock all rules against changes until this transaction ends.

    Two rules without a common app can close a cycle together, so locks on apps are not enough.
    """
    conn.execute(text("LOCK TABLE rule IN SHARE ROW EXCLUSIVE MODE"))


def add(
    conn: Connection,
    *,
    by: str,
    targets: Iterable[RuleTarget],
    declared: dict[str, Any],
    **values: Any,
) -> RuleRow:
    """Insert a rule with its first revision; the caller holds `lock`."""
    statement = insert(table).values(created_by=by, **values).returning(table.c.id)
    rule_id = conn.execute(statement).scalar_one()
    _put_targets(conn, rule_id, targets)
    _put_revision(conn, rule_id, 1, declared, by)
    notify(conn, PAGE)
    return get(conn, rule_id)


def change(
    conn: Connection,
    row: RuleRow,
    *,
    by: str,
    targets: Iterable[RuleTarget],
    declared: dict[str, Any],
    **values: Any,
) -> RuleRow:
    """Write the rule's next revision; the caller holds `lock`."""
    revision = row.revision + 1
    statement = update(table).where(table.c.id == row.id)
    conn.execute(statement.values(revision=revision, updated_at=func.clock_timestamp(), **values))
    _put_targets(conn, row.id, targets)
    _put_revision(conn, row.id, revision, declared, by)
    notify(conn, PAGE)
    return get(conn, row.id)


def remove(conn: Connection, row: RuleRow) -> RuleRow:
    """Mark the rule as removed; its promotions still refer to it."""
    statement = update(table).where(table.c.id == row.id)
    now = func.clock_timestamp()
    conn.execute(statement.values(removed_at=now, updated_at=now))
    notify(conn, PAGE)
    return get(conn, row.id)


def is_name_taken(conn: Connection, name: str, *, but: int | None = None) -> bool:
    """Return whether a live rule, other than `but`, has this name."""
    query = select(table.c.id).where(_LIVE, table.c.name == name)
    return any(rule_id != but for rule_id in conn.execute(query).scalars())


def armed_targets(conn: Connection, *, but: int) -> frozenset[str]:
    """Return the targets of all live armed rules other than this one."""
    query = (
        select(rule_target.c.app_id)
        .join(table, table.c.id == rule_target.c.rule_id)
        .where(_LIVE, table.c.mode == Mode.ARMED, table.c.id != but)
    )
    return frozenset(conn.execute(query).scalars())


def _put_targets(conn: Connection, rule_id: int, targets: Iterable[RuleTarget]) -> None:
    conn.execute(delete(rule_target).where(rule_target.c.rule_id == rule_id))
    values = [
        {
            "rule_id": rule_id,
            "app_id": target.app_id,
            "baseline": target.baseline,
            "position": position,
        }
        for position, target in enumerate(targets)
    ]
    conn.execute(insert(rule_target), values)


def _put_revision(
    conn: Connection, rule_id: int, revision: int, declared: dict[str, Any], by: str
) -> None:
    values = {"rule_id": rule_id, "revision": revision, "declared": declared, "by": by}
    conn.execute(insert(rule_revision).values(values))


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A rule as somebody declared it once."""

    revision: int
    declared: dict[str, Any]  # as `RuleDefinition.as_json` told it
    by: str
    created_at: datetime


def revisions(conn: Connection, rule_id: int, *, limit: int) -> list[RevisionRow]:
    """Return the newest revisions of a rule, newest first."""
    query = select(*(rule_revision.c[name] for name in RevisionRow.__dataclass_fields__))
    rows = conn.execute(
        query.where(rule_revision.c.rule_id == rule_id)
        .order_by(rule_revision.c.revision.desc())
        .limit(limit)
    )
    return [RevisionRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Service:
    """A notification service: its URL without secrets, its mark, and its URL encrypted."""

    shown: str
    mark: str
    sealed: bytes = field(repr=False, compare=False)


def of_rules(
    conn: Connection, rule_ids: Iterable[int], kept: Table = rule_service
) -> dict[int, tuple[Service, ...]]:
    """Return the services of these rules by rule id, in the order in which people named them.

    With `rule_receiver`, they are the receivers of events.
    """
    query = select(kept).where(kept.c.rule_id.in_(set(rule_ids)))
    found: dict[int, tuple[Service, ...]] = {}
    for row in conn.execute(query.order_by(kept.c.position, kept.c.id)):
        service = Service(row.shown, row.mark, row.sealed)
        found[row.rule_id] = (*found.get(row.rule_id, ()), service)
    return found


def put(
    conn: Connection, rule_id: int, services: Iterable[Service], kept: Table = rule_service
) -> None:
    """Replace the services, or receivers, of a rule by these; the caller holds the rules' lock."""
    conn.execute(delete(kept).where(kept.c.rule_id == rule_id))
    values = [
        {"rule_id": rule_id, "position": position, "shown": s.shown, "mark": s.mark}
        | {"sealed": s.sealed}
        for position, s in enumerate(services)
    ]
    if values:
        conn.execute(insert(kept), values)
