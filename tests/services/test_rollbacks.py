"""Rolling back by hand: what comes back, the hold that comes with it, and what is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listener.core.promotion import PromotionKind, Status
from listener.db import waiting_promotions
from listener.db.promotions import PromotionRow
from listener.errors import Conflict, HerokuUnreadable, Invalid
from listener.inventory.reader import Snapshot
from listener.services.holds import NewHold
from listener.services.promote import NewPromotions
from listener.services.rollback import NewRollback
from listener.services.views import HoldView, RollbackView
from tests.leaping import Leaping
from tests.services.office import ANA, BO, PROD, STAGING, Office


def answer(office: Office, to: int | None = None, by: str = ANA) -> RollbackView:
    wish = NewRollback(app=PROD, to=to, reason="500s on checkout")
    return office.promotions.roll_back(wish, by=by)


def roll_back(office: Office, to: int | None = None) -> PromotionRow:
    return answer(office, to).promotion.row


def refusal(office: Office) -> Conflict:
    with pytest.raises(Conflict) as refused:
        roll_back(office)
    return refused.value


def held(office: Office) -> list[HoldView]:
    return office.holds.list_(app=PROD, with_ended=False, limit=10)


def test_what_it_ran_before_comes_back_and_the_target_is_held(office: Office) -> None:
    before = office.current(PROD)
    office.deploy(PROD)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    row = roll_back(office)
    assert (row.kind, row.version) == (PromotionKind.ROLLBACK, before["version"])
    (hold,) = held(office)
    assert (hold.row.kind, hold.row.reason, hold.row.by) == ("rollback", "500s on checkout", ANA)
    office.work()
    assert [item.status for item in office.found()] == [Status.ROLLED_BACK]
    assert office.current(PROD)["slug"] == before["slug"]
    assert held(office) == [hold]


def test_nothing_goes_to_it_until_somebody_releases_the_hold(
    office: Office, heroku_clock: Leaping
) -> None:
    office.add_rule()
    office.deploy(STAGING)
    office.look(STAGING)
    roll_back(office)
    office.work()
    heroku_clock.leap()
    office.deploy(STAGING)
    office.look(STAGING)
    assert [row.status for row in office.found()] == [
        Status.SUCCEEDED,
        Status.ROLLED_BACK,
        Status.WAITING,
    ]
    office.holds.release(PROD, by=ANA)
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED


def test_it_goes_back_to_the_version_given(office: Office) -> None:
    first = office.current(PROD)
    office.deploy(PROD)
    office.deploy(PROD)
    assert roll_back(office, to=int(first["version"])).version == first["version"]


def test_asked_twice_it_is_one_rollback_and_one_hold(office: Office) -> None:
    office.deploy(PROD)
    first = roll_back(office)
    assert roll_back(office).id == first.id
    assert len(held(office)) == 1


def test_a_hold_that_was_released_meanwhile_is_put_again(office: Office) -> None:
    office.deploy(PROD)
    roll_back(office)
    office.holds.release(PROD, by=ANA)
    roll_back(office)
    assert len(held(office)) == 1


def test_a_hold_that_is_only_planned_is_none_yet(office: Office) -> None:
    office.deploy(PROD)
    roll_back(office)
    office.holds.release(PROD, by=ANA)
    begins = datetime.now(UTC) + timedelta(days=1)
    office.holds.put(NewHold(app=PROD, reason="fair week", starts_at=begins), by=ANA)
    roll_back(office)
    assert [hold.row.kind for hold in held(office)] == ["rollback", "person"]


def test_a_held_target_can_be_rolled_back(office: Office) -> None:
    office.deploy(PROD)
    office.holds.put(NewHold(app=PROD, reason="fair week"), by=ANA)
    roll_back(office)
    office.work()
    assert [row.status for row in office.found()] == [Status.ROLLED_BACK]


def test_it_is_written_down(office: Office) -> None:
    office.deploy(PROD)
    roll_back(office)
    assert [entry.action for entry in office.audit()] == ["hold.put", "rollback.added"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (99, "acme-prod shows no release v99: there is nothing to roll back to."),
        (1, r"acme-prod v1 has no slug."),
        (None, "acme-prod shows nothing that it ran before"),
    ],
)
def test_is_refused(office: Office, to: int | None, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        roll_back(office, to)
    assert (office.found(), held(office)) == ([], [])


def test_what_it_runs_already_is_refused(office: Office) -> None:
    version = int(office.current(PROD)["version"])
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    with pytest.raises(Invalid, match=f"acme-prod runs the slug of v{version} already"):
        roll_back(office, version)


def test_what_failed_is_refused(office: Office) -> None:
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": True}}, method="PATCH")
    version = office.deploy(PROD)
    with pytest.raises(Invalid, match=f"acme-prod v{version} is (failed|pending)"):
        roll_back(office, version)


def test_an_image_goes_back_with_its_config_vars_and_the_answer_says_so(office: Office) -> None:
    office.control(f"apps/{PROD}", {"generation": "fir"}, method="PATCH")
    version = office.deploy(PROD)
    office.deploy(PROD)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    row = roll_back(office)
    assert row.reason.startswith(f"Back to v{version} with the config vars of then, asked for by")
    office.work()
    (done,) = office.found()
    assert done.status is Status.ROLLED_BACK
    assert done.reason == f"Rolled back as v{done.target_version}, config vars included."
    assert office.current(PROD)["description"] == f"Rollback to v{version}"
    assert office.heroku("GET", f"/apps/{PROD}/config-vars") == {}
    assert [hold.row.kind for hold in held(office)] == ["rollback"]


def test_a_container_app_is_left_to_heroku(office: Office) -> None:
    office.make_app("acme-box", container=True)
    wish = NewRollback(app="acme-box", to=3, reason="500s on checkout")
    with pytest.raises(Invalid, match="a container app: run `heroku rollback v3 -a acme-box` inst"):
        office.promotions.roll_back(wish, by=ANA)


def test_nothing_happens_where_heroku_cannot_be_read(office: Office) -> None:
    office.deploy(PROD)
    office.break_heroku(f"/apps/{PROD}.*")
    with pytest.raises(HerokuUnreadable, match=r"Nothing was rolled back\.$"):
        roll_back(office)
    assert (office.found(), held(office)) == ([], [])


# Said twice, it never brings back what it left.


def run_v3_to_v5(office: Office) -> None:
    """Production ran v3 and v4, and runs v5, which is broken."""
    office.deploy(PROD, user=BO)
    office.deploy(PROD)
    assert office.current(PROD)["version"] == 5


def test_a_second_rollback_is_refused_and_names_what_to_type(office: Office) -> None:
    run_v3_to_v5(office)
    good = office.releases(PROD)[3]
    roll_back(office)
    office.work()
    assert office.current(PROD)["slug"] == good["slug"]

    refused = refusal(office)
    assert refused.id == "already_rolled_back"
    commit = office.heroku("GET", f"/apps/{PROD}/slugs/{office.releases(PROD)[2]['slug']['id']}")
    assert re.fullmatch(
        rf"acme-prod was rolled back from v5 to v4's slug by {ANA} \d+ s ago and runs it\."
        rf" To go further back: `--to v3` \({commit['commit'][:8]}, by {ANA}, \d+ s ago\)\.",
        refused.message,
    )
    assert office.current(PROD)["slug"] == good["slug"]
    assert [row.status for row in office.found()] == [Status.ROLLED_BACK]

    roll_back(office, to=3)
    office.work()
    assert office.current(PROD)["slug"] == office.releases(PROD)[2]["slug"]


def test_a_rollback_that_was_made_at_heroku_is_not_undone_by_a_second_one(office: Office) -> None:
    run_v3_to_v5(office)
    office.control(f"apps/{PROD}/rollbacks", {"release": 4, "user": BO})
    assert f"from v5 to v4's slug by {BO} " in refusal(office).message


def test_what_came_after_a_rollback_is_rolled_back_to_what_that_went_to(office: Office) -> None:
    run_v3_to_v5(office)
    roll_back(office)
    office.work()
    office.deploy(PROD)
    assert roll_back(office).version == 6
    office.work()
    assert office.current(PROD)["slug"] == office.releases(PROD)[3]["slug"]


def test_where_nothing_is_further_back_it_says_so(office: Office) -> None:
    office.deploy(PROD)
    roll_back(office)
    office.work()
    assert refusal(office).message.endswith(
        "It shows nothing further back that can run: say which with --to."
    )


def test_a_refusal_does_without_the_commit_that_heroku_does_not_tell(office: Office) -> None:
    run_v3_to_v5(office)
    roll_back(office)
    office.work()
    office.break_heroku(f"/apps/{PROD}/slugs/.*")
    office.break_heroku(f"/apps/{office.app(PROD).id}/slugs/.*")
    assert re.search(rf"`--to v3` \(by {ANA}, \d+ s ago\)\.$", refusal(office).message)


def test_it_tells_where_it_goes_and_what_undoes_it(office: Office) -> None:
    office.promotions.promote_by_hand(NewPromotions(source=STAGING, targets=(PROD,)), by=BO)
    office.work()
    promoted = office.current(PROD)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    office.deploy(PROD)
    view = answer(office)
    commit = office.heroku("GET", f"/apps/{PROD}/slugs/{promoted['slug']['id']}")["commit"]
    assert (view.to.version, view.to.commit) == (5, commit)
    assert view.to.author == ANA, "whoever made the code, not whoever promoted it"
    assert view.to.created_at is not None
    assert view.left == 6
    number = view.promotion.row.id
    assert view.undo == (
        f'autopromote rollback --app acme-prod --to v6 --reason "undo rollback {number}"'
    )
    assert answer(office) == view, "asked again, it says the same"

    office.work()
    left = office.releases(PROD)[5]["slug"]
    roll_back(office, to=6)
    office.work()
    assert office.current(PROD)["slug"] == left


def test_a_current_that_is_late_refuses_no_rollback_and_sends_it_no_step_too_far(
    office: Office,
) -> None:
    """v6 runs, and Heroku's `current` is v5 still: one step back from there would be v4."""
    run_v3_to_v5(office)
    office.control("faults", {"kind": "frozen", "app": PROD, "of": "current"})
    office.deploy(PROD)

    view = answer(office)
    assert (view.to.version, view.left) == (5, 6)
    assert held(office)
    office.work()
    assert [row.status for row in office.found()] == [Status.WAITING]
    office.mend_heroku()
    with office.database.begin() as conn:
        waiting_promotions.reschedule_target(conn, office.app(PROD).id)
    office.work()
    assert [row.status for row in office.found()] == [Status.ROLLED_BACK]
    assert office.current(PROD)["slug"] == office.releases(PROD)[4]["slug"]


