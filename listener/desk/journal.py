"""The journal: who changed what, when, from what to what."""

from __future__ import annotations

from listener.store import audit
from listener.store.audit import AuditRow
from listener.store.engine import Database


class Journal:
    """Shows audit entries; whoever makes a change writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_(self, *, subject: str | None, limit: int) -> list[AuditRow]:
        """The entries, newest first; with a subject, those of what has this name or id."""
        with self._database.begin() as conn:
            return audit.list_entries(conn, subject=subject, limit=limit)
