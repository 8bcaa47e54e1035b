"""`GET /api/rules/RULE/calendar`: when a rule's promotions may go, for the next two weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from listener.core.opening_words import local
from listener.db import holds, tables
from listener.services.holds import NewHold
from tests.api.routes.caller import Caller
from tests.services.office import ANA, EU, PROD, Office

NIGHT = "daily 22:00-06:00 UTC"


def test_it_has_a_day_for_each_of_two_weeks(viewer: Caller, office: Office) -> None:
    office.add_rule(name="ship", conditions={"windows": [NIGHT], "closed": ["holidays GB"]})

    found = viewer.get("/api/rules/ship/calendar")

    (calendar,) = found["calendars"]
    assert (found["rule"]["name"], found["mode"], found["zone"]) == ("ship", "armed", "UTC")
    assert [app["name"] for app in calendar["targets"]] == [PROD]
    days = calendar["days"]
    today = datetime.fromisoformat(found["at"]).date()
    dates = [(today + timedelta(days=n)).isoformat() for n in range(14)]
    assert [day["date"] for day in days] == dates
    open_days = [day for day in days if not day["stops"]]
    assert open_days
    for day in open_days:
        assert day["hours"] == ["00:00–06:00", "22:00–24:00"]
        assert day["open"][0]["from"] == day["from"]
        assert day["open"][1]["until"] == day["until"]


def test_targets_with_holds_of_their_own_have_their_own_calendar(
    viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship", targets=(PROD, EU))
    office.holds.put(NewHold(app=EU, reason="broken"), by=ANA)

    free, held = viewer.get("/api/rules/ship/calendar")["calendars"]

    assert free["message"] == "Open now."
    assert free["opens_at"] is not None
    assert free["holds"] == []
    assert [app["name"] for app in held["targets"]] == [EU]
    assert held["message"] == "Nothing goes until the hold is released."
    assert held["opens_at"] is None
    assert [(hold["reason"], hold["until"]) for hold in held["holds"]] == [("broken", None)]
    assert {stop["kind"] for day in held["days"] for stop in day["stops"]} == {"hold"}
    assert all(day["notes"] for day in held["days"])


def test_a_rule_that_closes_all_its_windows_has_no_opening_in_sight(
    viewer: Caller, office: Office
) -> None:
    times = {"windows": ["daily 10:00-11:00 UTC"], "closed": ["daily 09:00-12:00 UTC"]}
    office.add_rule(name="ship", conditions=times)

    (calendar,) = viewer.get("/api/rules/ship/calendar")["calendars"]

    assert calendar["opens_at"] is None
    assert calendar["message"].startswith("No opening is in sight")
    assert not any(day["open"] for day in calendar["days"])


def test_a_rule_with_a_condition_that_cannot_be_read_lets_nothing_go(
    viewer: Caller, office: Office
) -> None:
    rule = office.add_rule(name="ship")
    with office.database.begin() as conn:
        conn.execute(
            update(tables.rule)
            .where(tables.rule.c.id == rule.row.id)
            .values(conditions={"windows": ["Mon 09:00-25:00 UTC"]})
        )

    (calendar,) = viewer.get("/api/rules/ship/calendar")["calendars"]

    assert calendar["message"] == "Nothing goes: a condition cannot be read."
    assert (calendar["opens_at"], calendar["open_until"]) == (None, None)
    assert not any(day["open"] for day in calendar["days"])


def test_what_is_open_says_until_when_and_what_is_shut_when_it_opens(
    viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship", targets=(PROD, EU))
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    tomorrow, later = now + timedelta(days=1), now + timedelta(days=2)
    with office.database.begin() as conn:
        for app, begin, end in ((PROD, tomorrow, later), (EU, None, tomorrow)):
            id_ = office.app(app).id
            holds.put(conn, id_, reason="fair", by=ANA, kind="freeze", starts_at=begin, ends_at=end)

    going, shut = viewer.get("/api/rules/ship/calendar")["calendars"]

    at = local(tomorrow, "UTC", now=now)
    assert (going["message"], shut["message"]) == (f"Open now, until {at}.", f"Opens {at}.")
    assert datetime.fromisoformat(going["open_until"]) == tomorrow
    assert datetime.fromisoformat(shut["opens_at"]) == tomorrow
