"""The approvals desk: who may say yes or no, to what, and what is written down of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from listener.core.promotion import Status
from listener.errors import Conflict, Forbidden
from listener.roles import Role
from listener.services.caller import Caller
from listener.services.machines import MachinesDesk, NewMachine
from listener.services.promote import NewPromotions
from listener.services.rollback import NewRollback
from listener.services.rule_definition import RuleChange
from tests.services.office import ANA, PROD, STAGING, Office

BO, CY = "bo@example.com", "cy@example.com"


def asking(office: Office, **conditions: Any) -> str:
    """A promotion of Ana's release that waits for an approval; answers its id."""
    office.add_rule(conditions={"approvals": 1, **conditions})
    office.deploy(STAGING)
    office.look(STAGING)
    (row,) = office.found()
    assert (row.status, row.author) == (Status.WAITING, ANA)
    return str(row.id)


def test_a_yes_lets_it_go(office: Office) -> None:
    promotion_id = asking(office)
    (before,) = office.found()
    view = office.approvals.approve(promotion_id, by=BO)

    assert (view.row.status, view.row.reason) == (Status.WAITING, f"Approved by {BO}.")
    assert view.row.fence == before.fence + 1
    assert ([each.by for each in view.approvals], view.needed) == ([BO], 1)
    office.work()
    assert office.found()[0].status is Status.SUCCEEDED


def test_a_yes_is_written_down(office: Office) -> None:
    promotion_id = asking(office)
    office.approvals.approve(promotion_id, by=BO)
    entry = office.audit()[-1]

    assert (entry.action, entry.by) == ("promotion.approved", BO)
    assert (entry.subject_type, entry.subject_id) == ("promotion", promotion_id)
    timeline = list(office.promotions.get(promotion_id).timeline)
    assert (timeline[-1].event, timeline[-1].message) == ("approved", f"Approved by {BO}.")


def test_a_no_ends_it_though_heroku_cannot_be_read(office: Office) -> None:
    promotion_id = asking(office, approvals=2)
    office.approvals.approve(promotion_id, by=BO)
    office.work()
    office.break_heroku("/apps/.*")
    office.approvals.reject(promotion_id, reason="not on a Friday", by=CY)
    office.work()

    (row,) = office.found()
    assert (row.status, row.reason) == (Status.REJECTED, f"{CY} rejected it: not on a Friday.")
    assert office.audit()[-1].action == "promotion.rejected"


def test_the_last_word_of_a_person_counts(office: Office) -> None:
    promotion_id = asking(office)
    office.approvals.reject(promotion_id, reason=None, by=BO)
    office.approvals.approve(promotion_id, by=BO)
    office.work()

    assert office.found()[0].status is Status.SUCCEEDED


def test_the_same_person_counts_once(office: Office) -> None:
    promotion_id = asking(office, approvals=2)
    for _ in range(2):
        office.approvals.approve(promotion_id, by=BO)
        office.work()
    assert office.found()[0].status is Status.WAITING
    office.approvals.approve(promotion_id, by=CY)
    office.work()

    assert office.found()[0].status is Status.SUCCEEDED


def test_nobody_approves_a_release_of_their_own_where_the_rule_says_so(office: Office) -> None:
    promotion_id = asking(office, self_approval=False)
    with pytest.raises(Forbidden, match="somebody else must approve it") as refusal:
        office.approvals.approve(promotion_id, by=ANA.upper())
    assert refusal.value.id == "own_release"
    assert office.promotions.get(promotion_id).approvals == ()
    office.approvals.reject(promotion_id, reason=None, by=ANA)
    office.work()

    assert office.found()[0].status is Status.REJECTED


def test_story_14_an_approval_is_of_one_release_and_is_cleared_by_a_newer_one(
    office: Office,
) -> None:
    promotion_id = asking(office, soak="1h")
    office.approvals.approve(promotion_id, by=BO)
    office.deploy(STAGING)
    office.look(STAGING)

    older, newer = office.found()
    assert older.status is Status.SUPERSEDED
    assert office.promotions.get(str(newer.id)).approvals == ()
    with pytest.raises(Conflict, match="has ended: it is superseded"):
        office.approvals.approve(str(older.id), by=BO)


