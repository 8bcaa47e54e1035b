"""Whether the listener can do its work, and what is wrong if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener import liveness
from listener.desk import troubles
from listener.keys import Keys, SealBroken
from listener.liveness import Runner
from listener.store import apps, runners, schema, subscriptions
from listener.store.engine import Database
from listener.trouble import Trouble

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong, by part; `apps` are those whose secret is lost, `seen` is every runner."""

    database: str | None = None
    keys: str | None = None
    runners: str | None = None
    apps: tuple[str, ...] = ()
    seen: Sequence[Runner] = ()
    troubles: Sequence[Trouble] = ()  # with Heroku, or a step that breaks: no fault of readiness

    @property
    def gravest(self) -> str | None:
        """What to mend first; None where nothing is wrong."""
        return self.database or self.keys or self.runners


class Readiness:
    """Asks the database, and tries the keys."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def faults(self) -> Faults:
        """What keeps us from working, each in a sentence with what to do."""
        try:
            with self._database.begin() as conn:
                return self._faults(conn)
        except (DBAPIError, PoolTimeout, psycopg.Error) as error:
            log.warning("database_unavailable", error=type(error).__name__)
            return Faults(database="The database cannot be reached.")

    def _faults(self, conn: Connection) -> Faults:
        if not schema.is_ready(conn):
            return Faults(
                database="The database is not migrated: run `python -m listener migrate`."
            )
        if self._database.is_lent(conn):
            return Faults(database=schema.POOLED)
        if (silent := schema.why_no_writes(conn)) is not None:
            return Faults(database=silent)
        seen = runners.list_(conn)
        broken = tuple(self._apps_of_broken_secrets(conn))
        stuck = liveness.fault(seen)
        return Faults(
            keys=_unsealed(broken),
            runners=stuck,
            apps=broken,
            seen=seen,
            troubles=[view.trouble for view in troubles.shown(conn)],
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


def _unsealed(broken: Sequence[str]) -> str | None:
    """What to do about the apps whose secret no key opens."""
    if not broken:
        return None
    return (
        f"The webhook secret of {', '.join(broken)} cannot be opened: put the former"
        " SECRET_KEY behind the new one, comma-separated, or run"
        f" `autopromote webhooks:rotate --now -a {broken[0]}`."
    )
