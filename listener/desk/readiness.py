"""Whether the listener can do its work, and what is wrong if not."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.keys import Keys, SealBroken
from listener.store import apps, schema, subscriptions
from listener.store.engine import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the database, and with the keys; `apps` are those whose secret is lost."""

    database: str | None = None
    keys: str | None = None
    apps: tuple[str, ...] = ()


class Readiness:
    """Asks the database, and tries the keys."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def fault(self) -> str | None:
        """What keeps us from working, in a sentence with what to do; None where nothing does."""
        faults = self.faults()
        return faults.database or faults.keys

    def faults(self) -> Faults:
        """The same, told apart."""
        try:
            with self._database.begin() as conn:
                return self._faults(conn)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("database_unavailable", error=type(error).__name__)
            return Faults(database="The database cannot be reached.")

    def _faults(self, conn: Connection) -> Faults:
        if not schema.is_ready(conn):
            return Faults(
                database="The database is not migrated: run `python -m listener migrate`."
            )
        broken = tuple(self._apps_of_broken_secrets(conn))
        if not broken:
            return Faults()
        return Faults(
            keys=f"The webhook secret of {', '.join(broken)} cannot be opened: put the former"
            " SECRET_KEY behind the new one, comma-separated, or run"
            f" `autopromote webhooks:rotate --now -a {broken[0]}`.",
            apps=broken,
        )

    def _apps_of_broken_secrets(self, conn: Connection) -> list[str]:
        live = subscriptions.live_secrets(conn)
        broken = {secret.app_id for secret in live if not self._opens(secret.sealed)}
        return sorted(apps.names(conn, broken).values())

    def _opens(self, sealed: bytes) -> bool:
        try:
            self._keys.open(sealed)
        except SealBroken:
            return False
        return True