def test_after_a_brake_somebody_is_asked_too(office: Office) -> None:
    promotion_id = asking(office, approvals=0, brake="1/24h", soak="1h")
    view = office.approvals.approve(promotion_id, by=BO)
    assert ([each.by for each in view.approvals], view.needed) == ([BO], 0)


def test_where_nobody_is_asked_nothing_is_written_down(office: Office) -> None:
    promotion_id = asking(office)
    office.rules.update("ship", RuleChange(conditions={"approvals": 0, "soak": "1h"}), by=ANA)
    with pytest.raises(Conflict, match=r"asks for no approval .* promotions:cancel"):
        office.approvals.approve(promotion_id, by=BO)
    with pytest.raises(Conflict, match=r"asks for no approval .* promotions:cancel"):
        office.approvals.reject(promotion_id, reason=None, by=BO)
    assert office.promotions.get(promotion_id).approvals == ()
    assert office.audit()[-1].action == "rule.updated"


def test_a_rollback_asks_nobody(office: Office) -> None:
    office.add_rule(conditions={"approvals": 1})
    office.deploy(PROD)
    view = office.promotions.roll_back(NewRollback(app=PROD, to=None, reason="slow"), by=ANA)
    with pytest.raises(Conflict, match="asks for no approval"):
        office.approvals.approve(str(view.promotion.row.id), by=BO)


def test_whoever_promotes_by_hand_says_yes_by_that_and_may_change_their_mind(
    office: Office,
) -> None:
    office.add_rule(conditions={"approvals": 2})
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    (view,) = office.promotions.promote_by_hand(wish, by=BO)
    assert ([each.by for each in view.approvals], view.needed) == ([BO], 2)
    view = office.approvals.reject(str(view.row.id), reason=None, by=BO)
    assert [(each.by, each.is_approved) for each in view.approvals] == [(BO, False)]
    office.work()

    assert office.found()[0].status is Status.REJECTED


@pytest.mark.parametrize("conditions", [{"approvals": 1}, {"brake": "1/24h"}], ids=str)
def test_a_machine_that_promotes_by_hand_says_no_yes_by_that(
    office: Office, conditions: dict[str, Any]
) -> None:
    office.add_rule(conditions=conditions)
    if "brake" in conditions:
        fail(office)
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    (view,) = office.promotions.promote_by_hand(wish, by=machine(office))
    assert (view.row.created_by, view.approvals) == ("token:ci", ())
    office.work()
    row = office.found()[-1]
    assert row.status is Status.WAITING
    office.approvals.approve(str(row.id), by=BO)
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED


def test_only_a_person_brings_back_what_the_target_left(office: Office) -> None:
    """A script that promotes what staging runs undoes no rollback; who typed it may."""
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    left = office.current(PROD)["version"]
    office.promotions.promote_by_hand(wish, by=BO)
    office.work()
    broken = office.current(PROD)["slug"]
    office.control(f"apps/{PROD}/rollbacks", {"release": left, "user": BO})
    ci = machine(office)
    with pytest.raises(Conflict, match="on hold"):
        office.promotions.promote_by_hand(wish, by=ci)
    office.holds.release(PROD, by=ANA)

    office.promotions.promote_by_hand(wish, by=ci)
    office.work()
    row = office.found()[-1]
    assert row.status is Status.REJECTED
    assert "ran this slug in" in row.reason
    assert "Only a person's `autopromote promote" in row.reason
    office.promotions.promote_by_hand(wish, by=BO)
    office.work()
    assert office.current(PROD)["slug"] == broken


