"""Troubles over HTTP: shown wherever people look, and by readyz without any app's name."""

from __future__ import annotations

from typing import Any

import pytest

from listener.api.troubles import Trouble
from listener.core.trouble import Cause
from listener.db import apps, troubles
from tests.api.routes.caller import Caller
from tests.services.office import PROD, STAGING, Office


@pytest.fixture
def troubled(admin: Caller, office: Office) -> Office:
    """An office whose key was revoked, as two apps show."""
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    with office.context.database.begin() as conn:
        for name in (STAGING, PROD):
            row = apps.find(conn, name)
            assert row is not None
            troubles.note(conn, Cause.TOKEN, f"app {row.id}", "Invalid credentials.", [row.id])
    return office


def broken(office: Office, times: int) -> None:
    """A step of a promotion breaks so often in a row."""
    with office.context.database.begin() as conn:
        for _ in range(times):
            troubles.note(conn, Cause.BROKEN, "step promotion 12", "Work on promotion 12 broke.")


@pytest.mark.usefixtures("troubled")
def test_what_stops_everything_is_shown_once(viewer: Caller) -> None:
    [said] = viewer.get("/api/troubles")
    assert (said["cause"], said["title"]) == ("token", "Heroku does not accept the listener's key")
    assert said["message"] == "Invalid credentials."
    assert said["mend"].startswith("heroku config:set -a LISTENER HEROKU_API_KEY=")
    Trouble.model_validate(said, extra="forbid")


@pytest.mark.usefixtures("troubled")
def test_it_is_explained_beside_a_release(viewer: Caller) -> None:
    view = viewer.get(f"/api/apps/{STAGING}/explanation")
    assert [each["cause"] for each in view["troubles"]] == ["token"]


@pytest.mark.usefixtures("troubled")
def test_readyz_stays_ready_tells_the_cause_and_names_no_app(viewer: Caller) -> None:
    answer = viewer.client.get("/readyz")
    assert answer.status_code == 200
    [said] = answer.get_json()["troubles"]
    assert sorted(said) == ["cause", "since"]
    assert said["cause"] == "token"


def test_a_step_is_shown_after_it_broke_three_times_in_a_row(
    viewer: Caller, office: Office
) -> None:
    broken(office, 2)
    assert viewer.get("/api/troubles") == []
    broken(office, 1)
    [said] = viewer.get("/api/troubles")
    assert (said["cause"], said["times"], said["apps"]) == ("broken", 3, [])


def test_an_app_shows_what_concerns_it(viewer: Caller, office: Office, admin: Caller) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    with office.context.database.begin() as conn:
        row = apps.find(conn, PROD)
        assert row is not None
        troubles.note(conn, Cause.GONE, f"app {row.id}", "Couldn't find that app.", [row.id])

    def causes(query: str) -> list[Any]:
        return [each["title"] for each in viewer.get(f"/api/troubles{query}")]

    assert causes("") == causes(f"?app={PROD}") == [f"Heroku shows no {PROD}"]
    assert causes(f"?app={STAGING}") == []


def test_the_doctor_tells_what_lasts(troubled: Office) -> None:
    assert [each for each in troubled.examine() if each.name == "trouble"] == []
    with troubled.context.database.begin() as conn:
        conn.exec_driver_sql("UPDATE trouble SET since = since - interval '10 min'")
    [found] = [each for each in troubled.examine() if each.name == "trouble"]
    assert found.message.startswith("Heroku does not accept the listener's key since ")
    assert (found.state, found.why) == ("broken", "Invalid credentials.")
