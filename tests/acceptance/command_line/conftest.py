"""One listener for all tests of this folder; each test uses apps and rules of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command_line.people import (
    APPROVER_TOKEN,
    ROLES,
    STRANGER_TOKEN,
    VIEWER_TOKEN,
    login_file,
)
from tests.acceptance.town import ADMIN_TOKEN, Heroku, Town
from tests.cli.program import Autopromote
from tests.db import clean


@pytest.fixture(scope="session")
def heroku(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heroku]:
    """The emulator, which knows a person of each role, and one of none."""
    heroku = Heroku(tmp_path_factory.mktemp("heroku") / "emulator.log")
    for token, person in (
        (VIEWER_TOKEN, "vic@viewers.example"),
        (APPROVER_TOKEN, "abe@approvers.example"),
        (STRANGER_TOKEN, "eve@elsewhere.example"),
    ):
        heroku.control("tokens", {"token": token, "email": person})
    yield heroku
    heroku.close()


@pytest.fixture(scope="session")
def town(
    heroku: Heroku, postgres: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """One dyno for all."""
    with clean.shared_database(postgres, migrated, "command_line") as (database_url, _):
        town = Town(heroku, database_url, tmp_path_factory.mktemp("town"))
        try:
            town.start(second=False, AUTOPROMOTE_ALLOW_PRIVATE_CHECKS="1", **ROLES)
            town.cli("login")
            yield town
        finally:
            town.close()


@pytest.fixture
def person(town: Town, tmp_path: Path) -> Autopromote:
    """The program of somebody who has not logged in yet, with Heroku's credential of an admin."""
    home, directory, programs = (tmp_path / name for name in ("home", "directory", "bin"))
    for folder in (home, directory, programs):
        folder.mkdir()
    env = {
        "AUTOPROMOTE_URL": town.url,
        "HEROKU_API_URL": town.heroku.url,
        "HEROKU_API_KEY": ADMIN_TOKEN,
    }
    return Autopromote(home, directory, programs, env)


@pytest.fixture
def ana(person: Autopromote, town: Town, logins: dict[str, bytes]) -> Autopromote:
    """The program of an admin who is logged in."""
    file = login_file(person)
    if town.url not in logins:
        assert person("login").code == 0
        logins[town.url] = file.read_bytes()
    else:
        file.parent.mkdir(mode=0o700, parents=True)
        file.touch(mode=0o600)
        file.write_bytes(logins[town.url])
    return person


@pytest.fixture(scope="session")
def logins() -> dict[str, bytes]:
    """The login files that the program wrote at each listener."""
    return {}
