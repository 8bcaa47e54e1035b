"""Whether the listener can do its work, and what is wrong if not."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import psycopg
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.core import liveness
from listener.core.finding import Finding, State
from listener.core.liveness import Runner
from listener.core.trouble import Trouble
from listener.crypto import DecryptionError, Keys
from listener.db import apps, migrate, queries, runners, subscriptions
from listener.db.engine import Database
from listener.db.queries import Figures
from listener.heroku import Heroku
from listener.outbound.http import (
    BoundedTransport,
    Resolve,
    addresses,
    bounded,
    public_addresses,
    trusted,
)
from listener.services import troubles
from listener.services.histograms import Delays, Histograms

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReadinessErrors:
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

    def faults(self) -> ReadinessErrors:
        """Find what keeps us from working; each fault is a sentence with what to do."""
        try:
            with self._database.begin() as conn:
                return self._faults(conn)
        except (DBAPIError, PoolTimeout, psycopg.Error) as error:
            log.warning("database_unavailable", error=type(error).__name__)
            return ReadinessErrors(database="The database cannot be reached.")

    def _faults(self, conn: Connection) -> ReadinessErrors:
        if not migrate.is_ready(conn):
            return ReadinessErrors(
                database="The database is not migrated: run `python -m listener migrate`."
            )
        if self._database.is_lent(conn):
            return ReadinessErrors(database=migrate.POOLED)
        if (silent := migrate.why_no_writes(conn)) is not None:
            return ReadinessErrors(database=silent)
        seen = runners.list_(conn)
        broken = tuple(self._apps_of_broken_secrets(conn))
        stuck = liveness.fault(seen)
        return ReadinessErrors(
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
        except DecryptionError:
            return False
        return True


def _unsealed(broken: Sequence[str]) -> str | None:
    """Say what to do about the apps whose secret no key opens; None where there are none."""
    if not broken:
        return None
    # It names no app, for anybody may ask /readyz.
    return (
        f"Webhook secrets that cannot be opened: {len(broken)}. Put the former SECRET_KEY behind"
        " the new one, comma-separated; `autopromote doctor` names the apps."
    )


class Gauges:
    """The figures of the metrics, read when somebody asks for them."""

    def __init__(self, database: Database, heroku: Heroku) -> None:
        self._database = database
        self._heroku = heroku
        self._delays = Delays(database)

    def delays(self) -> Histograms:
        """Read how long releases took, until they were asked for and until they ran."""
        return self._delays.read()

    def figures(self) -> Figures:
        """Read what the database tells now."""
        with self._database.begin() as conn:
            return queries.read(conn)

    def heroku_requests_left(self) -> int | None:
        """Return how many requests Heroku still grants, by its last answer to this process."""
        return self._heroku.requests_left


MARK = "Autopromote-Mark"
PATH = "/healthz"
SECONDS = 5.0
NAME = "public_url"
WHY = "Heroku delivers to that address: without it, releases are found late."
MEND = "heroku config:set -a LISTENER PUBLIC_URL=https://…"
_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout)


class ReachabilityCheck:
    """Asks an address, which the settings name or a login, for the mark of this installation."""

    def __init__(self, mark: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._mark = mark
        self._transport = transport

    def look(self, url: str | None, *, is_set: bool = True) -> Finding:
        """Check whether we answer at the public address; this takes five seconds at most.

        One that no setting names is somebody's word: nothing inside our network is asked then.
        """
        if url is None:
            return _told(State.WARNING, "Nobody told the listener where Heroku reaches it.")
        try:
            return self._recognised(
                url, self._asked(url, addresses if is_set else public_addresses)
            )
        except _UNREACHED:
            return _told(State.BROKEN, f"Nobody answers at {url}.")
        except (httpx.InvalidURL, UnicodeError):  # a host whose xn-- decodes to nothing
            return _told(State.BROKEN, f"{url} is no address.")
        except httpx.HTTPError as error:
            message = f"{url} did not answer in {SECONDS:.0f} s: {type(error).__name__}."
            return _told(State.UNKNOWN, message)

    def _recognised(self, url: str, answer: httpx.Response) -> Finding:
        if answer.headers.get(MARK) == self._mark:
            return Finding(name=NAME, state=State.OK, message=f"The listener answers at {url}.")
        if answer.is_redirect:
            # We may be behind the redirect, but Heroku is not known to follow any.
            return _told(State.BROKEN, f"{url} sends on to another address.")
        return _told(State.BROKEN, f"Something else answers at {url} ({answer.status_code}).")

    def _asked(self, url: str, resolve: Resolve) -> httpx.Response:
        request = httpx.Request("GET", f"{url}{PATH}", headers={"User-Agent": "heroku-autopromote"})
        request.extensions = {"timeout": httpx.Timeout(SECONDS).as_dict()}
        with contextlib.closing(self._transport or _transport(url, resolve)) as transport:
            with bounded(SECONDS):
                answer = transport.handle_request(request)
            answer.close()  # its head tells all
            return answer


def _transport(url: str, resolve: Resolve) -> httpx.BaseTransport:
    context = trusted() if url.startswith("https:") else None
    return BoundedTransport(ssl_context=context, resolve=resolve)


def _told(state: State, message: str) -> Finding:
    return Finding(name=NAME, state=state, message=message, why=WHY, mend=MEND)
