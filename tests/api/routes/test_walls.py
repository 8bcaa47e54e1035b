"""Walls: who makes and ends a link that shows lanes, of which apps, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.routes.caller import Caller
from tests.api.routes.conftest import ADMIN
from tests.api.routes.teams import Town
from tests.services.office import EU, PROD, PUBLIC_URL, STAGING, Office

PATH = "/api/walls"
WISH = {"name": "lobby", "apps": [STAGING, PROD]}


@pytest.fixture
def made(admin: Caller, office: Office) -> Any:
    """A wall of the one lane that there is."""
    office.add_rule()
    return admin.post(PATH, WISH)


def test_the_address_is_told_once_and_is_stored_nowhere(
    made: Any, admin: Caller, viewer: Caller, office: Office
) -> None:
    url = made.pop("url")
    assert url.startswith(f"{PUBLIC_URL}/wall/")
    assert (made.pop("lanes"), made.pop("in_no_lane")) == (["acme"], [])
    assert (made["name"], made["names"], made["made_by"]) == ("lobby", False, ADMIN)
    assert [app["name"] for app in made["apps"]] == [STAGING, PROD]
    ends = datetime.fromisoformat(made["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=366)) < timedelta(minutes=1)

    assert viewer.get(PATH) == [made]
    link = url.rpartition("/")[2]
    with office.database.begin() as conn:
        for table in ("wall", "audit_entry"):
            assert link not in str(conn.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608


def test_it_costs_heroku_no_call(admin: Caller, office: Office) -> None:
    office.add_rule()
    office.calls()

    admin.post(PATH, WISH)

    assert office.calls() == []


def test_of_apps_in_no_lane_the_maker_is_told(admin: Caller, office: Office) -> None:
    office.add_rule()
    office.add_rule("later", source=PROD, targets=(EU,))

    made = admin.post(PATH, {"name": "lobby", "apps": [STAGING, EU]})

    assert made["lanes"] == []
    assert [app["name"] for app in made["in_no_lane"]] == [STAGING, EU]


@pytest.mark.parametrize(
    "wish",
    [
        {"apps": []},
        {"apps": ["acme-none"]},
        {"apps": ["acme-*"]},
        {"apps": [STAGING] * 301},
        {"name": "Has Spaces"},
        {"name": "a/b"},
        {"expires_at": "2020-01-31T18:00:00Z"},
        {"expires_at": "2190-01-31T18:00:00Z"},
        {"made_by": "bo@example.com"},
    ],
)
def test_what_is_no_wall_is_refused(admin: Caller, office: Office, wish: dict[str, object]) -> None:
    office.add_rule()

    assert admin.refused("POST", PATH, {**WISH, **wish})[:2] == (422, "invalid_params")
    assert admin.get(PATH) == []


def test_a_name_is_one_s_until_it_is_removed_or_over(
    made: Any, admin: Caller, office: Office
) -> None:
    assert admin.refused("POST", PATH, WISH)[:2] == (409, "wall_exists")
    assert admin.delete(f"{PATH}/lobby")["name"] == "lobby"
    assert admin.refused("DELETE", f"{PATH}/lobby")[:2] == (404, "wall_not_found")
    again = admin.post(PATH, WISH)
    with office.database.begin() as conn:
        conn.execute(text("UPDATE wall SET expires_at = now()"))
    assert admin.get(PATH) == []
    assert admin.post(PATH, WISH)["url"] not in (made["url"], again["url"])


def test_what_ended_long_ago_is_forgotten(made: Any, admin: Caller, office: Office) -> None:
    for days, left in ((89, 2), (91, 1)):
        with office.database.begin() as conn:
            values = {"over": datetime.now(UTC) - timedelta(days=days)}
            conn.execute(text("UPDATE wall SET removed_at = :over"), values)
        admin.post(PATH, WISH)
        with office.database.begin() as conn:
            assert conn.execute(text("SELECT count(*) FROM wall")).scalar_one() == left


def test_the_audit_tells_who_made_and_who_ended_it(
    made: Any, admin: Caller, office: Office
) -> None:
    admin.delete(f"{PATH}/lobby")

    created, removed = office.audit()[-2:]
    assert (created.action, removed.action) == ("wall.created", "wall.removed")
    assert (created.by, created.subject_type, created.subject_id) == (ADMIN, "wall", "lobby")
    assert created.after == removed.before
    assert created.after["apps"] == [PROD, STAGING]


def test_a_renamed_app_stays_on_it(made: Any, viewer: Caller, office: Office) -> None:
    with office.database.begin() as conn:
        conn.execute(text("UPDATE app SET name = 'acme-live' WHERE name = :old"), {"old": PROD})

    [wall] = viewer.get(PATH)

    assert [app["name"] for app in wall["apps"]] == [STAGING, "acme-live"]


@pytest.mark.parametrize("apps", [["shop-staging"], ["pay-staging", "shop-prod"]])
def test_an_admin_of_some_apps_names_these_alone(town: Town, apps: list[str]) -> None:
    admin = town.caller("admin.pay")
    unknown = {"name": "x", "apps": [name.replace("shop", "none") for name in apps]}

    refused = admin.refused("POST", PATH, {"name": "x", "apps": apps})

    assert refused[0] == 422
    assert refused[2].replace("shop", "none") == admin.refused("POST", PATH, unknown)[2]


def test_who_sees_one_app_of_a_wall_sees_no_wall(town: Town) -> None:
    made = {"name": "both", "apps": ["pay-prod", "shop-prod"]}
    town.caller("ana").post(PATH, made)
    admin = town.caller("admin.pay")

    assert [wall["name"] for wall in admin.get(PATH)] == ["pay"]
    assert admin.refused("DELETE", f"{PATH}/both")[0] == 404
    assert [wall["name"] for wall in town.caller("both").get(PATH)] == ["both", "pay", "shop"]
