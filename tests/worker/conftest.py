"""A stage for each test, with a staging app and two production apps at its Heroku."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from emulator.app import create_app
from emulator.world import World
from listener.core import promotion
from listener.db.engine import Database
from tests.leaping import Leaping
from tests.worker.emulated import EU, PROD, STAGING, Emulated
from tests.worker.site import Site
from tests.worker.stage import Stage
from tests.worker.verified import verified


@pytest.fixture
def database(emptied: Database) -> Database:
    """A database with nothing in it."""
    return emptied


@pytest.fixture(scope="session")
def one_clock() -> Leaping:
    """The clock of the Heroku of all these tests."""
    return Leaping()


@pytest.fixture(scope="session")
def one_heroku(one_clock: Leaping) -> Iterator[httpx.BaseTransport]:
    """The way to the Heroku of all these tests."""
    world = World(clock=one_clock)
    yield httpx.WSGITransport(create_app(world).wsgi_app)
    world.close()


@pytest.fixture
def heroku_clock(one_clock: Leaping) -> Leaping:
    """Heroku's clock, set right again."""
    one_clock.reset()
    return one_clock


@pytest.fixture
def heroku(one_heroku: httpx.BaseTransport, heroku_clock: Leaping) -> httpx.BaseTransport:
    """The way to a Heroku with nothing in it."""
    Emulated(one_heroku).clear()
    return one_heroku


@pytest.fixture
def bare(database: Database, heroku: httpx.BaseTransport) -> Stage:
    """Three apps, each with a deploy of its own, and no rule."""
    made = Stage(database, heroku)
    for name in (STAGING, PROD, EU):
        made.make_app(name)
    return made


@pytest.fixture
def stage(bare: Stage) -> Stage:
    """The same with a rule from staging to production."""
    bare.add_rule()
    return bare


@pytest.fixture
def fresh_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """No list gets old within a step, so that a slow machine counts no call twice."""
    for name in ("FRESH_FOR", "FRESH_FROM_ARRIVAL"):
        monkeypatch.setattr(promotion, name, timedelta(minutes=1))


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that is well until told otherwise."""
    with Site().open() as made:
        yield made


@pytest.fixture
def rolling(bare: Stage, site: Site) -> Stage:
    """A rule that goes back by itself."""
    return verified(bare, site, on_failure="rollback")
