"""The holds desk: what stands still, until when, and what goes once it is released."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.db import apps
from listener.db.tables import hold, promotion
from listener.errors import Conflict, HerokuUnreadable, Invalid, NotFound
from listener.services.hold_release import Agreed, HoldSelection
from listener.services.holds import NewHold
from listener.services.views import HoldPut, ReleaseForeseen
from tests.leaping import Leaping
from tests.services.office import ANA, EU, PROD, STAGING, Office

BO = "bo@example.com"
PAST, SOON, LATER = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2120, 2121))


def put(office: Office, app: str | None = PROD, **times: Any) -> HoldPut:
    return office.holds.put(NewHold(app=app, reason="fair week", **times), by=ANA)


def waiting(office: Office, *, app: str | None = PROD) -> int:
    """A rule, a hold, and a promotion that waits on it; answers the source's version."""
    office.add_rule()
    put(office, app)
    version = office.deploy(STAGING)
    office.look(STAGING)
    return version


def statuses(office: Office) -> list[Status]:
    return [row.status for row in office.found()]


# Putting.


def test_a_hold_says_what_stands_still(office: Office) -> None:
    done = put(office)
    row = done.hold.row
    assert (done.hold.app_name, row.kind, row.reason, row.by) == (PROD, "person", "fair week", ANA)
    assert (done.message, done.too_late_for) == ("acme-prod is on hold until released.", ())
    assert [(entry.action, entry.by) for entry in office.audit()] == [("hold.put", ANA)]


def test_nothing_goes_while_it_is_in_force(office: Office) -> None:
    waiting(office)
    assert statuses(office) == [Status.WAITING]
    assert "acme-prod is on hold by ana@example.com: fair week" in office.found()[0].reason


def test_a_hold_to_come_stops_nothing_yet(office: Office) -> None:
    office.add_rule()
    done = put(office, starts_at=SOON, ends_at=LATER)
    times = "from 2120-01-01 00:00 UTC until 2121-01-01 00:00 UTC"
    assert done.message == f"acme-prod is on hold {times}."
    office.deploy(STAGING)
    office.look(STAGING)
    assert statuses(office) == [Status.SUCCEEDED]


