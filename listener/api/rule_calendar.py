"""The calendar of a rule: on which of the next days, and when, its promotions may go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Blueprint
from pydantic import Field

from listener.api.answers import Answer, Ref, Time, returns
from listener.api.auth import On, needs
from listener.api.services import context
from listener.core import opening_words
from listener.core.openings import Day, Span, Stop
from listener.core.rule import Mode
from listener.db.holds import HoldRow
from listener.roles import Role
from listener.services import rule_pages
from listener.services.rule_pages import RuleCalendar, Way

bp = Blueprint("rule_calendar", __name__, url_prefix="/api/rules")

From = Annotated[Time, Field(alias="from")]
MaybeFrom = Annotated[Time | None, Field(alias="from")]


class OpenTime(Answer):
    """A stretch of a day in which promotions go; `until` is no more of it."""

    from_: From
    until: Time

    @classmethod
    def of(cls, span: Span) -> OpenTime:
        """Return a stretch of time."""
        return cls(from_=span.starts_at, until=span.ends_at)


class StopTime(Answer):
    """A stretch of a day in which none go: closed by the rule, a freeze, or a hold; and why."""

    from_: From
    until: Time
    kind: str
    reason: str

    @classmethod
    def of(cls, stop: Stop) -> StopTime:
        """Return a stretch of time, and what stops promotions in it."""
        return cls(
            from_=stop.starts_at,
            until=stop.ends_at,
            kind=opening_words.word(stop),
            reason=opening_words.why(stop),
        )


class CalendarDay(Answer):
    """A day by the clocks of the zone, of 23, 24 or 25 hours; also as words."""

    date: str
    from_: From
    until: Time
    open: list[OpenTime]
    stops: list[StopTime]
    hours: list[str]
    notes: list[str]

    @classmethod
    def of(cls, day: Day, zone: str) -> CalendarDay:
        """Return a day."""
        return cls(
            date=day.on.isoformat(),
            from_=day.starts_at,
            until=day.ends_at,
            open=[OpenTime.of(span) for span in day.open],
            stops=[StopTime.of(stop) for stop in day.stops],
            hours=opening_words.all_hours(day, zone),
            notes=[note.line for note in opening_words.notes(day, zone)],
        )


class CalendarHold(Answer):
    """A hold or freeze on these targets, in force or to come."""

    id: str
    kind: str
    reason: str
    by: str
    from_: MaybeFrom
    until: Time | None

    @classmethod
    def of(cls, row: HoldRow) -> CalendarHold:
        """Return a hold."""
        return cls(
            id=str(row.id),
            kind=row.kind,
            reason=row.reason,
            by=row.by,
            from_=row.starts_at,
            until=row.ends_at,
        )


class TargetsCalendar(Answer):
    """The calendar of targets with the same holds.

    `opens_at` is when promotions go next, now included; null where nobody knows. `open_until` is
    when that ends, if they go now, and within two weeks.
    """

    targets: list[Ref]
    opens_at: Time | None
    open_until: Time | None
    message: str
    holds: list[CalendarHold]
    days: list[CalendarDay]

    @classmethod
    def of(cls, way: Way, view: RuleCalendar) -> TargetsCalendar:
        """Return the calendar."""
        openings = way.openings
        return cls(
            targets=[Ref.of(each, view.names) for each in way.target_ids],
            opens_at=way.opens_at,
            open_until=way.open_until,
            message=_message(way, view.now),
            holds=[CalendarHold.of(hold) for hold in way.holds],
            days=[CalendarDay.of(day, openings.zone) for day in openings.days(view.now)],
        )


def _message(way: Way, now: datetime) -> str:
    zone = way.openings.zone
    if way.opens_at is None:
        return f"{way.why_shut[0].upper()}{way.why_shut[1:]}."
    if not way.is_open(now):
        return f"Opens {opening_words.local(way.opens_at, zone, now=now)}."
    if way.open_until is None:
        return "Open now."
    return f"Open now, until {opening_words.local(way.open_until, zone, now=now)}."


class Calendar(Answer):
    """When a rule's promotions may go in the next 14 days, and what stops them.

    Times are by the clocks of the zone of its first window or closed time, else UTC. A rule that is
    off promotes nothing, whatever the calendar says.
    """

    rule: Ref
    mode: Mode
    zone: str
    at: Time
    calendars: list[TargetsCalendar]

    @classmethod
    def of(cls, view: RuleCalendar) -> Calendar:
        """Return the calendar of a rule."""
        row = view.row
        return cls(
            rule=Ref(id=str(row.id), name=row.name),
            mode=row.mode,
            zone=view.ways[0].openings.zone,
            at=view.now,
            calendars=[TargetsCalendar.of(way, view) for way in view.ways],
        )


@bp.get("/<rule>/calendar")
@needs(Role.VIEWER, on=On.APPS)
@returns(Calendar, problems=(404,))
def show(rule: str) -> Calendar:
    """Show on which of the next days, and when, the rule's promotions may go."""
    return Calendar.of(rule_pages.calendar(context(), rule))
