"""The whole API in this process, on a database of its own; its runners stand still."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from listener.app import Parts, assemble
from listener.config import Settings
from listener.db.engine import Database
from tests.api.login_scene import Scene, setting
from tests.api.source import Source
from tests.logins import bearer, token_of
from tests.standing import listener_of

SECRET_KEY = "k" * 32
ADMIN, APPROVER, VIEWER, STRANGER = (f"{name}@example.com" for name in ("ana", "bo", "cy", "zoe"))


@pytest.fixture
def database_url(shared_database: tuple[str, Database], emptied: Database) -> str:
    """The URL of a migrated database with nothing in it."""
    return shared_database[0]


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A listener with one person in each role."""
    return Settings(
        database_url=database_url,
        secret_keys=(SECRET_KEY,),
        heroku_api_key="HRKU-test",
        admins=(ADMIN,),
        approvers=(APPROVER,),
        viewers=(VIEWER,),
        metrics_token="scrape-me",
        heroku_api_url="http://127.0.0.1:9",  # nobody is there
    )


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    """What the app works with."""
    made = assemble(settings)
    yield made
    made.close()


@pytest.fixture
def app(parts: Parts) -> Flask:
    """The app."""
    return listener_of(parts)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Requests to the app."""
    return app.test_client()


@pytest.fixture
def as_(parts: Parts) -> Callable[[str], dict[str, str]]:
    """The headers of a request by somebody who is logged in."""

    def headers(email: str) -> dict[str, str]:
        return bearer(token_of(parts.database, parts.keys, email))

    return headers


@pytest.fixture
def source(parts: Parts) -> Source:
    """A staging app that is subscribed to."""
    return Source(parts, "acme-staging")


@pytest.fixture
def scene(settings: Settings) -> Iterator[Scene]:
    """A listener with an OAuth client, before an emulated Heroku."""
    with setting(settings) as made:
        yield made
