"""Whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from emulator.world import World
from listener.db.engine import Database
from listener.db.tables import hold, release
from tests.leaping import Leaping
from tests.standing import emulator_of
from tests.worker.machine import Machine
from tests.worker.stage import Stage

SETTINGS = settings(
    max_examples=20,
    print_blob=False,
    stateful_step_count=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def heroku_clock() -> Leaping:
    """The clock of a Heroku of its own."""
    return Leaping()


@pytest.fixture
def empty(database: Database, heroku_clock: Leaping) -> Iterator[Stage]:
    """A stage with no app; what Heroku dates stands as that clock says."""
    world = World(clock=heroku_clock)
    stage = Stage(database, httpx.WSGITransport(emulator_of(world).wsgi_app))
    stage.unshifted = frozenset({hold.c.foreign_at, release.c.created_at, release.c.updated_at})
    yield stage
    world.close()


def test_never_twice_never_back_never_over_somebody_never_during_a_hold(
    empty: Stage, heroku_clock: Leaping
) -> None:
    clock = heroku_clock

    class Staged(Machine):
        """The machine on this test's stage."""

        stage, heroku_clock = empty, clock

    run_state_machine_as_test(Staged, settings=SETTINGS)
