"""The promotions desk: shown, cancelled and retried, and what may not be."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from listener.core.promotion import ENDED, RETRYABLE, Status
from listener.core.rule import Mode
from listener.db import holds
from listener.db.tables import promotion
from listener.errors import Conflict, NotFound
from listener.services.promote import NewPromotions
from listener.services.rule_definition import RuleChange
from listener.services.views import PromotionView
from tests.services.office import ANA, EU, PROD, STAGING, Office


@pytest.fixture
def waiting(office: Office) -> PromotionView:
    """A promotion by rule that a hold keeps waiting."""
    office.add_rule()
    with office.database.begin() as conn:
        holds.put(conn, None, reason="wait", by=ANA)
    office.deploy(STAGING)
    office.look(STAGING)
    (view,) = office.promotions.list_(app=None, status=None, limit=10)
    assert view.row.status is Status.WAITING
    return view


def set_status(office: Office, view: PromotionView, status: Status) -> str:
    with office.database.begin() as conn:
        statement = update(promotion).where(promotion.c.id == view.row.id)
        conn.execute(statement.values(status=status))
    return str(view.row.id)


# Showing.


def test_one_is_shown_with_its_rule_its_gates_and_its_timeline(
    office: Office, waiting: PromotionView
) -> None:
    view = office.promotions.get(str(waiting.row.id))
    assert (view.rule_name, view.nonce) == ("ship", None)
    assert view.names[view.row.source_id] == STAGING
    assert view.timeline is not None
    assert [moment.event for moment in view.timeline] == ["waiting", "waiting"]
    assert view.timeline[-1].message == view.row.reason
    assert {gate["name"]: gate["verdict"] for gate in view.row.gates}["hold"] == "wait"


def test_one_that_was_posted_shows_its_nonce(office: Office) -> None:
    office.add_rule()
    office.deploy(STAGING)
    office.look(STAGING)
    (view,) = office.promotions.list_(app=PROD, status=Status.SUCCEEDED, limit=10)
    assert view.nonce is not None
    assert view.nonce in office.current(PROD)["description"]


def test_they_are_listed_by_app_and_status_newest_first(office: Office) -> None:
    office.add_rule(targets=(PROD, EU))
    office.deploy(STAGING)
    office.look(STAGING)
    listed = office.promotions.list_(app=STAGING, status=None, limit=10)
    assert [view.row.id for view in listed] == sorted(
        (view.row.id for view in listed), reverse=True
    )
    assert {view.names[view.row.target_id] for view in listed} == {PROD, EU}
    (one,) = office.promotions.list_(app=EU, status=None, limit=10)
    assert one.names[one.row.target_id] == EU
    assert office.promotions.list_(app=None, status=Status.FAILED, limit=10) == []
    assert len(office.promotions.list_(app=None, status=None, limit=1)) == 1


@pytest.mark.parametrize("promotion_id", ["0", "none", "-1", "9" * 40, "\uff11"])
def test_what_is_not_there_is_not_found(office: Office, promotion_id: str) -> None:
    with pytest.raises(NotFound) as refusal:
        office.promotions.get(promotion_id)
    assert refusal.value.id == "promotion_not_found"
    for change in (office.promotions.cancel, office.promotions.retry):
        with pytest.raises(NotFound):
            change(promotion_id, by=ANA)


# Cancelling.


def test_a_waiting_one_is_cancelled_for_good(office: Office, waiting: PromotionView) -> None:
    view = office.promotions.cancel(str(waiting.row.id), by="bo@example.com")
    assert (view.row.status, view.row.reason) == (
        Status.CANCELLED,
        "Cancelled by bo@example.com.",
    )
    assert view.row.fence == waiting.row.fence + 1
    entry = office.audit()[-1]
    assert (entry.action, entry.by, entry.subject_id) == (
        "promotion.cancelled",
        "bo@example.com",
        str(view.row.id),
    )
    office.look(STAGING)
    assert [row.status for row in office.found()] == [Status.CANCELLED]


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING}))
def test_any_other_one_is_not(office: Office, waiting: PromotionView, status: Status) -> None:
    promotion_id = set_status(office, waiting, status)
    with pytest.raises(Conflict) as refusal:
        office.promotions.cancel(promotion_id, by=ANA)
    expected = "promotion_settled" if status in ENDED else "not_in_this_state"
    assert (refusal.value.id, status in refusal.value.message) == (expected, True)
    assert office.promotions.get(promotion_id).row.status is status


# Retrying.


@pytest.mark.parametrize("status", sorted(RETRYABLE))
def test_what_ended_without_success_is_retried(
    office: Office, waiting: PromotionView, status: Status
) -> None:
    promotion_id = set_status(office, waiting, status)
    view = office.promotions.retry(promotion_id, by=ANA)
    assert (view.row.status, view.row.reason) == (Status.WAITING, f"Retried by {ANA}.")
    assert (view.row.due_at is not None, view.row.ended_at) == (True, None)
    assert office.audit()[-1].before["status"] == status


@pytest.mark.parametrize("status", sorted(set(Status) - RETRYABLE))
def test_anything_else_is_not_retried(
    office: Office, waiting: PromotionView, status: Status
) -> None:
    promotion_id = set_status(office, waiting, status)
    with pytest.raises(Conflict):
        office.promotions.retry(promotion_id, by=ANA)
    assert office.promotions.get(promotion_id).row.status is status


def test_a_retry_that_nothing_holds_goes(office: Office, waiting: PromotionView) -> None:
    office.promotions.cancel(str(waiting.row.id), by=ANA)
    office.holds.release(None, by=ANA)
    office.promotions.retry(str(waiting.row.id), by=ANA)
    office.work()
    assert [row.status for row in office.found()] == [Status.SUCCEEDED]
    assert office.current(PROD)["slug"] == office.current(STAGING)["slug"]


def test_a_retry_goes_by_the_revision_of_now(office: Office, waiting: PromotionView) -> None:
    office.promotions.cancel(str(waiting.row.id), by=ANA)
    office.rules.update("ship", RuleChange(name="ship-it"), by=ANA)
    view = office.promotions.retry(str(waiting.row.id), by=ANA)
    assert (view.rule_name, view.row.rule_revision) == ("ship-it", 2)
    assert office.promotions.get(str(view.row.id)).row.rule_revision == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "Rule ship was removed."),
        (RuleChange(mode=Mode.OFF), "Rule ship is off."),
        (RuleChange(targets=(EU,)), "Rule ship no longer promotes to acme-prod."),
    ],
)
def test_what_no_rule_wants_any_more_is_not_retried(
    office: Office, waiting: PromotionView, change: RuleChange | None, words: str
) -> None:
    if change is None:
        office.rules.remove("ship", by=ANA)
    else:
        office.rules.update("ship", change, by=ANA)
    with pytest.raises(Conflict) as refusal:
        office.promotions.retry(str(waiting.row.id), by=ANA)
    assert (refusal.value.id, refusal.value.message) == ("not_in_this_state", words)


def test_one_by_hand_is_not_retried_beside_its_equal(office: Office) -> None:
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    (first,) = office.promotions.promote_by_hand(wish, by=ANA)
    office.promotions.cancel(str(first.row.id), by=ANA)
    (second,) = office.promotions.promote_by_hand(wish, by=ANA)
    assert second.row.id != first.row.id
    with pytest.raises(Conflict, match=f"Promotion {second.row.id} does the same already"):
        office.promotions.retry(str(first.row.id), by=ANA)
