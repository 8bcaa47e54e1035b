"""What a rule has checked answers well several times in a row before a release goes."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.core.verification import GOOD_IN_A_ROW, ProbeStreak
from listener.db import queue
from listener.inventory.context import Clock
from listener.inventory.reader import StaleData
from listener.worker import create_release
from listener.worker.candidates import gather
from listener.worker.handlers import PROBED, PROMOTIONS
from listener.worker.job import Job
from listener.worker.queues import PROBING, PROMOTING
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.site import Site
from tests.worker.stage import Stage


@pytest.fixture
def checked(bare: Stage, site: Site) -> Stage:
    """A rule that has the site checked."""
    bare.add_rule(conditions={"checks": [site.url]})
    return bare


def verdict(stage: Stage, version: int) -> tuple[str, str]:
    """What the gate said last."""
    gate = next(g for g in stage.promotion(version).gates if g["name"] == "check")
    return gate["verdict"], gate["message"]


def test_a_release_goes_after_good_answers_in_a_row_some_seconds_apart(
    checked: Stage, site: Site
) -> None:
    version = checked.deploy()
    checked.look()
    assert site.asked == 1
    said = f"1 of 3 good answers in a row of {site.url}, 5 s apart."
    assert verdict(checked, version) == ("wait", said)
    assert checked.is_put_off(5, version)
    checked.age(seconds=5)
    assert checked.promotion(version).status is Status.WAITING
    checked.age(seconds=5)

    assert checked.promotion(version).status is Status.SUCCEEDED
    assert verdict(checked, version)[0] == "pass"
    assert site.asked == GOOD_IN_A_ROW


def test_no_call_of_heroku_is_spent_while_it_is_asked(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.tell(version, stack="heroku-24", commit="1a5f89db")
    checked.work()
    staging, prod = checked.app(STAGING).id, checked.app(PROD).id
    assert checked.wire.take_calls() == [f"GET /apps/{staging}/releases"]
    checked.age(seconds=5)
    assert checked.wire.take_calls() == []
    checked.age(seconds=5)

    assert checked.wire.take_calls() == [
        f"GET /apps/{staging}/releases",
        f"GET /apps/{prod}/releases",
        f"POST /apps/{prod}/releases",
    ]


def test_a_bad_answer_begins_anew_and_says_what_was_seen(checked: Stage, site: Site) -> None:
    site.statuses = [200, 200, 503]
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    checked.age(seconds=5)
    said = f"{site.url} answered 503; 3 good answers in a row are needed."
    assert (checked.promotion(version).status, verdict(checked, version)) == (
        Status.WAITING,
        ("wait", said),
    )
    for _ in range(2):
        checked.age(seconds=5)
        assert checked.promotion(version).status is Status.WAITING
    checked.age(seconds=5)

    assert checked.runs(version)
    assert site.asked == 6


def test_whoever_wakes_it_has_nothing_asked_earlier(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    due_at = checked.promotion(version).due_at
    checked.put_hold()
    checked.release_hold()
    checked.work()
    assert (site.asked, checked.promotion(version).status) == (1, Status.WAITING)
    assert checked.promotion(version).due_at == due_at


def test_while_it_stays_bad_it_is_asked_less_often(checked: Stage, site: Site) -> None:
    site.status = 500
    version = checked.deploy()
    checked.look()
    assert checked.is_put_off(5, version)
    for pause in (10, 20, 40, 60, 60):
        checked.age(seconds=60)
        assert checked.is_put_off(pause, version)

    assert checked.posts_sent() == 0


def test_all_that_is_checked_must_be_good(bare: Stage, site: Site) -> None:
    with Site().open() as other:
        other.status = 404
        bare.add_rule(conditions={"checks": [site.url, other.url]})
        version = bare.deploy()
        bare.look()
        assert verdict(bare, version)[1].startswith(f"{other.url} answered 404;")
        other.status = 204
        for _ in range(GOOD_IN_A_ROW):
            bare.age(seconds=5)

    assert bare.runs(version)


def test_it_is_asked_only_when_every_other_gate_passes(bare: Stage, site: Site) -> None:
    bare.add_rule(conditions={"checks": [site.url], "soak": "30m"})
    version = bare.deploy()
    bare.look()
    bare.age(minutes=10)
    assert (site.asked, bare.promotion(version).status) == (0, Status.WAITING)
    bare.age(minutes=20)
    assert site.asked == 1
    bare.put_hold()
    bare.age(seconds=5)
    bare.age(seconds=5)
    assert site.asked == 1
    bare.release_hold()
    bare.work()
    for _ in range(GOOD_IN_A_ROW - 1):
        bare.age(seconds=5)

    assert bare.runs(version)


def test_a_streak_that_was_interrupted_for_long_begins_anew(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    checked.age(minutes=3)
    assert verdict(checked, version)[1].startswith("1 of 3 good answers")


def test_it_is_asked_once_more_right_before_the_post(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    checked.wire.put(wire.refused)
    checked.age(seconds=5)
    row = checked.promotion(version)
    assert (row.status, row.reason.split(":")[0]) == (Status.WAITING, "Not sent")
    site.status = 503
    checked.age(seconds=6)

    assert (checked.promotion(version).status, site.asked) == (Status.WAITING, 4)
    assert verdict(checked, version)[1].startswith(f"{site.url} answered 503")


def test_answers_that_got_old_while_heroku_was_read_are_not_enough(
    checked: Stage, site: Site
) -> None:
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    slow = wire.after(lambda: checked.shift(timedelta(seconds=3)))
    prod = checked.app(PROD).id
    checked.wire.put(slow, method="GET", path=f"/apps/{prod}/releases")
    checked.age(seconds=5)

    assert checked.runs(version)


def test_nothing_is_posted_on_answers_older_than_two_seconds(checked: Stage) -> None:
    checked.deploy()
    checked.look()
    checked.shift(timedelta(seconds=5))
    with checked.database.begin() as conn:
        claim = PROBING[0].claim(conn, "test")
    assert claim is not None
    job = Job(checked.context, claim, clock := Clock(claim.claimed_at))
    gathered = gather(job)
    for seconds, is_old in ((2.1, True), (1.0, False)):
        streak = ProbeStreak(GOOD_IN_A_ROW, at=clock.now() - timedelta(seconds=seconds))
        aged = replace(gathered, candidate=replace(gathered.candidate, streak=streak))
        context = pytest.raises(StaleData, match="got old") if is_old else nullcontext()
        with context, checked.database.begin() as conn:
            create_release.check(conn, job, aged)


def test_a_second_post_asks_once_more_as_well(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    checked.wire.put(wire.lost)
    checked.age(seconds=5)
    assert checked.promotion(version).status is Status.POSTING
    checked.age(seconds=61)

    assert checked.promotion(version).status is Status.SUCCEEDED
    assert (checked.times_released(version), checked.posts()[-1].sends) == (1, 2)
    assert site.asked == GOOD_IN_A_ROW + 1


def test_no_second_post_goes_out_when_it_is_not_well_by_then(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    checked.wire.put(wire.lost)
    checked.age(seconds=5)
    site.status = 503
    checked.age(seconds=61)

    assert checked.promotion(version).status is Status.WAITING
    assert checked.posts_sent() == 1


@pytest.mark.usefixtures("fresh_for_long")  # what gets old is asked for once more
def test_any_process_goes_on_with_a_streak(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    for owner in ("second", "third"):
        checked.shift(timedelta(seconds=5))
        checked.step(PROBING, owner=owner)
    assert checked.promotion(version).status is Status.SUCCEEDED
    assert site.asked == GOOD_IN_A_ROW


def test_whoever_promotes_asks_nobody_but_heroku(checked: Stage, site: Site) -> None:
    """Slow answers of a site must not keep other promotions from going."""
    checked.deploy()
    checked.look_only()
    for _ in range(5):
        checked.step(PROMOTING)
    assert site.asked == 0
    with checked.database.begin() as conn:
        assert queue.until_next(conn, [PROBED]) == 0.0
        assert queue.until_next(conn, [PROMOTIONS]) is None
    checked.step(PROBING)
    assert site.asked == 1


def test_in_shadow_it_is_asked_too(bare: Stage, site: Site) -> None:
    site.status = 503
    bare.add_rule(mode=Mode.SHADOW, conditions={"checks": [site.url]})
    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).status is Status.WAITING
    site.status = 200
    for _ in range(GOOD_IN_A_ROW):
        bare.age(seconds=5)

    assert bare.promotion(version).status is Status.SHADOWED


def test_by_hand_what_the_rule_has_checked_is_asked(checked: Stage, site: Site) -> None:
    site.status = 503
    version = checked.deploy()
    checked.promote(version)
    checked.work()
    assert {row.status for row in checked.promotions() if row.is_by_hand} == {Status.WAITING}
    assert checked.posts_sent() == 0


def test_a_rule_that_has_nothing_checked_any_more_lets_go(checked: Stage, site: Site) -> None:
    site.status = 503
    version = checked.deploy()
    checked.look()
    checked.change_rule(conditions={"checks": None})
    checked.work()

    assert checked.runs(version)


def test_a_retry_begins_anew(checked: Stage, site: Site) -> None:
    version = checked.deploy()
    checked.look()
    checked.age(seconds=5)
    checked.cancel(checked.promotion(version))
    checked.desk.retry(str(checked.promotion(version).id), by="ana@example.com")
    checked.work()
    assert verdict(checked, version)[1].startswith("1 of 3 good answers")


def test_somebody_is_told_once_where_it_stays_bad(checked: Stage, site: Site) -> None:
    site.status = 500
    version = checked.deploy()
    checked.look()
    for _ in range(3):
        checked.age(seconds=60)
    assert checked.notices() == []
    for status in (502, 503, 504):
        site.status = status
        checked.age(seconds=60)
    told = f"Promotion {checked.promotion(version).id} of {STAGING} v{version} to {PROD} is blocked"
    assert checked.notices() == [told]
