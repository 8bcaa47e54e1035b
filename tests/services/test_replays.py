"""A delivery is decided anew: what was missed is made, and nothing is made twice."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from listener.core.promotion import Status
from listener.errors import Conflict, NotFound
from tests.bound import Bound
from tests.services.office import ANA, BO, STAGING, Office


@pytest.fixture
def told(office: Office) -> Office:
    """An office with a rule, whose source Heroku told of."""
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    office.add_rule()
    office.deploy(STAGING)
    office.receive()
    office.work()
    return office


def replayed(office: Office, id: str = "1") -> str | None:
    """Replay a delivery; answers what came of it."""
    desk = Bound(office.context, "replay")
    anew = desk.replay(id, by=BO)
    assert anew.row.outcome is None
    assert desk.replay(id, by=BO) == anew  # said twice
    office.work()
    outcome: str | None = desk.get(id).row.outcome
    return outcome


def test_what_was_posted_is_not_posted_again(told: Office) -> None:
    before, releases = told.found(), told.releases("acme-prod")
    outcome = Bound(told.context, "replay").get("1").row.outcome
    assert replayed(told) == outcome
    assert told.found() == before
    assert told.releases("acme-prod") == releases


def test_what_was_missed_is_made(told: Office) -> None:
    with told.database.begin() as conn:  # as if an older listener had overlooked it
        for table in ("shipment", "promotion_event", "notice", "post"):
            conn.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names of ours
        conn.execute(text("DELETE FROM promotion"))
        conn.execute(text("UPDATE app SET known_version = NULL, known_artifact = NULL"))
    told.deploy_same("acme-prod", "acme-prod-eu")
    assert told.found() == []
    outcome = replayed(told)
    [made] = told.found()
    assert outcome is not None
    assert f"promotion {made.id}" in outcome
    assert made.status is not Status.POSTING


def test_who_asked_is_in_the_audit_once_a_time(told: Office) -> None:
    replayed(told)
    entries = [row for row in told.audit() if row.action == "delivery.replayed"]
    assert [(row.by, row.subject_id, row.subject_name) for row in entries] == [(BO, "1", STAGING)]


def test_what_names_no_release_cannot_be_decided(told: Office) -> None:
    with told.database.begin() as conn:
        conn.execute(text("UPDATE delivery SET release_id = NULL"))
    with pytest.raises(Conflict, match="names no release"):
        Bound(told.context, "replay").replay("1", by=BO)


@pytest.mark.parametrize("id", ["99999", "x", "-1"])
def test_what_is_not_there_is_not_found(told: Office, id: str) -> None:
    with pytest.raises(NotFound):
        Bound(told.context, "replay").replay(id, by=BO)
