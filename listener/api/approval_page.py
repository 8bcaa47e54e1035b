"""`/approvals/…`: the page behind a signed link, on which somebody says yes or no.

Opening the page changes nothing, because link previews open it too. It asks for a login, because
links are passed on. Only its buttons act: each form is good once, and only in the browser that got
it.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from listener import approval_links
from listener.api import auth
from listener.api.answers import Reply, replies
from listener.api.auth import Person
from listener.api.caller import caller
from listener.api.errors import status_of
from listener.api.fields import LONGEST_REASON
from listener.api.request_body import LARGEST_FORM, content
from listener.api.services import context, services
from listener.approval_links import Invitation
from listener.core import duration
from listener.crypto import BadToken, Expired, Signed
from listener.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from listener.roles import Role
from listener.services import approvals
from listener.services.browser_login import STATE_LIFE
from listener.services.login import Session
from listener.services.login_client import PATH as CALLBACK
from listener.services.tokens import SESSION_LIFE

bp = Blueprint(
    "approvals", __name__, url_prefix=approval_links.PATH.rstrip("/"), template_folder="templates"
)

COOKIE, STATE_COOKIE = "autopromote_session", "autopromote_login"
MOST_FIELDS = 10
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42em; margin: 2em auto; padding: 0 1em; }
dt { color: #555; } dd { margin: 0 0 .5em; overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
button, input { font: inherit; padding: .6em 1em; margin: .3em 0; max-width: 100%; }
.problem { color: #a00; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{_STYLE_HASH}'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "Referrer-Policy": "same-origin",  # with no-referrer, forms of our own come from origin null
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OUT_OF_DATE = "This page was used already, or is too old. Look again before you answer."


@bp.get("/<link>")
@replies(Reply(problems=(403, 404, 409), is_page=True))
def show(link: str) -> ResponseReturnValue:
    """Show what would be promoted where, and two buttons for whoever may press them."""
    invitation = _invitation(link)
    session = _session()
    if session is None:
        return _login_page(invitation)
    return _shown(link, invitation, session)


@bp.post("/<link>/login")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 413, 422), is_page=True))
def log_in(link: str) -> ResponseReturnValue:
    """Log the browser in, by a code that `autopromote login:code` printed."""
    invitation = _invitation(link)
    _check_own_form()
    session = services().browsers.log_in(_fields().get("code", ""), caller())
    if session is None:
        problem = "That code is wrong, was used already, or is older than five minutes."
        return _login_page(invitation, 401, problem=problem)
    answer = _back_to(link)
    keep(answer, session)
    return answer


@bp.get("/<link>/login/heroku")
@replies(Reply(status=303, problems=(403, 404, 409), is_page=True))
def log_in_at_heroku(link: str) -> ResponseReturnValue:
    """Send the browser to Heroku, which asks who one is and sends it back."""
    _invitation(link)
    departure = services().browser_logins.send(link, now=services().now())
    answer = make_response(redirect(departure.url, 303))
    answer.set_data(b"")
    answer.set_cookie(
        STATE_COOKIE,
        departure.secret,
        max_age=STATE_LIFE,
        path=CALLBACK,
        secure=_is_secure(),
        httponly=True,
        samesite="Lax",  # it comes back from Heroku's site
    )
    return answer


def keep(answer: Response, session: Signed) -> None:
    """Have the browser keep a session."""
    answer.set_cookie(
        COOKIE,
        session.text,
        max_age=SESSION_LIFE,
        path=approval_links.PATH.rstrip("/"),
        secure=_is_secure(),
        httponly=True,
        samesite="Strict",
    )


def _is_secure() -> bool:
    return not (services().public_url or "").startswith("http://")  # loopback alone may


@bp.post("/<link>")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 413, 422), is_page=True))
def answer(link: str) -> ResponseReturnValue:
    """Take somebody's yes or no, from the form that the page showed to that person."""
    invitation = _invitation(link)
    _check_own_form()
    session = _session()
    if session is None:
        return _login_page(invitation, 401)
    asker = _admitted(session, Role.APPROVER)
    said = _fields()
    _check_form(said.get("form", ""), session, link)
    approvals.invited(context(), invitation)
    _say(str(invitation.promotion_id), said, by=asker.email)
    return _back_to(link)