def test_a_hold_that_ends_names_its_end_as_the_next_look(office: Office) -> None:
    office.add_rule()
    put(office, ends_at=SOON)
    office.deploy(STAGING)
    office.look(STAGING)
    assert [row.due_at for row in office.found()] == [SOON]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"ends_at": PAST}, "until is in the past"),
        ({"starts_at": LATER, "ends_at": SOON}, "until must be later than from"),
        ({"starts_at": SOON, "ends_at": SOON}, "until must be later than from"),
    ],
)
def test_times_that_make_no_hold_are_refused(
    office: Office, times: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        put(office, **times)
    assert office.holds.list_(app=None, with_ended=True, limit=10) == []


@pytest.mark.parametrize("app", [PROD, None])
def test_a_hold_says_what_it_came_too_late_for(office: Office, app: str | None) -> None:
    waiting(office)
    (row,) = office.found()
    with office.database.begin() as conn:
        conn.execute(update(promotion).values(status=Status.POSTING))
    done = put(office, app)
    assert done.too_late_for == (row.id,)
    assert done.message.endswith(f" Too late for promotion {row.id}, already posting.")
    assert put(office, EU).too_late_for == ()


def test_a_known_app_is_held_while_heroku_is_down(office: Office) -> None:
    office.add_rule()
    office.break_heroku(".*")
    assert put(office).hold.app_name == PROD
    with pytest.raises(HerokuUnreadable, match=r"No hold was put\.$"):
        put(office, EU)


def test_an_app_that_heroku_lacks_is_invalid(office: Office) -> None:
    with pytest.raises(Invalid, match="Heroku knows no app no-such-app"):
        put(office, "no-such-app")


def test_a_hold_on_every_target_leaves_out_those_that_are_named(office: Office) -> None:
    office.add_rule()
    office.add_rule("europe", targets=(EU,))
    wish = NewHold(app=None, reason="fair week", but=(EU,))
    done = office.holds.put(wish, by=ANA)
    assert done.message == "Every target but acme-prod-eu is on hold until released."
    office.deploy(STAGING)
    office.look(STAGING)
    found = {row.target_id: row.status for row in office.found()}
    assert found == {
        office.app(PROD).id: Status.WAITING,
        office.app(EU).id: Status.SUCCEEDED,
    }
    assert office.holds.list_(app=EU, with_ended=False, limit=10) == []
    assert len(office.holds.list_(app=PROD, with_ended=True, limit=10)) == 1
    office.holds.release(None, by=BO)
    office.work()
    assert {row.status for row in office.found()} == {Status.SUCCEEDED}


def test_what_is_left_out_is_not_told_to_be_too_late(office: Office) -> None:
    waiting(office)
    with office.database.begin() as conn:
        conn.execute(update(promotion).values(status=Status.POSTING))
    wish = NewHold(app=None, reason="fair week", but=(PROD,))
    assert office.holds.put(wish, by=ANA).too_late_for == ()


def test_only_a_hold_on_every_target_leaves_apps_out(office: Office) -> None:
    with pytest.raises(Invalid, match="only a hold on every target leaves apps out"):
        office.holds.put(NewHold(app=PROD, reason="fair week", but=(EU,)), by=ANA)
    with pytest.raises(Invalid, match="Heroku knows no app no-such-app"):
        office.holds.put(NewHold(app=None, reason="fair week", but=("no-such-app",)), by=ANA)
    assert office.holds.list_(app=None, with_ended=True, limit=10) == []


# Showing.


def test_holds_are_listed_newest_first_with_those_on_every_target(office: Office) -> None:
    holds = [put(office), put(office, None), put(office, EU)]
    ids = [done.hold.row.id for done in holds]
    listed = office.holds.list_(app=None, with_ended=False, limit=10)
    assert [view.row.id for view in listed] == ids[::-1]
    assert [view.app_name for view in listed] == [EU, None, PROD]
    of_prod = office.holds.list_(app=PROD, with_ended=False, limit=10)
    assert [view.row.id for view in of_prod] == [ids[1], ids[0]]
    assert len(office.holds.list_(app=None, with_ended=False, limit=2)) == 2


def test_released_holds_are_shown_when_asked_for(office: Office) -> None:
    put(office)
    office.holds.release(PROD, by=BO)
    assert office.holds.list_(app=PROD, with_ended=False, limit=10) == []
    (view,) = office.holds.list_(app=PROD, with_ended=True, limit=10)
    assert view.row.released_by == BO


# Releasing.


def test_releasing_says_what_goes_next_and_it_goes(office: Office) -> None:
    version = waiting(office)
    done = office.holds.release(PROD, by=BO)
    assert [(view.row.released_by, view.app_name) for view in done.released] == [(BO, PROD)]
    (after,) = done.next
    assert after.promotion is not None
    assert after.promotion.row.version == version
    assert done.message == f"v{version} of acme-staging goes next to acme-prod."
    office.work()
    assert statuses(office) == [Status.SUCCEEDED]
    assert office.audit()[-1].action == "hold.released"
    assert office.audit()[-1].by == BO


def test_of_several_that_wait_the_newest_goes(office: Office) -> None:
    waiting(office)
    version = office.deploy(STAGING)
    office.look(STAGING)
    assert f"v{version} of" in office.holds.release(PROD, by=ANA).message
    office.work()
    assert statuses(office) == [Status.SUPERSEDED, Status.SUCCEEDED]


def test_where_nothing_waits_it_says_so(office: Office) -> None:
    put(office)
    assert office.holds.release(PROD, by=ANA).message == "Nothing waits for acme-prod."


def test_another_hold_keeps_it_waiting_and_is_named(office: Office) -> None:
    waiting(office)
    put(office, None)
    done = office.holds.release(PROD, by=ANA)
    assert done.message == "Still, acme-prod is on hold by ana@example.com: fair week (hold 2)."
    office.work()
    assert statuses(office) == [Status.WAITING]
    done = office.holds.release(None, by=ANA)
    assert [after.app_name for after in done.next] == [PROD]
    office.work()
    assert statuses(office) == [Status.SUCCEEDED]


def test_what_the_target_runs_is_explained_from_then_on(
    office: Office, heroku_clock: Leaping
) -> None:
    office.add_rule()
    hotfix = office.deploy(PROD)
    office.look(PROD)
    (view,) = office.holds.list_(app=PROD, with_ended=False, limit=10)
    assert view.row.kind == "detected"
    heroku_clock.leap()
    office.deploy(STAGING)
    office.look(STAGING)
    assert statuses(office) == [Status.WAITING]
    office.holds.release(PROD, by=ANA)
    known = office.app(PROD).known
    assert known is not None
    assert known.version == hotfix
    office.work()
    assert statuses(office) == [Status.SUCCEEDED]
    assert office.holds.list_(app=PROD, with_ended=False, limit=10) == []


def test_what_happens_on_the_target_before_the_release_is_seen(office: Office) -> None:
    office.add_rule()
    put(office)
    hotfix = office.deploy(PROD)
    office.holds.release(PROD, by=ANA)
    known = office.app(PROD).known
    assert known is not None
    assert known.version == hotfix


def test_what_is_known_since_the_reading_is_not_forgotten(office: Office) -> None:
    office.add_rule()
    put(office)
    later = LastKnown(99, "a slug that came after the reading")
    with office.database.begin() as conn:
        apps.set_known(conn, office.app(PROD).id, later)
    with pytest.raises(HerokuUnreadable, match="does not show yet what we released, v99"):
        office.holds.release(PROD, by=ANA)
    assert office.app(PROD).known == later


def test_nothing_is_released_where_heroku_cannot_be_read(office: Office) -> None:
    office.add_rule()
    put(office)
    office.break_heroku("/apps/.*/releases")
    with pytest.raises(HerokuUnreadable, match=r"Nothing was released\.$"):
        office.holds.release(PROD, by=ANA)
    assert len(office.holds.list_(app=PROD, with_ended=False, limit=10)) == 1


def test_a_hold_on_every_target_needs_no_heroku(office: Office) -> None:
    put(office, None)
    office.break_heroku(".*")
    assert office.holds.release(None, by=ANA).message == "Nothing waits for any target."


def test_the_hold_of_an_app_that_is_gone_can_be_released(office: Office) -> None:
    office.add_rule()
    put(office)
    office.control(f"apps/{PROD}", method="DELETE")
    assert len(office.holds.release(PROD, by=ANA).released) == 1


@pytest.mark.parametrize("app", [PROD, None])
def test_what_is_not_held_is_not_found(office: Office, app: str | None) -> None:
    put(office, EU)
    with pytest.raises(NotFound) as refusal:
        office.holds.release(app, by=ANA)
    assert refusal.value.id == "hold_not_found"


def test_who_releases_one_target_is_told_of_the_hold_on_all(office: Office) -> None:
    put(office, None)
    with pytest.raises(NotFound, match=r"acme-prod is not on hold\. Every target is"):
        office.holds.release(PROD, by=ANA)


def test_a_hold_on_all_that_has_not_begun_holds_nobody_yet(office: Office) -> None:
    put(office, None, starts_at=SOON)
    with pytest.raises(NotFound, match=r"acme-prod is not on hold\.$"):
        office.holds.release(PROD, by=ANA)


def test_a_hold_that_is_over_cannot_be_released(office: Office) -> None:
    put(office, ends_at=SOON)
    with office.database.begin() as conn:
        conn.execute(update(hold).values(ends_at=PAST))
    with pytest.raises(NotFound):
        office.holds.release(PROD, by=ANA)


def test_releasing_an_app_leaves_the_freeze_that_has_not_begun(office: Office) -> None:
    """`holds:add --from`, then a hold that is released: the freeze to come was gone with it."""
    planned = put(office, starts_at=SOON, ends_at=LATER).hold.row.id
    now = put(office).hold.row.id
    done = office.holds.release(PROD, by=BO)
    assert [view.row.id for view in done.released] == [now]
    assert [view.row.id for view in done.planned] == [planned]
    times = "from 2120-01-01 00:00 UTC until 2121-01-01 00:00 UTC"
    assert done.message.endswith(f"Still planned: fair week (hold {planned}) {times}.")
    (left,) = office.holds.list_(app=PROD, with_ended=False, limit=10)
    assert left.row.id == planned


def test_releasing_every_target_leaves_the_freeze_of_all_that_has_not_begun(office: Office) -> None:
    planned = put(office, None, starts_at=SOON).hold.row.id
    now = put(office, None).hold.row.id
    done = office.holds.release(None, by=BO)
    assert [view.row.id for view in done.released] == [now]
    (left,) = office.holds.list_(app=None, with_ended=False, limit=10)
    assert left.row.id == planned


def test_where_all_is_planned_nothing_is_released_by_app(office: Office) -> None:
    planned = put(office, starts_at=SOON).hold.row.id
    words = (
        rf"acme-prod is not on hold now\. Still planned: .*`autopromote holds:release {planned}`"
    )
    with pytest.raises(NotFound, match=words):
        office.holds.release(PROD, by=BO)
    assert len(office.holds.list_(app=PROD, with_ended=False, limit=10)) == 1


def test_one_hold_is_released_by_its_id_and_the_others_stay(office: Office) -> None:
    waiting(office)
    first, second = office.holds.list_(app=PROD, with_ended=False, limit=1)[0], put(office).hold
    done = office.holds.release_one(str(second.row.id), by=BO)
    assert [view.row.id for view in done.released] == [second.row.id]
    assert done.message.startswith("Still, acme-prod is on hold")
    (left,) = office.holds.list_(app=PROD, with_ended=False, limit=10)
    assert left.row.id == first.row.id
    office.work()
    assert statuses(office) == [Status.WAITING]


def test_what_is_planned_is_ended_by_its_id_while_heroku_is_down(office: Office) -> None:
    planned = put(office, starts_at=SOON).hold.row.id
    office.break_heroku(".*")
    assert len(office.holds.release_one(str(planned), by=BO).released) == 1
    assert office.holds.list_(app=PROD, with_ended=False, limit=10) == []


def test_releasing_one_hold_does_not_explain_what_another_stands_for(office: Office) -> None:
    """A hold by hand is released by its id; who moved the app is still to be explained."""
    office.add_rule()
    mine = put(office).hold.row.id
    before = office.app(PROD).known
    office.deploy(PROD)
    done = office.holds.release_one(str(mine), by=BO)
    assert office.app(PROD).known == before
    assert "no promotion of ours did (hold " in done.message
    (left,) = office.holds.list_(app=PROD, with_ended=False, limit=10)
    assert left.row.kind == "detected"


def test_a_hold_that_has_ended_is_not_released_again(office: Office) -> None:
    held = str(put(office).hold.row.id)
    office.holds.release_one(held, by=BO)
    with pytest.raises(
        Conflict, match=rf"Hold {held} was released by bo@example\.com\."
    ) as refusal:
        office.holds.release_one(held, by=ANA)
    assert refusal.value.id == "hold_ended"
    over = str(put(office, ends_at=SOON).hold.row.id)
    with office.database.begin() as conn:
        conn.execute(update(hold).values(ends_at=PAST))
    with pytest.raises(Conflict, match=f"Hold {over} is over"):
        office.holds.release_one(over, by=ANA)


@pytest.mark.parametrize("which", ["99", "x", "9" * 30])
def test_a_hold_of_no_such_id_is_not_found(office: Office, which: str) -> None:
    for ask in (office.holds.get, lambda id_: office.holds.release_one(id_, by=ANA)):
        with pytest.raises(NotFound, match="Couldn't find that hold"):
            ask(which)


def test_each_hold_that_ended_is_in_the_audit(office: Office) -> None:
    ids = [str(put(office).hold.row.id) for _ in range(2)]
    office.holds.release(PROD, by=BO)
    ended = [entry for entry in office.audit() if entry.action == "hold.released"]
    assert [(entry.subject_id, entry.by) for entry in ended] == [(id_, BO) for id_ in ids]


# What would go is shown first, and nothing else goes.


def agreed_to(shown: ReleaseForeseen) -> Agreed:
    """What somebody says yes to who was shown this."""
    ends = frozenset(view.row.id for view in shown.holds)
    return Agreed(holds=ends, promotions=shown.going)


def test_what_is_older_than_the_hotfix_is_shown_and_waits_for_a_word(
    office: Office, heroku_clock: Leaping
) -> None:
    """Staging's build is older than the hotfix for which production is held."""
    version = waiting(office)
    heroku_clock.leap()
    hotfix = office.deploy(PROD, description="Hotfix")
    shown = office.holds.foresee(HoldSelection(app=PROD))
    (row,) = office.found()
    (freed,) = shown.freed
    (going,) = freed.waiting
    assert (going.goes, going.needs_word, going.is_older) == (False, True, True)
    line = rf"v{version} of acme-staging waits for a person's word:"
    words = rf"than v{hotfix} “Hotfix” by ana@example\.com, which acme-prod runs\."
    assert re.search(
        rf"{line} `autopromote promotions:approve {row.id}`. It is \d+s older {words}",
        shown.message,
    )
    assert [view.row.kind for view in shown.holds] == ["person", "detected"]
    done = office.holds.release(PROD, by=BO, agreed=agreed_to(shown))
    assert done.message.startswith(f"v{version} of acme-staging waits for a person's word: ")
    office.work()
    assert statuses(office) == [Status.WAITING]


def test_what_somebody_said_yes_to_goes_when_the_next_hold_is_released(
    office: Office, heroku_clock: Leaping
) -> None:
    waiting(office)
    heroku_clock.leap()
    office.deploy(PROD, description="Hotfix")
    office.holds.release(PROD, by=BO)
    office.work()
    put(office)
    (row,) = office.found()
    assert office.holds.foresee(HoldSelection(app=PROD)).going == frozenset()
    office.approvals.approve(str(row.id), by=BO)
    assert office.holds.foresee(HoldSelection(app=PROD)).going == {row.id}


def test_what_is_of_the_same_second_as_the_hotfix_waits_for_a_word(
    office: Office, heroku_clock: Leaping
) -> None:
    heroku_clock.stand()
    version = waiting(office)
    hotfix = office.deploy(PROD, description="Hotfix")
    shown = office.holds.foresee(HoldSelection(app=PROD))
    assert f"v{version} of acme-staging waits for a person's word" in shown.message
    assert f"It is as old as v{hotfix} “Hotfix”" in shown.message
    office.holds.release(PROD, by=BO)
    office.work()
    (row,) = office.found()
    assert "was made in the same second as ana@example.com released" in row.reason


def test_what_is_newer_than_the_hotfix_goes(office: Office, heroku_clock: Leaping) -> None:
    office.add_rule()
    hotfix = office.deploy(PROD, description="Hotfix")
    office.look(PROD)
    heroku_clock.leap()
    version = office.deploy(STAGING)
    office.look(STAGING)
    shown = office.holds.foresee(HoldSelection(app=PROD))
    (freed,) = shown.freed
    (going,) = freed.going
    assert (going.promotion.row.version, going.is_older) == (version, False)
    assert re.search(rf"It is \d+s newer than v{hotfix} “Hotfix”", shown.message)


def test_nothing_else_goes_than_was_shown(office: Office) -> None:
    waiting(office)
    shown = agreed_to(office.holds.foresee(HoldSelection(app=PROD)))
    newer = office.deploy(STAGING)
    office.look(STAGING)
    with pytest.raises(Conflict, match=rf"not what was shown any more.* v{newer} of") as refusal:
        office.holds.release(PROD, by=ANA, agreed=shown)
    assert refusal.value.id == "release_changed"
    assert len(office.holds.list_(app=PROD, with_ended=False, limit=10)) == 1
    again = agreed_to(office.holds.foresee(HoldSelection(app=PROD)))
    office.holds.release(PROD, by=ANA, agreed=again)
    office.work()
    assert statuses(office) == [Status.SUPERSEDED, Status.SUCCEEDED]


def test_a_hold_that_came_after_is_not_released_with_what_was_shown(office: Office) -> None:
    put(office)
    shown = agreed_to(office.holds.foresee(HoldSelection(app=PROD)))
    put(office)
    with pytest.raises(Conflict, match="not what was shown"):
        office.holds.release(PROD, by=ANA, agreed=shown)
    assert len(office.holds.list_(app=PROD, with_ended=False, limit=10)) == 2


def test_while_every_target_is_held_nothing_goes(office: Office) -> None:
    waiting(office)
    put(office, None)
    shown = office.holds.foresee(HoldSelection(app=PROD))
    assert shown.going == frozenset()
    assert shown.message.startswith("Still, acme-prod is on hold by ana@example.com")
    everywhere = office.holds.foresee(HoldSelection())
    assert everywhere.message.startswith("Still, acme-prod is on hold by ana@example.com")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"conditions": {"approvals": 1}}, "waits for people, too: "),
        ({"mode": Mode.SHADOW}, "does not go: rule ship is in shadow mode."),
    ],
)
def test_what_would_not_go_by_itself_is_not_asked_for(
    office: Office, rule: dict[str, Any], words: str
) -> None:
    put(office)
    office.add_rule(**rule)
    office.deploy(STAGING)
    office.look(STAGING)
    shown = office.holds.foresee(HoldSelection(app=PROD))
    assert words in shown.message
    assert shown.going == frozenset()


