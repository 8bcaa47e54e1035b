"""One emulator and one Heroku CLI for all tests of this folder; each test uses apps of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.town import Heroku, Town
from tests.heroku_cli.official import OfficialCli, packed

# `make test-heroku-cli` says where the CLI is. Nothing here is collected without it, so that all
# other tests need no Node.js.
PROGRAM = os.environ.get("HEROKU_CLI")
collect_ignore_glob = [] if PROGRAM else ["test_*.py"]


@pytest.fixture(scope="session")
def heroku(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heroku]:
    """The emulator."""
    emulator = Heroku(tmp_path_factory.mktemp("heroku") / "emulator.log")
    yield emulator
    emulator.close()


@pytest.fixture(scope="session")
def cli(heroku: Heroku, tmp_path_factory: pytest.TempPathFactory) -> OfficialCli:
    """The Heroku CLI, with our plugin installed into it from its tarball."""
    home, directory = (tmp_path_factory.mktemp(name) for name in ("home", "directory"))
    cli = OfficialCli(Path(PROGRAM or ""), home, directory, heroku.url)
    installed = cli("plugins:install", f"file:{packed()}")
    assert installed.code == 0, installed
    assert "This plugin may not work" not in installed.stderr
    return cli


@pytest.fixture(scope="session")
def town(heroku: Heroku, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A listener that compares every app with what it knows once a second."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE heroku_cli")
    database_url = postgres.replace("/postgres?", "/heroku_cli?")
    town = Town(heroku, database_url, tmp_path_factory.mktemp("town"))
    try:
        town.migrate()
        town.start(AUTOPROMOTE_RECONCILE="1s")
        yield town
    finally:
        town.close()
