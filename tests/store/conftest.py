"""An empty database for each test, and one with two apps in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listener.apps import App
from listener.store import apps
from listener.store.engine import Database
from tests.store import clean

SOURCE = App("app-source", "acme-staging", "heroku-24")
TARGET = App("app-target", "acme-prod", "heroku-24")


@pytest.fixture(scope="session")
def one_database(postgres: str, migrated: str) -> Iterator[Database]:
    """The database of all these tests."""
    with clean.shared_database(postgres, migrated, "store_of_tests") as database:
        yield database


@pytest.fixture
def database(one_database: Database) -> Database:
    """A source and a target."""
    clean.empty(one_database)
    with one_database.begin() as conn:
        for app in (SOURCE, TARGET):
            apps.ensure(conn, app)
    return one_database
