"""Freezes in a file of rules: holds that are the file's, and are known again by their words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from listener.core.promotion import Status
from listener.db import waiting_promotions
from listener.db.tables import hold, promotion
from listener.errors import Conflict, HerokuUnreadable, Invalid
from listener.inventory.reader import Snapshot
from listener.services.freezes import NewFreeze
from listener.services.holds import NewHold
from listener.services.rule_plan import NewFile, Plan
from tests.services.office import ANA, BO, EU, PROD, STAGING, Office
from tests.services.test_holds import remade
from tests.services.test_promote import overriding
from tests.services.test_rule_files import wish

FROM, UNTIL = datetime(2120, 12, 24, tzinfo=UTC), datetime(2121, 1, 2, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def freeze(*apps: str, number: int = 1, **said: Any) -> NewFreeze:
    """A freeze on these apps, or else on every target."""
    said = {"reason": "fair week", "starts_at": FROM, "ends_at": UNTIL, **said}
    return NewFreeze(label=f"freeze {number}", apps=apps or None, **said)


def file(*freezes: NewFreeze, **more: Any) -> NewFile:
    """A file of these freezes, and of no rules unless they are said."""
    return NewFile(**{"rules": (), "freezes": freezes, **more})


def told(plan: Plan) -> list[tuple[str, str]]:
    """What becomes of each freeze."""
    return [(str(step.action), step.place) for step in plan.freezes.steps]


def standing(office: Office) -> list[tuple[str | None, str, str, str]]:
    """App, kind, reason and author of the holds that are not over, oldest first."""
    views = office.holds.list_(app=None, with_ended=False, limit=99)
    return [(v.app_name, v.row.kind, v.row.reason, v.row.by) for v in reversed(views)]


def test_freezes_are_put_with_the_rules_and_are_holds_of_the_file(office: Office) -> None:
    both = file(freeze(PROD, EU), freeze(reason="move", number=2), rules=(wish(),))
    plan = office.files.plan(both)
    assert (told(plan), standing(office)) == (
        [("add", PROD), ("add", EU), ("add", "every target")],
        [],
    )
    assert plan.message == "1 to add, 3 freezes to add."

    done = office.files.apply(both, by=ANA, agreed=plan.id)
    assert done.message == "1 added, 3 freezes added."
    assert [step.hold_id for step in done.freezes.steps] == [1, 2, 3]
    assert standing(office) == [
        (PROD, "freeze", "fair week", ANA),
        (EU, "freeze", "fair week", ANA),
        (None, "freeze", "move", ANA),
    ]
    entries = [entry for entry in office.audit() if entry.action == "hold.put"]
    assert [(entry.by, entry.subject_name) for entry in entries] == [
        (ANA, PROD),
        (ANA, EU),
        (ANA, "every target"),
    ]
    view = office.holds.get("1").row
    assert (view.starts_at, view.ends_at) == (FROM, UNTIL)


def test_the_same_file_again_puts_no_second_freeze(office: Office) -> None:
    whole = file(freeze(PROD, EU), freeze(ends_at=None, number=2), prune=True)
    office.files.apply(whole, by=ANA)
    entries = office.audit()
    again = office.files.apply(whole, by=BO)
    assert (again.message, office.audit()) == ("Nothing to change.", entries)
    assert told(again) == [("keep", PROD), ("keep", EU), ("keep", "every target")]
    assert [step.hold_id for step in again.freezes.steps] == [1, 2, 3]


@pytest.mark.parametrize(
    "other",
    [{"reason": "sale"}, {"starts_at": None}, {"ends_at": UNTIL + timedelta(hours=1)}],
)
def test_a_freeze_of_other_words_is_another_one(office: Office, other: dict[str, Any]) -> None:
    """What stands is ended by a prune alone, and is named until then."""
    office.files.apply(file(freeze(PROD)), by=ANA)
    changed = file(freeze(PROD, **other))
    plan = office.files.apply(changed, by=ANA)
    left = f"Not in the file, and left alone: freeze-1 on {PROD}."
    assert plan.message == f"1 freeze added. {left}"
    assert len(standing(office)) == 2

    pruned = office.files.apply(file(*changed.freezes or (), prune=True), by=BO)
    assert told(pruned) == [("keep", PROD), ("end", PROD)]
    assert pruned.message == "1 freeze ended."
    assert [step.hold_id for step in pruned.freezes.steps] == [2, 1]
    ended = office.holds.get("1").row
    assert (ended.released_by, office.holds.get("2").row.released_at) == (BO, None)
    assert (office.audit()[-1].action, office.audit()[-1].by) == ("hold.released", BO)


def test_a_prune_ends_no_hold_that_a_person_put(office: Office) -> None:
    put = NewHold(app=PROD, reason="fair week", starts_at=FROM, ends_at=UNTIL)
    office.holds.put(put, by=BO)
    added = office.files.apply(file(freeze(PROD), prune=True), by=ANA)
    assert told(added) == [("add", PROD)]
    office.files.apply(file(prune=True), by=ANA)
    assert standing(office) == [(PROD, "person", "fair week", BO)]


def test_a_file_that_says_nothing_of_freezes_ends_none(office: Office) -> None:
    """Command lines of before know no freezes, and their --prune asked nobody about any."""
    office.files.apply(file(freeze(PROD)), by=ANA)
    plan = office.files.apply(file(freezes=None, prune=True), by=ANA)
    assert (told(plan), len(standing(office))) == ([], 1)
    assert plan.message.endswith(f"left alone: freeze-1 on {PROD}.")


def test_everything_that_is_wrong_with_freezes_is_told_at_once(office: Office) -> None:
    before = office.audit()
    wrong = file(
        freeze("nowhere", PROD, "elsewhere", starts_at=UNTIL, ends_at=FROM, number=2),
        freeze(PROD, number=3),
        freeze(EU, PROD, number=4),
        faults=("freeze 1: reason is missing.",),
        rules=(wish(targets=("nowhere",)),),
    )
    with pytest.raises(Invalid) as refused:
        office.files.apply(wrong, by=ANA)
    unknown = "Heroku knows no app {} that the listener's account may see."
    assert refused.value.message.split("\n") == [
        "freeze 1: reason is missing.",
        f"ship: {unknown.format('nowhere')}",
        "freeze 2: it would end before it begins: until must be later than from.",
        f"freeze 2: {unknown.format('nowhere')}",
        f"freeze 2: {unknown.format('elsewhere')}",
        f"freeze 4: the file declares it twice, on {PROD}.",
    ]
    assert (standing(office), office.audit()) == ([], before)


def test_a_freeze_that_is_over_is_left_out_with_a_note(office: Office) -> None:
    """A file keeps last year's freeze, and the app of it may be gone."""
    past = freeze("gone", starts_at=None, ends_at=LONG_AGO)
    done = office.files.apply(file(past, freeze(PROD, number=2)), by=ANA)
    assert told(done) == [("add", PROD)]
    assert done.warnings == (
        "freeze 1 is over since 2020-01-01 00:00 UTC, and left out: fair week",
    )


