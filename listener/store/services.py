"""The services that are told of a rule's promotions: their URLs hold secrets, and are sealed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from listener.store.tables import rule_service as table


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it may be shown, and as only our keys open it."""

    shown: str
    mark: str
    sealed: bytes = field(repr=False, compare=False)


def of_rules(conn: Connection, rule_ids: Iterable[int]) -> dict[int, tuple[Service, ...]]:
    """The services of these rules by the rule's id, in the order in which people named them."""
    query = select(table).where(table.c.rule_id.in_(set(rule_ids)))
    found: dict[int, tuple[Service, ...]] = {}
    for row in conn.execute(query.order_by(table.c.position, table.c.id)):
        service = Service(row.shown, row.mark, row.sealed)
        found[row.rule_id] = (*found.get(row.rule_id, ()), service)
    return found


def put(conn: Connection, rule_id: int, services: Iterable[Service]) -> None:
    """Have these told from now on, and no others; the caller holds the rules' lock."""
    conn.execute(delete(table).where(table.c.rule_id == rule_id))
    values = [
        {"rule_id": rule_id, "position": position, "shown": s.shown, "mark": s.mark}
        | {"sealed": s.sealed}
        for position, s in enumerate(services)
    ]
    if values:
        conn.execute(insert(table), values)
