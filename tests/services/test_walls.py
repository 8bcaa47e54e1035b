"""A wall's screen: how long it stands, and that a crowd has it made by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from listener.db.engine import Database
from listener.db.walls import WallRow
from listener.inventory.changes import Changes
from listener.services.walls import FORGOTTEN_AFTER, SHOWN_FOR, WallsDesk
from tests.services.office import Office

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WALL = WallRow("1", "lobby", [], False, "ana@example.com", NOON, NOON, None, None)


class Clock:
    """A clock that stands still."""

    now = -100.0  # longer ago than any answer stands by the machine's clock

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the desk."""
    return Clock()


@pytest.fixture
def changes() -> Changes:
    """What a process hears of."""
    return Changes()


@pytest.fixture
def desk(database: Database, office: Office, changes: Changes, clock: Clock) -> WallsDesk:
    """A desk that was asked for one screen."""
    made = WallsDesk(database, office.keys, changes, clock=clock)
    assert made.screen(WALL) is None
    made.keep(WALL, b"page", '"tag"', changes.number)
    return made


def test_whatever_changes_a_screen_stands_for_a_moment(
    desk: WallsDesk, changes: Changes, clock: Clock
) -> None:
    changes.heard()

    found = desk.screen(WALL)

    assert found is not None
    assert (found.page, found.tag) == (b"page", '"tag"')
    clock.now += SHOWN_FOR
    assert desk.screen(WALL) is None


def test_while_one_makes_it_anew_all_others_are_shown_the_old_one(
    desk: WallsDesk, changes: Changes, clock: Clock
) -> None:
    changes.heard()
    clock.now += SHOWN_FOR

    answers = [desk.screen(WALL) for _ in range(3)]

    assert [found is None for found in answers] == [True, False, False]
    clock.now += SHOWN_FOR  # whoever was to make it did not
    assert desk.screen(WALL) is None
    desk.keep(WALL, b"newer", '"other"', changes.number)
    found = desk.screen(WALL)
    assert found is not None
    assert found.page == b"newer"


def test_what_nobody_looks_at_is_forgotten(desk: WallsDesk, changes: Changes, clock: Clock) -> None:
    other = replace(WALL, id="2")
    clock.now += FORGOTTEN_AFTER

    desk.keep(other, b"page", '"tag"', changes.number)

    # Of what is only old, the second one who asks is shown the old one.
    assert [desk.screen(WALL) for _ in range(2)] == [None, None]
    assert desk.screen(other) is not None