def test_without_heroku_neither_rules_nor_freezes_are_saved(office: Office) -> None:
    office.break_heroku(f"/apps/{EU}")
    with pytest.raises(HerokuUnreadable, match=r"No rule was saved\."):
        office.files.apply(file(freeze(EU), rules=(wish(),)), by=ANA)
    assert (standing(office), office.rules.list_(app=None, limit=9)) == ([], [])


def test_a_freeze_is_on_the_app_that_bears_the_name_now(office: Office) -> None:
    office.files.apply(file(freeze(PROD)), by=ANA)
    before = remade(office)
    done = office.files.apply(file(freeze(PROD)), by=ANA)
    assert told(done) == [("add", PROD)]
    assert office.holds.get("2").row.app_id == office.heroku("GET", f"/apps/{PROD}")["id"]
    assert office.holds.get("1").row.app_id == before
    assert done.message.endswith(f"left alone: ship, freeze-1 on {PROD}.")


def test_a_release_waits_during_a_freeze_and_goes_when_it_ends(office: Office) -> None:
    office.add_rule()
    office.files.apply(file(freeze(PROD, starts_at=None), rules=(wish(),)), by=ANA)
    office.deploy(STAGING)
    office.look(STAGING)
    (row,) = office.found()
    assert row.status is Status.WAITING
    assert "fair week (hold 1)" in (row.reason or "")

    with office.database.begin() as conn:  # its last moment is near
        conn.execute(update(hold).values(ends_at=func.clock_timestamp() + timedelta(seconds=1)))
        waiting_promotions.reschedule_target(conn, office.app(PROD).id)
    office.work()
    assert office.found()[0].status is Status.SUCCEEDED


