"""The whole API in this process, before an office with an emulated Heroku, and three people."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from listener.app import Parts
from listener.config import Settings
from listener.inventory import changes
from listener.roles import Roles
from listener.services.status import MARK
from tests.api.routes.caller import Caller
from tests.api.routes.teams import Town, town_of
from tests.services.conftest import OpenOffice, database, heroku_clock, office, open_office
from tests.services.letterbox import Answering
from tests.services.office import PUBLIC_URL, TOKEN, Office
from tests.standing import listener_of

__all__ = ["database", "heroku_clock", "office", "open_office"]

ADMIN, APPROVER, VIEWER = (f"{role}@example.com" for role in ("ana", "bo", "cy"))


@pytest.fixture
def client(office: Office, database_url: str) -> FlaskClient:
    """Requests to the app; its runners stand still."""
    settings = Settings(
        database_url=database_url,
        secret_keys=("k" * 32,),
        heroku_api_key=TOKEN,
        admins=(ADMIN,),
        approvers=(APPROVER,),
        viewers=("*@example.com",),
        heroku_api_url="http://localhost",
        public_url=PUBLIC_URL,
    )
    roles = Roles(admins=settings.admins, approvers=settings.approvers, viewers=settings.viewers)
    outside = Answering({MARK: office.keys.mark})
    context = replace(office.context, public_url=PUBLIC_URL)
    parts = Parts(settings, context, office.keys, roles, outside=outside)
    return listener_of(parts).test_client()


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an open page was answered stands until a change is heard, however slow a machine is."""
    for name in ("HEARD_FOR", "UNHEARD_FOR"):
        monkeypatch.setattr(changes, name, 3600.0)


@pytest.fixture
def admin(client: FlaskClient, office: Office) -> Caller:
    """Who may do everything."""
    return Caller(client, office.database, office.keys, ADMIN)


@pytest.fixture
def approver(client: FlaskClient, office: Office) -> Caller:
    """Who may promote, cancel and hold, but change no rule."""
    return Caller(client, office.database, office.keys, APPROVER)


@pytest.fixture
def viewer(client: FlaskClient, office: Office) -> Caller:
    """Who may only look."""
    return Caller(client, office.database, office.keys, VIEWER)


@pytest.fixture
def town(open_office: OpenOffice, database_url: str) -> Town:
    """A listener of two teams."""
    return town_of(open_office(), database_url)
