"""Figures: how often releases reach production, how fast, how many fail, how soon mended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint

from listener.api import fields
from listener.api.answers import Answer, Ref, Time, returns
from listener.api.auth import On, needs
from listener.api.services import context
from listener.core import figures, zones
from listener.core.figures import DEFINITIONS, SPANS, Day, Judged, Name, Unit
from listener.core.zones import BadZone
from listener.errors import Invalid
from listener.roles import Role
from listener.services import stats
from listener.services.stats import Group, StatsView, Wish

bp = Blueprint("stats", __name__, url_prefix="/api/stats")

USUAL_SPAN = 30
MOST_IDS = 50  # of promotions, a day and kind


class Measure(Answer):
    """What a figure comes to: of times the median and the 90th percentile, in seconds.

    Where too few tell it, `is_few`, there is no value.
    """

    value: float | None
    p90: float | None
    count: int
    of: int | None
    is_few: bool

    @classmethod
    def told(cls, found: figures.Measure) -> Measure:
        """Return what a figure comes to."""
        return cls(
            value=found.value,
            p90=found.p90,
            count=found.count,
            of=found.of,
            is_few=found.is_few,
        )


class ComparedFigure(Answer):
    """What a figure comes to, and what it came to in the time before."""

    name: Name
    now: Measure
    before: Measure


class Figure(Answer):
    """A figure over everything, with what it is."""

    name: Name
    title: str
    definition: str
    unit: Unit
    now: Measure
    before: Measure


class AppFigures(Answer):
    """The figures of what went to one app."""

    app: Ref
    figures: list[ComparedFigure]


class RuleFigures(Answer):
    """The figures of what went by one rule; without one, by hand."""

    rule: Ref | None
    figures: list[ComparedFigure]


class DayFigures(Answer):
    """What one day came to: times are medians in seconds, and of promotions some ids are told."""

    day: str
    deployments: int
    changes: int
    failed: int
    by_others: int
    lead_time: float | None
    commit_lead_time: float | None
    time_to_restore: float | None
    deployed_by: list[str]
    failed_by: list[str]

    @classmethod
    def of(cls, day: Day) -> DayFigures:
        """Return what a day came to."""
        ran = [each for each in day.changes if each.is_deployment]
        failed = [each for each in day.changes if each.failure is not None]
        commits = [time for each in ran for time in each.commit_lead_times]
        return cls(
            day=day.date.isoformat(),
            deployments=len(ran),
            changes=len(day.changes),
            failed=len(failed),
            by_others=day.by_others,
            lead_time=_median(each.lead_time for each in ran),
            commit_lead_time=_median(commits),
            time_to_restore=_median(each.time_to_restore for each in failed),
            deployed_by=_ids(ran),
            failed_by=_ids(failed),
        )


def _median(times: Iterable[timedelta | None]) -> float | None:
    known = [time for time in times if time is not None]
    return figures.median(known).total_seconds() if known else None


def _ids(found: Iterable[Judged]) -> list[str]:
    ids = dict.fromkeys(each.change.promotion for each in found)
    return [str(each) for each in list(ids)[-MOST_IDS:]]


class Stats(Answer):
    """How often releases reach production, how fast, how many fail, how soon that is mended."""

    days: int
    zone: str
    since: Time
    until: Time
    figures: list[Figure]
    not_restored: int
    by_others: int
    apps: list[AppFigures]
    rules: list[RuleFigures]
    series: list[DayFigures]
    note: str | None

    @classmethod
    def of(cls, view: StatsView) -> Stats:
        """Return all figures of a time."""
        days = view.period.days
        return cls(
            days=days,
            zone=view.period.zone.key,
            since=view.period.since,
            until=view.period.until,
            figures=[_figure(each) for each in _compared(view.whole, days)],
            not_restored=view.whole.now.unrestored,
            by_others=sum(day.by_others for day in view.days),
            apps=[
                AppFigures(app=_ref(group), figures=_compared(group.figures, days))
                for group in view.apps
            ],
            rules=[
                RuleFigures(
                    rule=_ref(group) if group.id is not None else None,
                    figures=_compared(group.figures, days),
                )
                for group in view.rules
            ],
            series=[DayFigures.of(day) for day in view.days],
            note=view.note,
        )


def _ref(group: Group) -> Ref:
    return Ref(id=group.id or "", name=group.name)


def _compared(found: stats.Compared, days: int) -> list[ComparedFigure]:
    now, before = (figures.measures(each, days=days) for each in (found.now, found.before))
    return [
        ComparedFigure(name=name, now=Measure.told(now[name]), before=Measure.told(before[name]))
        for name in Name
    ]


def _figure(found: ComparedFigure) -> Figure:
    is_ = DEFINITIONS[found.name]
    return Figure(
        name=found.name,
        title=is_.title,
        definition=is_.words,
        unit=is_.unit,
        now=found.now,
        before=found.before,
    )


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns(Stats, queries=("app", "rule", "days", "zone"), problems=(404, 422))
def show() -> Stats:
    """Measure promoting over the last days: to one app or by one rule, if given."""
    return Stats.of(stats.read(context(), wish()))


def wish() -> Wish:
    """Read which figures the request asks for. Raises Invalid."""
    return Wish(fields.text("app"), fields.text("rule"), _days(), _zone())


def _days() -> int:
    said = fields.text("days") or str(USUAL_SPAN)
    found = next((days for days in SPANS if said == str(days)), None)
    if found is None:
        raise Invalid(f"days must be {', '.join(map(str, SPANS[:-1]))} or {SPANS[-1]}.")
    return found


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(zones.check(fields.text("zone") or zones.UTC))
    except BadZone as error:
        raise Invalid(f"zone: {error}") from error
