"""`python -m listener migrate | worker | run | describe`.

A command loads what it needs: a release phase waits for no web framework.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event

import structlog

from listener import logs, process_memory
from listener.config import BadSettings, read, read_database_url, read_secret_keys
from listener.crypto import Keys
from listener.db import migrate as migrations
from listener.db.engine import Database, open_database
from listener.local_postgres.server import home, server
from listener.services.reencrypt import is_anything_sealed, reseal

log = structlog.get_logger()

Environment = Mapping[str, str]
GUNICORN_CONF = Path(__file__).with_name("gunicorn_conf.py")


def migrate(env: Environment) -> int:
    """Bring the database to the schema of this code, and seal everything with the newest key."""
    if env.get("DYNO", "").startswith("release."):
        _check(env)  # what fails here never replaces the listener that runs
    url = read_database_url(env)
    migrations.migrate(url)
    database = open_database(url)
    try:
        with database.begin() as conn:
            log.info("migrated", revision=migrations.version(conn), newer=migrations.is_newer(conn))
        _seal_anew(database, env)
    finally:
        database.dispose()
    return 0


def _check(env: Environment) -> None:
    """Check every setting, and what is loaded late: what takes too much memory in a web process."""
    from listener.core import pattern
    from listener.services import notify_setting

    pattern.parse("*")  # with RE2, which some image may lack
    if faults := notify_setting.faults(read(env).notify):
        raise BadSettings(faults)


def _seal_anew(database: Database, env: Environment) -> None:
    if is_anything_sealed(database):
        done = reseal(database, Keys(read_secret_keys(env)))
        log.info("resealed", renewed=done.renewed, cannot_be_opened=done.broken)


def worker(env: Environment) -> int:
    """Promote, without answering requests, until told to stop."""
    settings = read(env)
    from listener.app import assemble
    from listener.worker.supervisor import Supervisor

    # The setting speaks of web processes: 0 there means that this one does the work.
    shift = Supervisor(assemble(settings).context, promoting=max(settings.runners, 1))
    process_memory.settle()
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    shift.begin()
    stopping.wait()
    shift.end()
    return 0


def run(env: Environment) -> int:
    """Run the listener here, with a PostgreSQL of its own where DATABASE_URL is unset."""
    if env.get("DATABASE_URL"):
        return _serve(env)
    with server(home(Path.cwd())) as url:
        return _serve({**env, "DATABASE_URL": url})


def _serve(env: Environment) -> int:
    read(env)
    migrate(env)
    command = [sys.executable, "-m", "gunicorn", "--config", str(GUNICORN_CONF)]
    with subprocess.Popen([*command, "listener.app:create_app()"], env=dict(env)) as gunicorn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches gunicorn by itself
        signal.signal(signal.SIGTERM, lambda *_: gunicorn.terminate())
        return gunicorn.wait()


def describe(_: Environment) -> int:
    """Print the description of the API, as `/openapi.json` tells it."""
    from listener.api.openapi import described
    from listener.app import routes

    sys.stdout.write(json.dumps(described(routes())))
    return 0


COMMANDS: dict[str, Callable[[Environment], int]] = {
    "migrate": migrate,
    "worker": worker,
    "run": run,
    "describe": describe,
}


def main(words: list[str], env: Environment) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m listener", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__)
    chosen = parser.parse_args(words).command
    logs.configure()
    try:
        return COMMANDS[chosen](env)
    except (BadSettings, migrations.Unusable) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
