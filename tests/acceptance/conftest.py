"""A town for each test, on one emulator; its dyno goes on where a test left it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.lasting import Lasting
from tests.acceptance.town import Heroku, Town
from tests.db import clean


@pytest.fixture(scope="session")
def one_heroku(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heroku]:
    """The emulator of all these tests, as a process of its own."""
    emulator = Heroku(tmp_path_factory.mktemp("heroku") / "emulator.log")
    yield emulator
    emulator.close()


@pytest.fixture
def heroku(one_heroku: Heroku) -> Heroku:
    """The emulator with no app in it."""
    one_heroku.clear()
    return one_heroku


@pytest.fixture(scope="session")
def lasting(
    one_heroku: Heroku, postgres: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lasting]:
    """The town whose dyno goes on from test to test."""
    with clean.shared_database(postgres, migrated, "town") as (url, database):
        lasting = Lasting(one_heroku, url, database, tmp_path_factory)
        yield lasting
        lasting.close()


@pytest.fixture
def town(heroku: Heroku, lasting: Lasting, tmp_path: Path) -> Iterator[Town]:
    """One dyno is up, and there is nothing in its database."""
    yield lasting.open(tmp_path)
    lasting.settle()


@pytest.fixture
def bare_town(heroku: Heroku, database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A migrated database and no dyno yet."""
    town = Town(heroku, database_url, tmp_path)
    yield town
    town.close()
