"""A durable PostgreSQL for one run, and the ways to damage it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from listener.local_postgres.cluster import PostgresFailed, is_root, open_cluster
from listener.local_postgres.server import server
from reliability.processes import children, send

PATIENCE_SECONDS = 30.0
PRLIMIT = "prlimit"  # only on Linux
# Our own statements may write even while all others are read-only.
OPTIONS = "-c default_transaction_read_only=off -c application_name=reliability"


class Postgres:
    """The server, reached directly and not through a relay; for our own use only."""

    def __init__(self, directory: Path, url: str) -> None:
        self._cluster = open_cluster(directory)
        self._directory = directory
        self.url = url
        self.socket = Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"

    def ask(self, query: str) -> list[Any]:
        """Return the rows of a query."""
        with psycopg.connect(self.url, options=OPTIONS, autocommit=True) as conn:
            return conn.execute(query).fetchall()

    def tell(self, *statements: str) -> None:
        """Execute statements that return nothing."""
        with psycopg.connect(self.url, options=OPTIONS, autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement)

    @property
    def is_running(self) -> bool:
        """Whether it takes connections, or is about to."""
        return self._cluster.is_running()

    def crash(self) -> None:
        """Stop it at once, without a checkpoint: `pg_ctl stop -m immediate`."""
        self._hit(signal.SIGQUIT)

    def kill(self) -> None:
        """Send SIGKILL to the first process; the others notice."""
        self._hit(signal.SIGKILL)

    def start(self) -> None:
        """Start it on the data that it left; return when it takes connections."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if not self._cluster.is_running():
                    self._cluster.start()
                self.ask("SELECT 1")
            except (PostgresFailed, psycopg.OperationalError):
                # A process of the last server still runs, or the new server still recovers.
                if time.monotonic() > ends_at:
                    raise
                time.sleep(0.2)
            else:
                return

    def cut_off(self) -> int:
        """Terminate the backends of all others; return how many there were."""
        others = "FROM pg_stat_activity WHERE application_name = 'autopromote'"
        return len(self.ask(f"SELECT pg_terminate_backend(pid) {others}"))

    def only_read(self, is_so: bool) -> None:
        """Make every new transaction read-only, or let it write again."""
        word = "on" if is_so else "off"
        self.tell(
            f"ALTER SYSTEM SET default_transaction_read_only = {word}", "SELECT pg_reload_conf()"
        )

    def fill_disk(self, is_full: bool) -> None:
        """Stop files from growing, as on a full disk, or end that; tell all its processes."""
        limit = "8192" if is_full else "unlimited"
        owner, first = self._directory.stat(), self._pid()
        for pid in (first, *children(first)):
            # As PostgreSQL's own user: limiting another user's process takes a privilege.
            subprocess.run(
                [PRLIMIT, f"--pid={pid}", f"--fsize={limit}:"],
                user=owner.st_uid,
                group=owner.st_gid,
                extra_groups=[] if is_root() else None,
                capture_output=True,
                check=False,  # a process that ended meanwhile
            )

    def stop(self) -> None:
        """Stop it, cleanly if possible; afterwards the directory can be deleted."""
        try:
            self._cluster.stop()
        except PostgresFailed:
            self.kill()

    def log(self) -> str:
        """Return its log."""
        return (self._directory / "log").read_text(errors="replace")

    def _pid(self) -> int:
        return int((self._directory / "data" / "postmaster.pid").read_text().split()[0])

    def _hit(self, number: signal.Signals) -> None:
        pid = self._pid()
        send(number, pid)
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends_at and _is_there(pid):
            time.sleep(0.02)  # between two checks


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a new server until the block ends; a guard process ends it if we are killed."""
    # Root's own temporary directory may be closed to PostgreSQL's user.
    parent = "/tmp" if is_root() else None  # noqa: S108 - the new directory is closed to others
    directory = Path(tempfile.mkdtemp(prefix="autopromote-", dir=parent))
    try:
        with server(directory) as url:
            made = Postgres(directory.resolve(), url)
            try:
                yield made
            finally:
                made.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
