"""For how many of an app's promotions somebody told the commits that ship."""

from __future__ import annotations

from sqlalchemy import Connection

from listener.db import repositories, rules, shipments
from listener.services.rule_warnings import ToldCommits

COUNTED = 20  # the newest promotions of an app's releases


def count(conn: Connection, app_id: str) -> ToldCommits:
    """Count the newest promotions of an app's releases, and what became of reading their commits.

    Where there was none yet, what is known of the app's repository counts.
    """
    read = shipments.read_of(conn, app_id, limit=COUNTED)
    why: str | None = None
    named = [each for each in rules.around_app(conn, app_id) if each.conditions.repo]
    is_named = any(each.source_id == app_id for each in named)
    if not read and not is_named and repositories.name_of(conn, app_id) is None:
        known = repositories.of_app(conn, app_id)
        why = known.why if known is not None else None
    return ToldCommits(promotions=len(read), told=sum(read), why=why)