class Overtaken:
    """Reads, and lets a colleague push a fix before the answer is used."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.pushes = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._office.context.reader, name)

    def releases(self, app_id: str) -> Snapshot:
        reading = self._office.context.reader.releases(app_id)
        if self.pushes:
            self.pushes = False
            self._office.deploy(PROD, user=BO)
            self._office.context.reader.releases(app_id)
        return reading


def test_what_came_while_heroku_was_asked_is_not_undone_unseen(office: Office) -> None:
    """Who asked saw v5, and v4 before it; a colleague's v6 came before the answer did."""
    run_v3_to_v5(office)
    desk = office.promotions_desk_reading_by(Overtaken(office))
    wish = NewRollback(app=PROD, to=None, reason="500s on checkout")
    with pytest.raises(Conflict) as refused:
        desk.roll_back(wish, by=ANA)
    assert refused.value.id == "target_moved"
    assert refused.value.message == (
        "acme-prod ran v5 when Heroku was asked, and runs v6 by now. It is on hold now. Nothing was"
        " rolled back. Look at what it runs and ask again, or say where to: `--to v4`."
    )
    assert "rollback" in {hold.row.kind for hold in held(office)}
    office.work()
    assert (office.found(), office.current(PROD)["version"]) == ([], 6)
    view = desk.roll_back(wish, by=ANA)
    assert (view.to.version, view.left) == (5, 6)


