"""`/doctor`: what keeps the listener from working now, and on demand everything that may be wrong.

Opening the page reads the database. Heroku is asked where somebody presses the button, on that
person's account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask import Response, request
from flask.typing import ResponseReturnValue

from listener.api import fields
from listener.api.answers import Reply, replies
from listener.api.fields import LONGEST_NAME
from listener.api.services import context, services
from listener.api.troubles import Trouble
from listener.core.finding import Finding, State
from listener.pages import frame
from listener.roles import Role
from listener.services import troubles
from listener.services.login import Session

bp = frame.blueprint("doctor_page", frame.DOCTOR)

# The tone and the sign of each state.
LOOKS = {
    State.OK: ("ok", "succeeded"),
    State.WARNING: ("ask", "errored"),
    State.BROKEN: ("bad", "failed"),
    State.UNKNOWN: ("end", "shadowed"),
}


@bp.get("")
@replies(Reply(queries=("app",), problems=(403,), is_page=True))
def show() -> ResponseReturnValue:
    """Show what lasts and keeps the listener from working; or the way to log in."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.DOCTOR)
    return _shown(session, fields.text("app"))


@bp.post("")
@replies(Reply(problems=(401, 403, 409, 413, 422, 429), is_page=True))
def ask() -> ResponseReturnValue:
    """Examine everything now, and show the findings."""
    frame.check_own_form()
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.DOCTOR, 401)
    frame.admitted(session, Role.VIEWER)
    said = frame.fields()
    frame.check_form(said.get("form", ""), session, frame.DOCTOR)
    doctor = services().doctor.of(context())
    found = doctor.examine(asked_by=request.headers.get("User-Agent", ""))
    return _shown(session, said.get("app", "")[:LONGEST_NAME] or None, found)


def _shown(session: Session, app: str | None, found: Sequence[Finding] | None = None) -> Response:
    asker = frame.admitted(session, Role.VIEWER)
    about = [each for each in found or () if app is None or _concerns(each, app)]
    counts = Counter(each.state for each in about)
    return frame.sheet(
        "doctor.html",
        asker=asker,
        page="doctor",
        wish={"app": app},
        lasting=Trouble.each_of(troubles.list_(context(), app=app)) if found is None else [],
        is_examined=found is not None,
        wrong=[each for each in about if each.state is not State.OK],
        well=[each for each in about if each.state is State.OK],
        counts=[(state, counts[state]) for state in State if counts[state]],
        looks=LOOKS,
        form=services().browsers.form(session, frame.DOCTOR, now=services().now()),
        now=services().now(),
    )


def _concerns(finding: Finding, app: str) -> bool:
    return finding.app is not None and app in (finding.app.id, finding.app.name)
