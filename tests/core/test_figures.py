"""Figures: what counts as failed, when a target was well again, and what it comes to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core import figures
from listener.core.figures import (
    DEFINITIONS,
    FEW,
    Change,
    Failure,
    Judged,
    Name,
    OtherRelease,
    judge,
    measures,
    spread,
    summarize,
)
from listener.core.promotion import Status

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOOD = Change(
    promotion=1,
    rule=1,
    app="prod",
    version=10,
    released_at=NOON - HOUR,
    over_at=NOON,
    has_run=True,
    status=Status.SUCCEEDED,
)
BAD = replace(GOOD, status=Status.FAILED)
NEXT = replace(GOOD, promotion=2, version=12, over_at=NOON + 2 * HOUR)
OTHER = OtherRelease(app="prod", version=11, at=NOON + HOUR, is_way_back=False)
BACK = replace(OTHER, is_way_back=True)


def outcome(change: Change, *following: Change | OtherRelease) -> tuple[Failure | None, object]:
    """How the change is judged, and after how long its target was well again."""
    changes = [change, *(each for each in following if isinstance(each, Change))]
    others = [each for each in following if isinstance(each, OtherRelease)]
    found = next(each for each in judge(changes, others) if each.change == change)
    return found.failure, found.time_to_restore


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (GOOD, None),
        (replace(GOOD, status=Status.VERIFYING), None),
        (replace(GOOD, has_run=False, status=Status.FAILED), Failure.RELEASE),
        (replace(GOOD, has_run=False, status=Status.ERRORED), Failure.RELEASE),
        (BAD, Failure.NOT_WELL),
        (replace(GOOD, status=Status.ERRORED), Failure.NOT_WELL),
        (replace(GOOD, status=Status.ROLLING_BACK), Failure.ROLLED_BACK),
        (replace(GOOD, status=Status.ROLLED_BACK), Failure.ROLLED_BACK),
        # It failed, and was tried again: its promotion tells of the later release.
        (replace(GOOD, is_last=False), Failure.NOT_WELL),
        (replace(GOOD, status=Status.WAITING, is_last=True), Failure.NOT_WELL),
        (replace(GOOD, left_hold=True), Failure.HELD),
    ],
)
def test_what_counts_as_failed(change: Change, failure: Failure | None) -> None:
    assert outcome(change)[0] is failure


@pytest.mark.parametrize(
    ("following", "failure"),
    [
        ([BACK], Failure.TAKEN_BACK),
        ([replace(BACK, is_ours=True)], Failure.TAKEN_BACK),
        ([OTHER], None),  # a hotfix forward says nothing of what ran before
        ([NEXT], None),
        ([replace(NEXT, version=11), replace(BACK, version=12)], None),  # that took the next back
        ([replace(BACK, app="elsewhere")], None),
        ([replace(BACK, version=9)], None),  # before it
        # What never ran came between.
        ([replace(NEXT, version=11, has_run=False), replace(BACK, version=12)], Failure.TAKEN_BACK),
    ],
)
def test_whoever_goes_back_takes_what_ran_back(
    following: list[Change | OtherRelease], failure: Failure | None
) -> None:
    assert outcome(GOOD, *following)[0] is failure


@pytest.mark.parametrize(
    ("following", "restored"),
    [
        ([], None),
        ([NEXT], 2 * HOUR),
        ([OTHER, NEXT], HOUR),
        ([BACK, NEXT], HOUR),
        ([replace(NEXT, status=Status.FAILED)], None),
        ([replace(NEXT, has_run=False, status=Status.FAILED)], None),
        ([replace(NEXT, version=11, status=Status.FAILED), replace(OTHER, version=12)], HOUR),
        ([replace(NEXT, app="elsewhere")], None),
    ],
)
def test_a_target_is_well_again_with_good_code(
    following: list[Change | OtherRelease], restored: timedelta | None
) -> None:
    assert outcome(BAD, *following)[1] == restored


def test_what_was_rolled_back_is_well_again_even_if_no_list_shows_it_yet() -> None:
    change = replace(GOOD, status=Status.ROLLED_BACK, back_at=NOON + HOUR)
    assert outcome(change) == (Failure.ROLLED_BACK, HOUR)
    assert outcome(change, NEXT) == (Failure.ROLLED_BACK, HOUR)
    shown = replace(BACK, is_ours=True, at=NOON + HOUR / 2)
    assert outcome(change, shown) == (Failure.ROLLED_BACK, HOUR / 2)


def test_what_never_ran_and_what_a_hold_followed_needs_no_restoring() -> None:
    for change in (replace(BAD, has_run=False), replace(GOOD, left_hold=True), GOOD):
        assert outcome(change, NEXT)[1] is None


def test_lead_times_are_of_deployments_and_never_less_than_none() -> None:
    assert Judged(GOOD, None).lead_time == HOUR
    assert Judged(replace(GOOD, released_at=NOON + HOUR), None).lead_time == timedelta()
    assert Judged(replace(GOOD, released_at=None), None).lead_time is None
    assert Judged(replace(GOOD, has_run=False), None).lead_time is None
    committed = replace(GOOD, committed_at=(NOON - 3 * HOUR, NOON - 2 * HOUR))
    assert Judged(committed, None).commit_lead_times == (3 * HOUR, 2 * HOUR)
    assert Judged(replace(committed, has_run=False), None).commit_lead_times == ()


def test_nine_of_ten_times_do_not_exceed_the_p90() -> None:
    found = spread([HOUR * number for number in range(1, 11)], of=10)
    assert (found.median, found.p90, found.count) == (5.5 * HOUR, 9 * HOUR, 10)


def test_of_few_deployments_there_is_no_median() -> None:
    assert spread([HOUR] * 50, of=FEW - 1).median is None
    assert spread([HOUR] * FEW, of=FEW).median == HOUR
    assert spread([], of=FEW).median is None


def test_of_few_changes_there_is_no_share_of_failures() -> None:
    few = measures(summarize([Judged(BAD, Failure.NOT_WELL)] * 2), days=7)[Name.FAILURES]
    assert (few.value, few.count, few.of, few.is_few) == (None, 2, 2, True)
    more = [Judged(BAD, Failure.NOT_WELL), Judged(GOOD, None), Judged(GOOD, None)]
    enough = measures(summarize(more), days=7)[Name.FAILURES]
    assert (enough.value, enough.count, enough.of) == (1 / 3, 1, 3)


def test_a_summary_counts_each_thing_once() -> None:
    found = summarize(
        [
            Judged(GOOD, None),
            Judged(BAD, Failure.NOT_WELL, NOON + HOUR),
            Judged(BAD, Failure.ROLLED_BACK),
            Judged(replace(BAD, has_run=False), Failure.RELEASE),
        ]
    )
    assert (found.deployments, found.changes, found.failed) == (3, 4, 3)
    assert (found.restore.count, found.unrestored) == (1, 1)
    told = measures(found, days=7)
    assert told[Name.DEPLOYMENTS].value == 3 / 7
    assert told[Name.LEAD_TIME].value == HOUR.total_seconds()
    assert told[Name.RESTORE].is_few
    assert summarize([]).failed_share is None


def test_commits_of_few_deployments_have_no_median() -> None:
    many = replace(GOOD, committed_at=(NOON - HOUR,) * 20)
    assert summarize([Judged(many, None)] * 2).commit_lead_time.median is None
    assert summarize([Judged(many, None)] * 3).commit_lead_time.median == HOUR
    untold = [Judged(many, None), Judged(GOOD, None), Judged(GOOD, None)]
    assert summarize(untold).commit_lead_time.median is None


def test_every_figure_is_defined_and_measured() -> None:
    assert set(DEFINITIONS) == set(Name) == set(measures(summarize([]), days=7))


# Days by the clocks of a place.


def test_a_period_ends_with_today_and_follows_the_one_before() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    found = figures.period(datetime(2030, 1, 31, 20, tzinfo=UTC), days=7, zone=tokyo)
    assert (found.dates[0], found.dates[-1]) == (date(2030, 1, 26), date(2030, 2, 1))
    assert found.since == datetime(2030, 1, 25, 15, tzinfo=UTC)
    assert found.before.until == found.since
    assert len(found.before.dates) == 7


def test_what_is_on_a_day_depends_on_the_clocks() -> None:
    night = datetime(2030, 1, 31, 23, 30, tzinfo=UTC)
    judged = [Judged(replace(GOOD, over_at=night), None)]
    others = [replace(OTHER, at=night), replace(OTHER, at=night, is_ours=True)]
    for zone, day in (("UTC", 31), ("Europe/Paris", 1)):
        period = figures.period(night, days=7, zone=ZoneInfo(zone))
        *before, last = figures.days_of(period, judged, others)
        assert (last.date.day, len(last.changes), last.by_others) == (day, 1, 1)
        assert not any(each.changes or each.by_others for each in before)


def test_days_on_which_clocks_change_are_whole() -> None:
    paris = ZoneInfo("Europe/Paris")
    found = figures.period(datetime(2030, 3, 31, 12, tzinfo=UTC), days=7, zone=paris)
    assert found.until - found.since == timedelta(days=7)  # by its clocks
    assert found.until.astimezone(UTC) - found.since.astimezone(UTC) == timedelta(days=7) - HOUR


changes = st.builds(
    Change,
    promotion=st.integers(1, 9),
    rule=st.none(),
    app=st.sampled_from(["prod", "eu"]),
    version=st.integers(1, 50),
    released_at=st.none(),
    over_at=st.integers(0, 99).map(lambda hours: NOON + hours * HOUR),
    has_run=st.booleans(),
    status=st.sampled_from(list(Status)),
    is_last=st.booleans(),
    left_hold=st.booleans(),
)
others = st.builds(
    OtherRelease,
    app=st.sampled_from(["prod", "eu"]),
    version=st.integers(1, 50),
    at=st.just(NOON),
    is_way_back=st.booleans(),
    is_ours=st.booleans(),
)


@given(st.lists(changes, max_size=12), st.lists(others, max_size=6))
def test_every_change_is_judged_once_and_days_add_up(
    made: list[Change], beside: list[OtherRelease]
) -> None:
    judged = judge(made, beside)
    assert Counter(each.change for each in judged) == Counter(made)
    found = summarize(judged)
    assert found.deployments + found.failures.get(Failure.RELEASE, 0) == found.changes
    period = figures.period(NOON + timedelta(days=5), days=7, zone=ZoneInfo("UTC"))
    inside = [each for each in judged if period.has(each.change.over_at)]
    days = figures.days_of(period, judged, beside)
    assert sum(len(day.changes) for day in days) == len(inside)
