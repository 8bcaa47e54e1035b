"""`/sessions`: where one is logged in, and how that ends; for an admin, of everybody.

Logging out of this very browser stays in the head of every page.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from flask.typing import ResponseReturnValue

from listener.api import fields
from listener.api.answers import Reply, replies
from listener.api.people import LONGEST_EMAIL
from listener.api.services import context, services
from listener.core import duration
from listener.errors import Invalid
from listener.pages import frame
from listener.roles import Role
from listener.services.login import Session

bp = frame.blueprint("sessions", frame.SESSIONS)

MOST = 100  # rows are shown of a list
ALL = "all"  # no address of a person has no @


@bp.get("")
@replies(Reply(queries=("person",), problems=(403, 404, 422), is_page=True))
def show() -> ResponseReturnValue:
    """Show one's own logins, with `?person=` somebody's or everybody's; or the way to log in."""
    if (same := frame.unchanged()) is not None:
        return same
    number, session = services().context.changes.number, frame.find_session()
    if session is None:
        return frame.login_page(frame.SESSIONS)
    asker = frame.admitted(session, Role.VIEWER)
    whose = _whose(fields.text("person"), session)
    people, machines = services().people, services().machines
    is_all = whose == ALL
    found = None if is_all else people.find(whose)
    everybody = (people.list_(), machines.list_()) if is_all else None
    return frame.live(
        "sessions.html",
        (found, everybody),
        number,
        asker=asker,
        page="sessions",
        found=found,
        everybody=everybody,
        own=session,
        is_own=whose == session.email,
        is_admin=context().reach.covers_all(Role.ADMIN),
        form=services().browsers.form(session, frame.SESSIONS, now=services().now()),
        path_of=path_of,
        most=MOST,
        since=partial(duration.ago, now=services().now()),
    )


@bp.post("")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 413, 422), is_page=True))
def end() -> ResponseReturnValue:
    """End what a button says, from the form that the page showed to that person."""
    frame.check_own_form()
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.SESSIONS, 401)
    frame.admitted(session, Role.VIEWER)
    said = frame.fields()
    whose = _whose(said.get("person"), session)
    frame.check_form(said.get("form", ""), session, frame.SESSIONS)
    _end(said, whose, session)
    return frame.see(path_of(whose) if whose != session.email else frame.SESSIONS)


def _whose(said: str | None, session: Session) -> str:
    """Return whose logins are meant. Raises Forbidden where they are for an admin alone."""
    if said is None or said.lower() == session.email.lower():
        return session.email
    if len(said) > LONGEST_EMAIL or "\0" in said:
        raise Invalid("That is nobody's address.")
    context().reach.check_all(Role.ADMIN)
    return said


def _end(said: dict[str, str], whose: str, session: Session) -> None:
    people, by = services().people, session.email
    match said.get("do"):
        case "login":
            people.log_out(said.get("id", ""), of=whose, by=by)
        case "others" if whose == by:
            people.log_out_others(by, but=session.id)
        case "person" if whose not in (by, ALL):
            people.revoke(whose, by=by)
        case "machine" if whose == ALL:
            services().machines.revoke(said.get("name", ""), by=by)
        case _:
            raise Invalid("The form does not say what to end.")


def path_of(person: str) -> str:
    """Return the address of somebody's logins, or of everybody's."""
    return f"{frame.SESSIONS}?{urlencode({'person': person})}"
