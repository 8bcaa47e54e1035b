"""`/`: the page that people open every day. It changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint
from flask.typing import ResponseReturnValue

from listener.api import page_frame
from listener.api.answers import Reply, replies
from listener.api.services import context, services
from listener.core import duration
from listener.core.gates.sentence import sentence
from listener.core.lanes import tone_of
from listener.roles import Role
from listener.services import lanes

bp = Blueprint("lanes", __name__)
page_frame.join(bp, by_sheet=True)

NEVER = datetime.min.replace(tzinfo=UTC)  # that time goes by changes no page


@bp.get(page_frame.HOME)
@replies(Reply(problems=(403,), is_page=True))
def show() -> ResponseReturnValue:
    """Show every lane that one may see, what needs somebody first; or the way to log in."""
    if (same := page_frame.unchanged()) is not None:
        return same
    number, session = services().context.changes.number, page_frame.find_session()
    if session is None:
        return page_frame.login_page()
    asker = page_frame.admitted(session, Role.VIEWER)
    found = lanes.read(context())
    return page_frame.live(
        "lanes.html",
        replace(found, now=NEVER),
        number,
        asker=asker,
        page="lanes",
        found=found,
        busy=[lane for lane in found.lanes if not lane.is_quiet],
        quiet=[lane for lane in found.lanes if lane.is_quiet],
        since=partial(duration.ago, now=found.now),
        left=partial(left, now=found.now),
        sentence=sentence,
        tone=tone_of,
    )


def left(until: datetime, *, now: datetime) -> str:
    """Say how long it is until then."""
    return duration.show_roughly(until - now)
