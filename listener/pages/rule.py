"""`/rules` and `/rules/ID`: rules as sentences, when they let promotions go, what they were.

Nothing is changed here: a page shows the line to type.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask.typing import ResponseReturnValue

from listener.api import fields, whole_urls
from listener.api.answers import Reply, replies
from listener.api.services import context
from listener.core import opening_words, revisions
from listener.core.gates.options import Conditions
from listener.core.gates.registry import ALWAYS
from listener.core.gates.sentence import sentence
from listener.core.gates.spelled import AFTER, BEFORE, TOLD, spelled
from listener.core.lanes import Tone, tone_of
from listener.core.opening_words import Note, local
from listener.core.openings import Day, Openings, Span
from listener.core.rule import Mode
from listener.pages import frame
from listener.roles import Role
from listener.services import backtests, rule_pages
from listener.services.rule_pages import Revision, RulePage
from listener.services.views import BacktestView

bp = frame.blueprint("rules_page", frame.RULES)

NEWEST = 30  # releases that a back-test plays
MOST_TARGETS = 10  # of a rule that is played here; each costs some reading, at Heroku, too
MOST_CALENDARS = 5  # of targets with holds of their own
_MINUTE = timedelta(minutes=1)
TONES = {Mode.ARMED: Tone.OK, Mode.SHADOW: Tone.END, Mode.OFF: Tone.END}
SIGNS = {Mode.ARMED: "succeeded", Mode.SHADOW: "shadowed", Mode.OFF: "cancelled"}


@bp.get("")
@replies(Reply(queries=("app",), problems=(403,), is_page=True))
def index() -> ResponseReturnValue:
    """Show the rules that one may see as sentences; or the way to log in."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.RULES)
    asker = frame.admitted(session, Role.VIEWER)
    app = fields.text("app")
    found = rule_pages.list_(context(), app=app)
    return frame.sheet(
        "rules.html",
        asker=asker,
        page="rules",
        found=found,
        app=app,
        most=rule_pages.MOST_LISTED,
        sentence=sentence,
        tones=TONES,
        signs=SIGNS,
        tone=tone_of,
        local=partial(local, now=found.now),
    )


@bp.get("/<rule>")
@replies(Reply(queries=("backtest",), problems=(403, 404, 422, 429, 502), is_page=True))
def show(rule: str) -> ResponseReturnValue:
    """Show a rule by its id; by its name, the way there. Nothing is played unless asked for."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(f"{frame.RULES}/{rule}")
    asker = frame.admitted(session, Role.VIEWER)
    if not rule.isdigit():
        return frame.see(f"{frame.RULES}/{rule_pages.find_id(context(), rule)}")
    found = rule_pages.read(context(), rule)
    row = found.view.row
    is_whole = whole_urls.may_see(found.view.names.values())
    said = plain(row.conditions)
    said = said if is_whole else whole_urls.cut_all(said)
    can_play = len(row.target_ids) <= MOST_TARGETS
    return frame.sheet(
        "rule.html",
        asker=asker,
        page="rules",
        found=found,
        view=found.view,
        row=row,
        sentence=sentence,
        tones=TONES,
        signs=SIGNS,
        tone=tone_of,
        before=spelled(said, BEFORE),
        after=spelled(said, AFTER),
        told=spelled(said, TOLD),
        always=[gate.name for gate in ALWAYS],
        calendars=[Calendar.of(way.openings, found.now) for way in found.ways[:MOST_CALENDARS]],
        past=past(found),
        has_reasons=any(each.declared.get("reason") for each in found.revisions),
        typed=shlex.quote(row.name),
        can_play=can_play,
        played=_played(found) if fields.flag("backtest") and can_play else None,
        local=partial(local, now=found.now),
    )


def plain(conditions: Conditions) -> dict[str, Any]:
    """Return the plain values of conditions, without those that cannot be read."""
    unread = {one.name for one in conditions.unreadable}
    return {name: value for name, value in conditions.as_json().items() if name not in unread}


def _played(found: RulePage) -> list[BacktestView]:
    row = found.view.row
    views = backtests.of_rule(context(), str(row.id), newest=NEWEST)
    # What makes no candidate makes none for any target: it is told once.
    return [view for view in views if _is_told(view) or view.target_id == row.target_ids[0]]


def _is_told(view: BacktestView) -> bool:
    return view.result.status is not None or not view.result.was_tried


# What revisions changed.


def past(found: RulePage) -> list[tuple[Revision, list[str]]]:
    """Return the revisions, newest first, with what each changed; of the first one, nothing."""
    is_whole = whole_urls.may_see(found.apps)
    told = [
        each.declared if is_whole else whole_urls.cut_all(each.declared) for each in found.revisions
    ]
    older = [*told[1:], None]
    return [
        (each, [change.text for change in revisions.changes(was, now)] if was is not None else [])
        for each, now, was in zip(found.revisions, told, older, strict=True)
    ]


# The calendar: for each day a bar of its own length, and the same as words.


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a day's bar, in minutes from the day's beginning."""

    x: str
    width: str

    @classmethod
    def of(cls, day: Day, span: Span) -> Bar:
        """Place a stretch of time on its day."""
        begin, length = span.starts_at - day.starts_at, span.ends_at - span.starts_at
        return cls(_minutes(begin), _minutes(length))


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day of the calendar, ready to be shown."""

    on: str
    iso: str
    width: str
    open: list[Bar]
    closed: list[Bar]
    held: list[Bar]
    ticks: list[str]
    now: str | None
    hours: list[str]
    notes: list[Note]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a rule's calendar for targets with the same holds."""

    zone: str
    days: list[DayRow]

    @classmethod
    def of(cls, openings: Openings, now: datetime) -> Calendar:
        """Lay out the next two weeks."""
        return cls(openings.zone, [_row(day, openings.zone, now) for day in openings.days(now)])


def _row(day: Day, zone: str, now: datetime) -> DayRow:
    marks = (datetime.combine(day.on, time(hour), ZoneInfo(zone)) for hour in (6, 12, 18))
    is_today = day.starts_at <= now < day.ends_at
    return DayRow(
        on=f"{day.on:%a} {day.on.day} {day.on:%b}",
        iso=day.on.isoformat(),
        width=_minutes(day.length),
        open=[Bar.of(day, span) for span in day.open],
        closed=[Bar.of(day, stop) for stop in day.stops if stop.hold is None],
        held=[Bar.of(day, stop) for stop in day.stops if stop.hold is not None],
        ticks=[_minutes(mark.astimezone(UTC) - day.starts_at) for mark in marks],
        now=_minutes(now - day.starts_at) if is_today else None,
        hours=opening_words.all_hours(day, zone),
        notes=opening_words.notes(day, zone),
    )


def _minutes(length: timedelta) -> str:
    return f"{length / _MINUTE:g}"
