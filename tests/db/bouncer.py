"""A PgBouncer before the tests' server, where one is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from demo.stage import free_port

PATIENCE = 60.0
SETTINGS = """
[databases]
{name} = host={host} user=postgres dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
"""


@contextmanager
def bouncer(url: str, directory: Path, mode: str) -> Iterator[str]:
    """The URL of the same database through a pool in this mode."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("no PgBouncer is installed")
    given, port = make_url(url), free_port()
    file = directory / "pgbouncer.ini"
    values = {"name": given.database, "host": given.query["host"], "port": port, "mode": mode}
    file.write_text(SETTINGS.format(**values))
    as_somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen(
        [program, "-q", *as_somebody, str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as pool:
        through = f"postgresql://postgres:x@127.0.0.1:{port}/{given.database}?sslmode=disable"
        try:
            _await(through)
            yield through
        finally:
            pool.terminate()


def _await(url: str) -> None:
    ends_at = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert time.monotonic() < ends_at, "PgBouncer never answered"
            time.sleep(0.05)  # between two questions
        else:
            return