@bp.errorhandler(Refusal)
def refused(error: Refusal) -> ResponseReturnValue:
    """Show a refusal as a page for people."""
    return page("refused.html", status_of(error), message=error.message)


@bp.after_request
def guard(response: Response) -> Response:
    """Set headers so that nobody frames, stores or refers to these pages, and they load nothing."""
    response.headers.update(HEADERS)
    return response


def _login_page(invitation: Invitation, status: int = 200, **values: Any) -> Response:
    can_ask = services().browser_logins.is_possible
    return page("login.html", status, invitation=invitation, can_ask_heroku=can_ask, **values)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page for people."""
    style = Markup(STYLE)  # noqa: S704 - our own, and the policy names it by its hash
    return make_response(render_template(template, style=style, when=_when, **values), status)


def _when(text: str) -> str:
    return duration.format_moment(datetime.fromisoformat(text))


def _shown(link: str, invitation: Invitation, session: Session) -> Response:
    asker = _admitted(session, Role.VIEWER)
    invited = approvals.invited(context(), invitation)
    target = invited.view.names[invited.view.row.target_id]
    return page(
        "approval.html",
        invited=invited,
        view=invited.view,
        row=invited.view.row,
        asker=asker,
        may_answer=invited.is_asked and asker.rights.scope(Role.APPROVER).has(target),
        form=services().browsers.form(session, link, now=services().now()),
        longest=LONGEST_REASON,
    )


def _invitation(link: str) -> Invitation:
    try:
        return approval_links.read(services().keys.links, link, now=services().now())
    except Expired as error:
        message = "This link has expired: the time to approve is over."
        raise Conflict("link_expired", message) from error
    except BadToken as error:
        raise NotFound("link", "There is no such link. Was it copied whole?") from error


def _session() -> Session | None:
    text = request.cookies.get(COOKIE, "")
    return services().browsers.session(text, caller()) if text else None


def _admitted(session: Session, role: Role) -> Person:
    rights = services().roles.of(session.email)
    if rights is None:
        services().refusals.note("no_role", caller(), email=session.email)
        raise Forbidden(f"{session.email} has no role here (any more).", id="no_role")
    asker = Person(session.email, rights, session.expires_at)
    auth.admit(asker, role, auth.On.APPS)
    return asker


def _check_own_form() -> None:
    """Raise Forbidden where the browser tells that the form was on another site."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site == "same-origin"
    else:  # an old browser; the scheme says nothing, for this host answers by one alone
        is_own = origin is None or origin.partition("://")[2] == request.host
    if not is_own:
        raise Forbidden("That form was on another site.")


def _check_form(form: str, session: Session, link: str) -> None:
    try:
        is_first = services().browsers.use_form(form, session, link, now=services().now())
    except Expired as error:
        raise Conflict("form_used", OUT_OF_DATE) from error
    except BadToken as error:
        raise Forbidden("That form is none that we showed to you here.") from error
    if not is_first:
        raise Conflict("form_used", OUT_OF_DATE)


def _say(promotion_id: str, said: dict[str, str], *, by: str) -> None:
    match said.get("say"):
        case "approve":
            approvals.approve(context(), promotion_id, by=by)
        case "reject":
            approvals.reject(context(), promotion_id, reason=said.get("reason") or None, by=by)
        case _:
            raise Invalid("Say yes or no.")


def _fields() -> dict[str, str]:
    """Read the fields of the form. Raises Invalid."""
    try:
        pairs = parse_qsl(content(LARGEST_FORM).decode(), max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Invalid("The form cannot be read.") from error
    said = {name: value.strip() for name, value in pairs}
    if any("\0" in value or len(value) > LONGEST_REASON for value in said.values()):
        raise Invalid("The form says too much.")
    return said


def _back_to(link: str) -> Response:
    answer = make_response(redirect(f"{approval_links.PATH}{link}", 303))
    answer.set_data(b"")  # nothing but the way back
    return answer