@pytest.mark.parametrize("apps", [(PROD,), ()])
def test_what_waited_goes_when_a_prune_ends_the_freeze(
    office: Office, apps: tuple[str, ...]
) -> None:
    office.add_rule()
    office.files.apply(file(freeze(*apps, starts_at=None), rules=(wish(),)), by=ANA)
    office.deploy(STAGING)
    office.look(STAGING)
    assert office.found()[0].status is Status.WAITING
    office.files.apply(file(rules=(wish(),), prune=True), by=ANA)
    office.work()
    assert office.found()[0].status is Status.SUCCEEDED, office.found()[0].reason


def test_an_admin_goes_through_a_freeze_of_the_file(office: Office) -> None:
    office.add_rule()
    office.files.apply(file(freeze(PROD, starts_at=None), rules=(wish(),)), by=ANA)
    office.deploy(STAGING)
    office.promotions.promote_by_hand(overriding("hold"), by=ANA)
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED
    assert len(standing(office)) == 1


@pytest.mark.parametrize(("apps", "late"), [((PROD,), True), ((), True), ((EU,), False)])
def test_a_freeze_says_what_it_came_too_late_for(
    office: Office, apps: tuple[str, ...], late: bool
) -> None:
    office.add_rule()
    office.holds.put(NewHold(app=PROD, reason="fair week"), by=ANA)
    office.deploy(STAGING)
    office.look(STAGING)
    (row,) = office.found()
    with office.database.begin() as conn:
        conn.execute(update(promotion).values(status=Status.POSTING))
    done = office.files.apply(
        file(freeze(*apps, starts_at=None), freeze(*apps, number=2), rules=(wish(),)), by=ANA
    )
    now, to_come = (step.too_late_for for step in done.freezes.steps)
    assert (now, to_come) == ((row.id,) if late else (), ())


def test_a_freeze_that_somebody_ends_meanwhile_is_no_part_of_the_plan(office: Office) -> None:
    office.files.apply(file(freeze(PROD)), by=ANA)
    agreed = office.files.plan(file(prune=True)).id

    class Meddler:
        """Somebody else releases the freeze while we ask."""

        def __getattr__(self, name: str) -> Any:
            return getattr(office.context.reader, name)

        def releases(self, app_id: str, **how: Any) -> Snapshot:
            if standing(office):
                office.holds.release_one("1", by=BO)
            return office.context.reader.releases(app_id, **how)

    desk = office.files_desk_reading_by(Meddler())
    with pytest.raises(Conflict, match="freezes were changed by somebody else") as refused:
        desk.apply(file(freeze(PROD), rules=(wish(),)), by=ANA)
    assert refused.value.id == "plan_changed"
    with pytest.raises(Conflict, match="not the plan that was agreed to"):
        office.files.apply(file(prune=True), by=ANA, agreed=agreed)
    with office.database.begin() as conn:
        assert conn.execute(select(func.count()).select_from(hold)).scalar_one() == 1
    assert office.rules.list_(app=None, limit=9) == []
