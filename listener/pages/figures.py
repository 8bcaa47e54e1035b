"""`/figures`: how often, how fast and how well releases reach production, with a chart each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.typing import ResponseReturnValue

from listener.api import stats as api
from listener.api.answers import Ref, Reply, replies
from listener.api.services import context
from listener.api.stats import ComparedFigure, Measure, Stats
from listener.core import chart, duration
from listener.core.figures import SPANS, Name, Unit
from listener.pages import frame
from listener.roles import Role
from listener.services import stats

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


@bp.get("")
@replies(Reply(queries=("app", "rule", "days", "zone"), problems=(403, 404, 422), is_page=True))
def show() -> ResponseReturnValue:
    """Show the figures of the last days, of one app or rule if given; or the way to log in."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.FIGURES)
    asker = frame.admitted(session, Role.VIEWER)
    wish = api.wish()
    found = Stats.of(stats.read(context(), wish))
    return frame.sheet(
        "figures.html",
        asker=asker,
        page="figures",
        found=found,
        wish=wish,
        spans=SPANS,
        charts={each.name: chart.chart(_series(found, each.name)) for each in found.figures},
        per={name: UNITS[int(per)] for name, (_, per) in SERIES.items()},
        apps=[_named(each.app, each.figures) for each in found.apps],
        rules=[_named(each.rule, each.figures) for each in found.rules],
        told=told,
        change=change,
    )


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
