"""A fresh town for each test: its own emulator and database, dynos as the test starts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.town import Heroku, Town


@pytest.fixture
def heroku(tmp_path: Path) -> Iterator[Heroku]:
    """The emulator as a process of its own."""
    emulator = Heroku(tmp_path / "emulator.log")
    yield emulator
    emulator.close()


@pytest.fixture
def bare_town(heroku: Heroku, database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A migrated database and no dyno yet."""
    town = Town(heroku, database_url, tmp_path)
    town.migrate()
    yield town
    town.close()


@pytest.fixture
def town(bare_town: Town) -> Town:
    """One dyno is up."""
    bare_town.start()
    return bare_town
