"""A stage for each test, with a staging app and two production apps at its Heroku."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.world import World
from listener.store.engine import Database, open_database
from tests.steps.stage import EU, PROD, STAGING, Stage


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The test's own database."""
    opened = open_database(database_url, pool_size=4)
    yield opened
    opened.dispose()


@pytest.fixture
def world() -> Iterator[World]:
    """An empty Heroku."""
    made = World()
    yield made
    made.close()


@pytest.fixture
def bare(database: Database, world: World) -> Stage:
    """Three apps, each with a deploy of its own, and no rule."""
    made = Stage(database, world)
    for name in (STAGING, PROD, EU):
        made.make_app(name)
    return made


@pytest.fixture
def stage(bare: Stage) -> Stage:
    """The same with a rule from staging to production."""
    bare.add_rule()
    return bare
