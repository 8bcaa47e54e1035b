"""An empty database for each test, and one with two apps in it."""

from __future__ import annotations

import pytest

from listener.core.app import App
from listener.db import apps
from listener.db.engine import Database

SOURCE = App("app-source", "acme-staging", "heroku-24")
TARGET = App("app-target", "acme-prod", "heroku-24")


@pytest.fixture
def database(emptied: Database) -> Database:
    """A source and a target."""
    with emptied.begin() as conn:
        for app in (SOURCE, TARGET):
            apps.ensure(conn, app)
    return emptied
