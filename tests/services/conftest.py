"""An office for each test, with a staging app and two production apps at its Heroku."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from emulator.pace import Pace
from emulator.world import World
from listener.db.engine import Database
from tests.leaping import Leaping
from tests.services.letterbox import Letterbox
from tests.services.office import EU, PROD, STAGING, Office

OpenOffice = Callable[..., Office]


@pytest.fixture
def database(emptied: Database) -> Database:
    """A database with nothing in it."""
    return emptied


@pytest.fixture
def heroku_clock() -> Leaping:
    """The clock of an office's Heroku."""
    return Leaping()


@pytest.fixture
def open_office(database: Database, heroku_clock: Leaping) -> Iterator[OpenOffice]:
    """Opens an office, with a Heroku that has no apps yet."""
    letterbox = Letterbox()
    world = World(pace=Pace(event_gap=0.0), transport=letterbox, clock=heroku_clock)
    yield partial(Office, database, world, letterbox)
    world.close()


@pytest.fixture
def office(open_office: OpenOffice) -> Office:
    """Every desk, and three apps, each with a deploy of its own."""
    made = open_office()
    for name in (STAGING, PROD, EU):
        made.make_app(name)
    return made