def test_what_goes_later_is_said_so(office: Office) -> None:
    put(office)
    office.add_rule(conditions={"soak": "1h"})
    office.deploy(STAGING)
    office.look(STAGING)
    shown = office.holds.foresee(HoldSelection(app=PROD))
    assert len(shown.going) == 1
    assert "goes to acme-prod later (" in shown.message


def test_what_is_there_already_does_not_go(office: Office) -> None:
    waiting(office)
    office.deploy_same(PROD, STAGING)
    shown = office.holds.foresee(HoldSelection(app=PROD))
    assert shown.going == frozenset()
    assert "runs there already" in shown.message


def test_what_waits_is_discarded_with_the_hold(office: Office) -> None:
    waiting(office)
    (row,) = office.found()
    done = office.holds.release(PROD, by=BO, discard=True)
    assert [view.row.id for view in done.cancelled] == [row.id]
    assert done.message == "Nothing waits for acme-prod."
    office.work()
    assert statuses(office) == [Status.CANCELLED]
    assert office.found()[0].reason == "Cancelled by bo@example.com, who released what held it."
    ended = [entry.subject_id for entry in office.audit() if entry.action == "promotion.cancelled"]
    assert ended == [str(row.id)]


def test_what_would_go_is_shown_while_heroku_is_down_and_nothing_is_released(
    office: Office,
) -> None:
    waiting(office)
    office.break_heroku("/apps/.*/releases")
    shown = office.holds.foresee(HoldSelection(app=PROD))
    assert shown.message.startswith("Heroku could not be asked: ")
    assert len(shown.going) == 1
    with pytest.raises(HerokuUnreadable):
        office.holds.release(PROD, by=ANA, agreed=agreed_to(shown))


