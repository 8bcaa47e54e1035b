"""`/figures`: how often, how fast and how well releases reach production, with a chart each.

A bar leads to the promotions behind it: those of its day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask.typing import ResponseReturnValue

from listener.api import fields
from listener.api import stats as api
from listener.api.answers import Ref, Reply, replies
from listener.api.services import context
from listener.api.stats import ComparedFigure, Measure, Stats
from listener.core import chart, duration
from listener.core.figures import SPANS, Day, Failure, Judged, Name, Unit
from listener.errors import NotFound
from listener.pages import frame
from listener.roles import Role
from listener.services import stats
from listener.services.stats import StatsView, Wish

bp = frame.blueprint("figures_page", frame.FIGURES)

# Of each figure, the field of a day that its chart shows, and how many of these make a unit of it.
SERIES: dict[Name, tuple[str, float]] = {
    Name.DEPLOYMENTS: ("deployments", 1),
    Name.LEAD_TIME: ("lead_time", 3600),
    Name.COMMIT_LEAD_TIME: ("commit_lead_time", 3600),
    Name.FAILURES: ("failed", 1),
    Name.RESTORE: ("time_to_restore", 60),
}
UNITS = {1: "a day", 60: "minutes", 3600: "hours"}
FAILURES = {
    Failure.RELEASE: "failed in the release phase",
    Failure.ROLLED_BACK: "rolled back by autopromote",
    Failure.TAKEN_BACK: "taken back by a person",
    Failure.NOT_WELL: "was not well",
    Failure.HELD: "left its target on hold",
}
MOST_OF_A_DAY = 200


@bp.get("")
@replies(
    Reply(queries=("app", "rule", "days", "zone", "day"), problems=(403, 404, 422), is_page=True)
)
def show() -> ResponseReturnValue:
    """Show the figures of the last days, of one app or rule if given; or the way to log in."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.FIGURES)
    asker = frame.admitted(session, Role.VIEWER)
    wish = api.wish()
    view = stats.read(context(), wish)
    found, day = Stats.of(view), _day(view)
    return frame.sheet(
        "figures.html",
        asker=asker,
        page="figures",
        found=found,
        wish=wish,
        spans=SPANS,
        behind=_behind(view, day) if day is not None else None,
        links=[_link(wish, each.date.isoformat()) for each in view.days],
        charts={each.name: chart.chart(_series(found, each.name)) for each in found.figures},
        per={name: UNITS[int(per)] for name, (_, per) in SERIES.items()},
        apps=[_named(each.app, each.figures) for each in found.apps],
        rules=[_named(each.rule, each.figures) for each in found.rules],
        roughly=duration.show_roughly,
        told=told,
        change=change,
    )


def _day(view: StatsView) -> Day | None:
    """Return the day that is asked for, if one is. Raises NotFound."""
    said = fields.text("day")
    found = next((day for day in view.days if day.date.isoformat() == said), None)
    if said is not None and found is None:
        raise NotFound("day", "That day is none of those that are shown.")
    return found


def _link(wish: Wish, day: str) -> str:
    """Return the address of the same figures with what stands behind a day."""
    said = {"app": wish.app, "rule": wish.rule, "days": wish.days, "zone": wish.zone.key}
    query = {name: value for name, value in said.items() if value is not None}
    return f"{frame.FIGURES}?{urlencode(query | {'day': day})}#day"


@dataclass(frozen=True, slots=True)
class Line:
    """A promotion behind a bar."""

    promotion: int
    target: str
    version: int  # of the target
    at: str
    took: timedelta | None  # from the release on the source
    failure: str | None

    @classmethod
    def of(cls, judged: Judged, names: dict[str, str], view: StatsView) -> Line:
        """Return what a change came to."""
        change = judged.change
        return cls(
            change.promotion,
            names.get(change.app, ""),
            change.version,
            f"{change.over_at.astimezone(view.period.zone):%H:%M %Z}",
            judged.lead_time,
            FAILURES[judged.failure] if judged.failure is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the bars of a day."""

    day: str
    lines: list[Line]  # newest first
    more: int


def _behind(view: StatsView, day: Day) -> Behind:
    names = {group.id: group.name for group in view.apps if group.id is not None}
    newest: Iterable[Judged] = reversed(day.changes[-MOST_OF_A_DAY:])
    lines = [Line.of(each, names, view) for each in newest]
    return Behind(day.date.isoformat(), lines, len(day.changes) - len(lines))


def _named(group: Ref | None, figures: list[ComparedFigure]) -> dict[str, Any]:
    return {"name": group.name if group is not None else stats.BY_HAND, "figures": figures}


def _series(found: Stats, name: Name) -> list[float | None]:
    field, per = SERIES[name]
    values = (getattr(day, field) for day in found.series)
    return [value / per if value is not None else None for value in values]


def told(value: float | None, unit: Unit) -> str:
    """Write a figure's value for people."""
    if value is None:
        return "none"
    match unit:
        case Unit.SECONDS:
            return duration.show_roughly(timedelta(seconds=value))
        case Unit.SHARE:
            return f"{value:.1%}".replace("%", " %")
        case Unit.A_DAY:
            return f"{value:.1f} a day"


def change(now: Measure, before: Measure, unit: Unit) -> str:
    """Say how a figure changed against the time before; empty where one of the two is missing."""
    if now.value is None or before.value is None:
        return ""
    difference = now.value - before.value
    how = "more" if difference > 0 else "less"
    amount = told(abs(difference), unit)
    return f"{amount} {how} than before" if difference else "as before"
