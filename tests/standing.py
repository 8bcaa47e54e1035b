"""The Flask apps of both sides, built once: to build one takes longer than most tests do."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from flask import Flask

from emulator.api.caller import EXTENSION
from emulator.app import REFUSE, create_app
from emulator.door import Door
from emulator.world import World
from listener.app import Parts, build, services_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_listeners: list[Flask] = []


def emulator_of(world: World) -> Flask:
    """Return the emulator's app, in front of this world from now on."""
    app, inner = _emulator()
    app.extensions[EXTENSION] = world
    app.extensions.pop(REFUSE, None)  # of the socket of another test
    app.wsgi_app = Door(inner, world)  # type: ignore[method-assign]
    return app


@cache
def _emulator() -> tuple[Flask, WSGIApplication]:
    app = create_app()
    return app, partial(Flask.wsgi_app, app)


def listener_of(parts: Parts) -> Flask:
    """Return the listener's app, with the services of these parts from now on.

    It counts the requests of all tests: whoever reads its metrics builds an app of their own.
    """
    if not _listeners:
        _listeners.append(build(parts))
    app = _listeners[0]
    services_of(parts).join(app)
    return app