def test_a_machine_that_retries_what_a_person_asked_for_asks_for_it_itself(
    office: Office,
) -> None:
    """A retry brought back what was rolled back, and went on the yes of whoever had asked first."""
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    left, ci = office.current(PROD)["version"], machine(office)
    (first,) = office.promotions.promote_by_hand(wish, by=BO)
    office.promotions.cancel(str(first.row.id), by=BO)
    office.promotions.promote_by_hand(wish, by=BO)
    office.work()
    office.control(f"apps/{PROD}/rollbacks", {"release": left, "user": BO})
    with pytest.raises(Conflict, match="on hold"):
        office.promotions.promote_by_hand(wish, by=ci)
    office.holds.release(PROD, by=ANA)

    (view,) = [office.promotions.retry(str(first.row.id), by=ci)]
    assert (view.row.created_by, view.approvals) == (ci, ())
    office.work()
    row = next(row for row in office.found() if row.id == first.row.id)
    assert row.status is Status.REJECTED
    assert "Only a person's `autopromote promote" in row.reason


def test_a_person_who_asks_for_what_a_machine_asked_for_says_yes_by_that(office: Office) -> None:
    office.add_rule(conditions={"approvals": 1})
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    office.promotions.promote_by_hand(wish, by=machine(office))
    office.work()
    (view,) = office.promotions.promote_by_hand(wish, by=BO)
    assert (view.row.created_by, [each.by for each in view.approvals]) == (BO, [BO])
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED


def test_two_who_ask_for_the_same_say_two_yeses(office: Office) -> None:
    office.add_rule(conditions={"approvals": 2})
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    for by in (BO, CY):
        office.promotions.promote_by_hand(wish, by=by)
    assert office.found()[-1].created_by == BO
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED


def test_a_machine_rolls_back_to_what_the_target_left(office: Office) -> None:
    left = office.current(PROD)["slug"]
    office.deploy(PROD)
    wish = NewRollback(app=PROD, to=None, reason="the smoke test failed")
    office.promotions.roll_back(wish, by=machine(office))
    office.work()
    assert office.found()[-1].status is Status.ROLLED_BACK
    assert office.current(PROD)["slug"] == left


def test_what_a_machine_promotes_is_the_release_of_whoever_made_that(office: Office) -> None:
    """Not of the machine, nor of whoever made its token."""
    office.add_rule(conditions={"approvals": 1, "self_approval": False})
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    (view,) = office.promotions.promote_by_hand(wish, by=machine(office, made_by=BO))
    with pytest.raises(Forbidden, match="brings a release of yours"):
        office.approvals.approve(str(view.row.id), by=ANA)
    office.approvals.approve(str(view.row.id), by=BO)
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED


def machine(office: Office, made_by: str = ANA) -> str:
    """A machine's token that may promote; answers by which name it acts."""
    desk, caller = MachinesDesk(office.database, office.keys), Caller(None, datetime.now(UTC))
    wish = NewMachine("ci", Role.PROMOTER, apps=None, expires_at=None)
    row, _ = desk.create(wish, by=made_by, caller=caller)
    return row.holder


def fail(office: Office) -> None:
    """A promotion that Heroku refuses, for a brake to see."""
    office.break_heroku("/apps/.*/releases", method="POST", status=403)
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    office.mend_heroku()
    assert office.found()[-1].status is Status.FAILED


# Retried.


def test_a_yes_still_counts_when_it_is_retried(office: Office) -> None:
    promotion_id = asking(office, approvals=2)
    office.approvals.approve(promotion_id, by=BO)
    office.promotions.cancel(promotion_id, by=ANA)
    view = office.promotions.retry(promotion_id, by=ANA)
    assert [each.by for each in view.approvals] == [BO]
    office.approvals.approve(promotion_id, by=CY)
    office.work()

    assert office.found()[0].status is Status.SUCCEEDED


def test_after_a_no_a_retry_asks_everybody_again(office: Office) -> None:
    promotion_id = asking(office, approvals=2)
    office.approvals.approve(promotion_id, by=BO)
    office.approvals.reject(promotion_id, reason=None, by=CY)
    office.work()
    view = office.promotions.retry(promotion_id, by=ANA)
    assert view.approvals == ()
    office.work()

    (row,) = office.found()
    assert row.status is Status.WAITING
    assert row.reason.startswith("0 of 2 approvals")
