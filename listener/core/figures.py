"""How promoting goes, in figures: how often, how fast, how much of it failed, how soon mended.

They are DORA's four keys, as far as releases and commits tell them; `DEFINITIONS` tells each.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from listener.core.promotion import Status

SPANS = (7, 30, 90)  # days that people may ask for
FEW = 3  # of fewer deployments there is no median
NINETY = 0.9
_RAN_WELL = frozenset({Status.SUCCEEDED, Status.VERIFYING})


class Name(StrEnum):
    """What is measured."""

    DEPLOYMENTS = "deployments"
    LEAD_TIME = "lead_time"
    COMMIT_LEAD_TIME = "commit_lead_time"
    FAILURES = "change_failures"
    RESTORE = "time_to_restore"


class Unit(StrEnum):
    """What a figure's value counts."""

    A_DAY = "per_day"
    SECONDS = "seconds"
    SHARE = "share"  # of one


@dataclass(frozen=True, slots=True)
class Definition:
    """How a figure is called, and what it is: in the words that are shown beside it."""

    title: str
    unit: Unit
    words: str


DEFINITIONS: Mapping[Name, Definition] = {
    Name.DEPLOYMENTS: Definition(
        "Deployments a day",
        Unit.A_DAY,
        "Releases of promotions, by rule or by hand, that came to run on their target;"
        " rollbacks, releases by others and promotions that released nothing (skipped, shadowed) do"
        " not count.",
    ),
    Name.LEAD_TIME: Definition(
        "Release to production",
        Unit.SECONDS,
        "Of each deployment, the time from its release on the source until it ran on the target.",
    ),
    Name.COMMIT_LEAD_TIME: Definition(
        "Commit to production",
        Unit.SECONDS,
        "Of each commit that deployments brought and whose time is known, the time from then until"
        " it ran on the target.",
    ),
    Name.FAILURES: Definition(
        "Change failures",
        Unit.SHARE,
        "Of the promotions that made a release on their target, the share that failed in the"
        " release phase or when verified, was rolled back by autopromote or by a person before"
        " other code came, or left its target on hold by autopromote.",
    ),
    Name.RESTORE: Definition(
        "Time to restore",
        Unit.SECONDS,
        "Of each deployment that failed once it ran, the time until code ran on its target that"
        " did not fail: a later deployment, a rollback, or a release by others.",
    ),
}


class Failure(StrEnum):
    """How a change failed."""

    RELEASE = "release_failed"  # it never ran
    ROLLED_BACK = "rolled_back"  # by autopromote
    TAKEN_BACK = "taken_back"  # by a person
    NOT_WELL = "not_well"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A release that a promotion's request made on its target."""

    promotion: int
    rule: int | None
    app: str  # the target
    version: int
    released_at: datetime | None  # on the source
    over_at: datetime  # when it ran, or failed
    has_run: bool
    status: Status  # of the promotion
    is_last: bool = True  # the promotion made no later one
    left_hold: bool = False
    back_at: datetime | None = None  # when it was rolled back by autopromote
    committed_at: tuple[datetime, ...] = ()  # each commit that it brought


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRelease:
    """A release that brought other code to a target, and that no promotion made."""

    app: str
    version: int
    at: datetime
    is_way_back: bool  # this code ran there before
    is_ours: bool = False  # a rollback that autopromote asked for


@dataclass(frozen=True, slots=True)
class Judged:
    """A change, and what came of it."""

    change: Change
    failure: Failure | None
    restored_at: datetime | None = None

    @property
    def is_deployment(self) -> bool:
        """Whether it came to run."""
        return self.change.has_run

    @property
    def lead_time(self) -> timedelta | None:
        """From the release on the source until it ran; of two clocks, so never less than none."""
        made_at = self.change.released_at
        if not self.is_deployment or made_at is None:
            return None
        return _between(made_at, self.change.over_at)

    @property
    def commit_lead_times(self) -> tuple[timedelta, ...]:
        """From each of its commits until it ran."""
        if not self.is_deployment:
            return ()
        return tuple(_between(at, self.change.over_at) for at in self.change.committed_at)

    @property
    def must_be_restored(self) -> bool:
        """Whether it failed while it ran; a hold alone says nothing of the code."""
        return self.is_deployment and self.failure not in (None, Failure.HELD)

    @property
    def time_to_restore(self) -> timedelta | None:
        """From when it ran until good code did again."""
        if not self.must_be_restored or self.restored_at is None:
            return None
        return _between(self.change.over_at, self.restored_at)


def _between(since: datetime, until: datetime) -> timedelta:
    return max(until - since, timedelta())


def judge(changes: Iterable[Change], others: Iterable[OtherRelease]) -> list[Judged]:
    """Say of each change whether it failed, and when its target was well again."""
    by_app: dict[str, list[Change | OtherRelease]] = defaultdict(list)
    for each in chain[Change | OtherRelease](changes, others):
        by_app[each.app].append(each)
    return [judged for them in by_app.values() for judged in _on_one_target(them)]


def _on_one_target(found: list[Change | OtherRelease]) -> list[Judged]:
    """Go through what was released there from the newest on, as each is judged by what followed."""
    judged: list[Judged] = []
    following: OtherRelease | Change | None = None
    well_at: datetime | None = None
    for each in sorted(found, key=lambda one: one.version, reverse=True):
        if isinstance(each, OtherRelease):
            following, well_at = each, each.at
            continue
        failure = _failure(each, following)
        known = [at for at in (well_at, each.back_at) if at is not None]
        judged.append(Judged(each, failure, min(known, default=None)))
        if each.has_run:
            following = each
            well_at = each.over_at if failure is None else well_at
    return judged


