"""`/`: the page that people open every day. It changes nothing."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from http import HTTPStatus

from flask import Response, request
from flask.typing import ResponseReturnValue

from listener.api.answers import Reply, replies
from listener.api.services import context, services
from listener.core import duration
from listener.core.gates.sentence import sentence
from listener.core.lanes import lane_name, tone_of
from listener.core.openings import Openings
from listener.core.shown import line_of, listed
from listener.db.lanes import MOST_BEHIND
from listener.pages import frame
from listener.roles import Role
from listener.services import lanes, needs
from listener.services.lanes import Lane, StopView
from listener.services.needs import Kind, Need

bp = frame.blueprint("lanes")

LONGEST_FIND = LONGEST_SUBJECT = 100
MOST_NAMED = 3
PACKED = 4  # lanes are much alike: more effort gains nothing


@bp.get(frame.HOME)
@replies(Reply(queries=("find",), problems=(403,), is_page=True))
def show() -> ResponseReturnValue:
    """Show every lane that one may see, what needs this person first; or the way to log in."""
    if (same := frame.unchanged()) is not None:
        return same
    number, session = services().context.changes.number, frame.find_session()
    if session is None:
        return frame.login_page()
    asker = frame.admitted(session, Role.VIEWER)
    find = request.args.get("find", "").strip()[:LONGEST_FIND]
    found = lanes.read(context()).like(find)
    asked = needs.needs(found, asker.email, asker.rights.scope(Role.APPROVER))
    busy = [lane for lane in found.lanes if not lane.is_quiet]
    opens = _openings(busy, found.now)
    answer = frame.live(
        "lanes.html",
        (replace(found, now=frame.NEVER), opens, [each.why_not for each in asked.every]),
        number,
        asker=asker,
        page="lanes",
        find=find,
        longest=LONGEST_FIND,
        found=found,
        needs=asked,
        usual=next((each for each in asked.mine if each.kind is Kind.WORD), None),
        freezes=needs.freezes(found),
        busy=busy,
        opens=opens,
        quiet=[lane for lane in found.lanes if lane.is_quiet],
        most_behind=MOST_BEHIND,
        author=_author,
        short=_short,
        named=_named,
        together=_together,
        briefly=partial(_briefly, names=found.names),
        since=partial(duration.ago, now=found.now),
        left=partial(frame.left, now=found.now),
        stamp=_stamp,
        sentence=sentence,
        tone=tone_of,
    )
    return _packed(answer)


def _openings(busy: Sequence[Lane], now: datetime) -> dict[int, datetime]:
    """Return when each rule that is shut now lets promotions go again, by its id."""
    rules = [rule for lane in busy for stop in lane.stops for rule in stop.rules]
    timed = [rule for rule in rules if rule.conditions.windows or rule.conditions.closed]
    found = {rule.id: Openings(rule.conditions).next(now) for rule in timed}
    return {rule: at for rule, at in found.items() if at is not None and at > now}


def _packed(answer: Response) -> Response:
    """Compress the page for a browser that takes that: there is no secret in it to find out."""
    answer.vary.add("Accept-Encoding")
    if answer.status_code == HTTPStatus.OK and request.accept_encodings.quality("gzip"):
        answer.set_data(gzip.compress(answer.get_data(), compresslevel=PACKED))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _short(text: str | None) -> str:
    return line_of(text or "", most=LONGEST_SUBJECT)


def _author(stop: StopView) -> str:
    """Return who wrote what an app runs, else who released it, first of all at its source."""
    people = stop.commit.people if stop.commit is not None else ()
    released = (stop.place.author if stop.place is not None else None) or stop.runs.author
    return people[-1] if people else released or ""


def _together(asked: Sequence[Need]) -> list[list[Need]]:
    """Put together what is asked of one release that goes to many targets."""
    found: dict[object, list[Need]] = {}
    for number, each in enumerate(asked):
        row = each.stop.next.row if each.kind is Kind.WORD and each.stop.next is not None else None
        what = (row.release_id, each.why_not) if row is not None else number
        found.setdefault(what, []).append(each)
    return list(found.values())


def _briefly(same: Sequence[Need], names: Mapping[str, str]) -> list[tuple[Need, str]]:
    """Return each with what its target's name adds to what it has in common with its source's."""
    sources = [names[each.stop.next.row.source_id] for each in same if each.stop.next is not None]
    common = lane_name([*sources, *(each.stop.name for each in same)])
    return [(each, each.stop.name.removeprefix(f"{common}-")) for each in same]


def _named(apps: Sequence[str]) -> str:
    more = len(apps) - MOST_NAMED
    return listed([*apps[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])
