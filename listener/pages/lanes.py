"""`/`: the page that people open every day. It changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from flask.typing import ResponseReturnValue

from listener.api.answers import Reply, replies
from listener.api.services import context, services
from listener.core import duration
from listener.core.gates.sentence import sentence
from listener.core.lanes import tone_of
from listener.pages import frame
from listener.roles import Role
from listener.services import lanes

bp = frame.blueprint("lanes")


@bp.get(frame.HOME)
@replies(Reply(problems=(403,), is_page=True))
def show() -> ResponseReturnValue:
    """Show every lane that one may see, what needs somebody first; or the way to log in."""
    if (same := frame.unchanged()) is not None:
        return same
    number, session = services().context.changes.number, frame.find_session()
    if session is None:
        return frame.login_page()
    asker = frame.admitted(session, Role.VIEWER)
    found = lanes.read(context())
    return frame.live(
        "lanes.html",
        replace(found, now=frame.NEVER),
        number,
        asker=asker,
        page="lanes",
        found=found,
        busy=[lane for lane in found.lanes if not lane.is_quiet],
        quiet=[lane for lane in found.lanes if lane.is_quiet],
        since=partial(duration.ago, now=found.now),
        left=partial(frame.left, now=found.now),
        sentence=sentence,
        tone=tone_of,
    )