def _failure(change: Change, following: Change | OtherRelease | None) -> Failure | None:
    if not change.has_run:
        return Failure.RELEASE
    if change.status in (Status.ROLLED_BACK, Status.ROLLING_BACK) and change.is_last:
        return Failure.ROLLED_BACK
    if isinstance(following, OtherRelease) and following.is_way_back:
        return Failure.TAKEN_BACK
    if change.status not in _RAN_WELL or not change.is_last:
        return Failure.NOT_WELL
    return Failure.HELD if change.left_hold else None


# What it comes to.


@dataclass(frozen=True, slots=True)
class Spread:
    """Times, by their middle and by what nine of ten do not exceed; neither where they are few."""

    count: int
    median: timedelta | None = None
    p90: timedelta | None = None


def spread(times: Collection[timedelta], *, of: int) -> Spread:
    """Return how times spread that are those of so many deployments."""
    if of < FEW or not times:
        return Spread(len(times))
    ordered = sorted(times)
    return Spread(len(ordered), median(ordered), ordered[math.ceil(NINETY * len(ordered)) - 1])


def median(times: Collection[timedelta]) -> timedelta:
    """Return the middle of times, of which there is at least one."""
    ordered = sorted(times)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All figures over some changes."""

    deployments: int
    changes: int
    failures: Mapping[Failure, int]
    lead_time: Spread
    commit_lead_time: Spread
    restore: Spread
    unrestored: int  # failed, and nothing good ran since

    @property
    def failed(self) -> int:
        """How many changes failed."""
        return sum(self.failures.values())

    @property
    def failed_share(self) -> float | None:
        """Which part of the changes failed; None of none."""
        return self.failed / self.changes if self.changes else None


def summarize(found: Collection[Judged]) -> Summary:
    """Count and measure."""
    ran = [each for each in found if each.is_deployment]
    lead = [time for each in ran if (time := each.lead_time) is not None]
    commits = [each.commit_lead_times for each in ran]
    broken = [each for each in ran if each.must_be_restored]
    restored = [time for each in broken if (time := each.time_to_restore) is not None]
    return Summary(
        deployments=len(ran),
        changes=len(found),
        failures=Counter(each.failure for each in found if each.failure is not None),
        lead_time=spread(lead, of=len(lead)),
        commit_lead_time=spread([time for each in commits for time in each], of=_told(commits)),
        restore=spread(restored, of=len(restored)),
        unrestored=len(broken) - len(restored),
    )


def _told(commits: Iterable[Sequence[timedelta]]) -> int:
    return sum(bool(each) for each in commits)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure's value, in its unit: of times the median; none where too few tell it."""

    value: float | None
    count: int  # deployments, times that were measured, or failures
    of: int | None = None  # all, of which the failures are a share
    p90: float | None = None
    is_few: bool = False


def measures(found: Summary, *, days: int) -> dict[Name, Measure]:
    """Return the figures of a summary over so many days."""
    is_few = found.changes < FEW
    share = None if is_few else found.failed_share
    return {
        Name.DEPLOYMENTS: Measure(found.deployments / days, found.deployments),
        Name.LEAD_TIME: _of_times(found.lead_time),
        Name.COMMIT_LEAD_TIME: _of_times(found.commit_lead_time),
        Name.FAILURES: Measure(share, found.failed, found.changes, is_few=is_few),
        Name.RESTORE: _of_times(found.restore),
    }


def _of_times(times: Spread) -> Measure:
    if times.median is None or times.p90 is None:
        return Measure(None, times.count, is_few=True)
    return Measure(times.median.total_seconds(), times.count, p90=times.p90.total_seconds())


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days by the clocks of a place, of which the last may not be over."""

    first: date
    days: int
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """When it begins."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """When it ends: it is not in it any more."""
        return _midnight(self.first + timedelta(days=self.days), self.zone)

    @property
    def before(self) -> Period:
        """The period of as many days that ends where this one begins."""
        return Period(self.first - timedelta(days=self.days), self.days, self.zone)

    @property
    def dates(self) -> list[date]:
        """Its days, the first one first."""
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def has(self, moment: datetime) -> bool:
        """Return whether this lies in it."""
        return self.since <= moment < self.until

    def day_of(self, moment: datetime) -> date:
        """Return the day on which this is, by the clocks of the place."""
        return moment.astimezone(self.zone).date()


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def period(now: datetime, *, days: int, zone: ZoneInfo) -> Period:
    """Return the period of so many days of which today is the last."""
    return Period(now.astimezone(zone).date() - timedelta(days=days - 1), days, zone)


@dataclass(frozen=True, slots=True)
class Day:
    """What a day came to."""

    date: date
    changes: tuple[Judged, ...]  # oldest first
    by_others: int


def days_of(
    period: Period, found: Iterable[Judged], others: Iterable[OtherRelease]
) -> tuple[Day, ...]:
    """Return each day of the period, those on which nothing was released as well."""
    by_day: dict[date, list[Judged]] = defaultdict(list)
    for each in sorted(found, key=lambda one: (one.change.over_at, one.change.promotion)):
        by_day[period.day_of(each.change.over_at)].append(each)
    beside = Counter(period.day_of(each.at) for each in others if not each.is_ours)
    return tuple(Day(day, tuple(by_day[day]), beside[day]) for day in period.dates)
