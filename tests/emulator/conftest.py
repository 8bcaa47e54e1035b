"""A world whose time stands still, with a staging and a production app that Ana and a robot use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from emulator.world import World
from tests.emulator.callers import ANA, EVE, Caller, Receiver, make_world, with_apps
from tests.standing import emulator_of


@pytest.fixture
def receiver() -> Receiver:
    """Where deliveries arrive."""
    return Receiver()


@pytest.fixture
def world(receiver: Receiver) -> Iterator[World]:
    """A world whose time stands still, with accounts and nothing else."""
    made = make_world(receiver)
    yield made
    made.close()


@pytest.fixture
def app(world: World) -> Flask:
    """The API in front of the world."""
    return emulator_of(world)


@pytest.fixture
def caller_of(app: Flask) -> Iterator[Callable[[str], Caller]]:
    """Make a caller for an account."""
    with ExitStack() as stack:

        def make(email: str) -> Caller:
            caller = Caller(app, email)
            stack.callback(caller.close)
            return caller

        yield make


@pytest.fixture
def ana(caller_of: Callable[[str], Caller]) -> Caller:
    """Ana, who owns the apps staging and production; the robot may use them, Eve may not."""
    return with_apps(caller_of(ANA))


@pytest.fixture
def eve(caller_of: Callable[[str], Caller], ana: Caller) -> Caller:
    """Somebody with an account and nothing else."""
    return caller_of(EVE)