# An app that is not the one we knew by this name.


def remade(office: Office) -> str:
    """Production, destroyed and made anew under its old name; answers the id it had."""
    office.add_rule()
    before = office.app(PROD).id
    office.control(f"apps/{PROD}", method="DELETE")
    office.make_app(PROD)
    return before


def test_an_app_made_anew_under_its_old_name_is_the_one_that_is_held(office: Office) -> None:
    before = remade(office)
    done = put(office)
    assert done.hold.row.app_id != before
    assert done.hold.row.app_id == office.heroku("GET", f"/apps/{PROD}")["id"]


def test_the_hold_of_the_app_that_is_gone_is_named_where_its_name_lives_on(office: Office) -> None:
    held = put(office).hold.row.id
    office.control(f"apps/{PROD}", method="DELETE")
    office.make_app(PROD)
    with pytest.raises(NotFound, match=rf"Another app bore this name.*holds:release {held}`"):
        office.holds.release(PROD, by=ANA)
    assert len(office.holds.release_one(str(held), by=ANA).released) == 1


def test_who_holds_an_app_that_is_gone_is_told_so(office: Office) -> None:
    office.add_rule()
    office.control(f"apps/{PROD}", method="DELETE")
    with pytest.raises(Invalid, match="Heroku knows no app acme-prod"):
        put(office)


def test_where_heroku_cannot_be_asked_it_is_said_which_app_is_held(office: Office) -> None:
    office.add_rule()
    office.break_heroku(".*")
    words = "Heroku could not be asked, so this is the acme-prod that the listener last saw at "
    assert words in put(office).message