def test_where_it_goes_by_name_it_goes_whatever_came_and_names_what_it_left(office: Office) -> None:
    run_v3_to_v5(office)
    desk = office.promotions_desk_reading_by(Overtaken(office))
    view = desk.roll_back(NewRollback(app=PROD, to=4, reason="500s on checkout"), by=ANA)
    assert (view.to.version, view.left) == (4, 6)
    assert "--to v6" in str(view.undo)


def test_a_list_that_lags_refuses_no_rollback(office: Office) -> None:
    """The hold stands at once; the rollback goes when the list can be believed again."""
    run_v3_to_v5(office)
    office.control("faults", {"kind": "frozen", "app": PROD, "skip": 1})
    office.deploy(PROD)
    office.context.reader.releases(office.context.reader.app(PROD).id)

    assert roll_back(office, to=4).status is Status.WAITING
    assert held(office)
    office.work()
    (row,) = office.found()
    assert row.status is Status.WAITING
    assert row.reason.startswith("Looking again: acme-prod shows nothing newer than v5")


# What a rollback that waits does not undo.


def waiting_rollback(office: Office, to: int | None = None, by: str = BO) -> PromotionRow:
    """A rollback that no runner has come to yet."""
    return answer(office, to, by).promotion.row


@pytest.mark.parametrize("has_rule", [False, True], ids=["no rule", "over an open hold"])
def test_a_rollback_that_waits_undoes_no_hotfix_that_came_meanwhile(
    office: Office, has_rule: bool
) -> None:
    if has_rule:
        office.add_rule()
    run_v3_to_v5(office)
    waiting_rollback(office)
    office.deploy(PROD)
    office.work()
    (row,) = [row for row in office.found() if row.kind is PromotionKind.ROLLBACK]
    assert (row.status, office.current(PROD)["version"]) == (Status.CANCELLED, 6)
    assert row.reason == (
        f"Since the rollback was asked for, {ANA} released v6 on acme-prod, which it would undo"
        " unseen. Ask again if that is wanted."
    )


