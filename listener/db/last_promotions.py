"""The last promotions that rules decided to make, for many rules at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from listener.core.promotion import ACTIVE, Status
from listener.db.fixed import Fixed

_NEAR = 50  # of a rule's newest candidates for a target; what lies behind them is no news
_MADE = (
    *ACTIVE,
    Status.SUCCEEDED,
    Status.FAILED,
    Status.ROLLED_BACK,
    Status.ERRORED,
    Status.SHADOWED,
)


@dataclass(frozen=True, slots=True)
class LastRow:
    """A promotion that went, or would have gone in shadow."""

    rule_id: int
    id: int
    target_id: str
    version: int
    status: Status
    at: datetime


def last(conn: Connection, rule_ids: Collection[int]) -> dict[int, LastRow]:
    """Return the last promotion of each of these rules that was not left out, by the rule's id."""
    found: dict[int, LastRow] = {}
    for row in _LAST.rows(conn, rule_ids=list(rule_ids), near=_NEAR):
        told = LastRow(row.rule_id, row.id, row.target_id, row.version, Status(row.status), row.at)
        if told.rule_id not in found or told.at > found[told.rule_id].at:
            found[told.rule_id] = told
    return found


_WORDS = ", ".join(f"'{status}'" for status in sorted(_MADE))
_LAST = Fixed(f"""
SELECT one.rule_id, one.id, one.target_id, one.version, one.status, one.at
FROM rule_target t, LATERAL (
  SELECT near.* FROM (
    SELECT rule_id, id, target_id, version, status, coalesce(ended_at, status_at, created_at) AS at
    FROM promotion WHERE rule_id = t.rule_id AND target_id = t.app_id
    ORDER BY version DESC LIMIT CAST(:near AS integer)
  ) near WHERE near.status IN ({_WORDS}) ORDER BY near.at DESC LIMIT 1
) one
WHERE t.rule_id = ANY(CAST(:rule_ids AS bigint[]))
""")  # noqa: S608 - words of our own