def test_config_vars_that_somebody_set_meanwhile_stop_no_rollback(office: Office) -> None:
    run_v3_to_v5(office)
    waiting_rollback(office)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    office.work()
    assert office.found()[-1].status is Status.ROLLED_BACK
    assert office.current(PROD)["slug"] == office.releases(PROD)[3]["slug"]


def test_a_rollback_that_is_retried_is_asked_for_anew(office: Office) -> None:
    run_v3_to_v5(office)
    row = waiting_rollback(office)
    office.deploy(PROD)
    office.work()
    office.promotions.retry(str(row.id), by=ANA)
    office.work()
    (row,) = office.found()
    assert (row.status, row.created_by) == (Status.ROLLED_BACK, ANA)


def test_the_one_before_is_not_counted_while_another_rollback_is_at_work(office: Office) -> None:
    """Ana skips v5 on purpose; Bo, who counts from v6, would bring v5 back after hers."""
    run_v3_to_v5(office)
    office.deploy(PROD)
    first = waiting_rollback(office, to=4, by=ANA)
    refused = refusal(office)
    assert refused.id == "rollback_at_work"
    assert refused.message == (
        f"Rollback {first.id} of acme-prod to v4, asked for by {ANA}, is not done yet. Nothing was"
        f" rolled back. Follow it with `autopromote promotions:info {first.id}`, or say where to:"
        " `--to v5`."
    )
    office.work()
    assert office.current(PROD)["slug"] == office.releases(PROD)[3]["slug"]
