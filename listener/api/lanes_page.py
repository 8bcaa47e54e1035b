"""`/`: the page that people open every day, and how a browser logs in and out for it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template
from flask.typing import ResponseReturnValue

from listener.api import page_frame
from listener.api.answers import Reply, replies
from listener.api.caller import caller
from listener.api.errors import status_of
from listener.api.services import context, services
from listener.core import duration
from listener.core.gates.sentence import sentence
from listener.core.lanes import tone_of
from listener.errors import Refusal
from listener.roles import Role
from listener.services import lanes

bp = Blueprint("lanes", __name__)
page_frame.join(bp)

_STYLE = (Path(__file__).parent / "static" / "page.css").read_bytes()
# Its address names its content, so that browsers may keep it for good.
STYLESHEET = f"/page-{hashlib.sha256(_STYLE).hexdigest()[:16]}.css"
A_YEAR = 365 * 24 * 3600
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )
}


@bp.get("/")
@replies(Reply(problems=(403,), is_page=True))
def show() -> ResponseReturnValue:
    """Show every lane that one may see, what needs somebody first; or the way to log in."""
    session = page_frame.find_session()
    if session is None:
        return _login_page()
    asker = page_frame.admitted(session, Role.VIEWER)
    found = lanes.read(context())
    return _page(
        "lanes.html",
        asker=asker,
        found=found,
        busy=[lane for lane in found.lanes if not lane.is_quiet],
        quiet=[lane for lane in found.lanes if lane.is_quiet],
        since=partial(duration.ago, now=found.now),
        left=partial(_left, now=found.now),
        sentence=sentence,
        tone=tone_of,
    )


@bp.post("/login")
@replies(Reply(status=303, problems=(401, 403, 413, 422), is_page=True))
def log_in() -> ResponseReturnValue:
    """Log the browser in, by a code that `autopromote login:code` printed."""
    page_frame.check_own_form()
    session = services().browsers.log_in(page_frame.fields().get("code", ""), caller())
    if session is None:
        problem = "That code is wrong, was used already, or is older than five minutes."
        return _login_page(401, problem=problem)
    answer = _home()
    page_frame.keep(answer, session)
    return answer


@bp.get("/login/heroku")
@replies(Reply(status=303, problems=(409,), is_page=True))
def log_in_at_heroku() -> ResponseReturnValue:
    """Send the browser to Heroku, which asks who one is and sends it back."""
    return page_frame.depart("/")


@bp.post("/logout")
@replies(Reply(status=303, problems=(403,), is_page=True))
def log_out() -> ResponseReturnValue:
    """End the browser's session."""
    page_frame.check_own_form()
    page_frame.end_session()
    answer = _home()
    answer.delete_cookie(page_frame.COOKIE, path="/")
    return answer


@bp.get(STYLESHEET)
@replies(Reply(is_page=True))
def style() -> Response:
    """Return the style sheet of all pages."""
    answer = make_response(_STYLE)
    answer.mimetype = "text/css"
    answer.cache_control.public = True
    answer.cache_control.max_age = A_YEAR
    answer.cache_control.immutable = True
    return answer


@bp.errorhandler(Refusal)
def refused(error: Refusal) -> ResponseReturnValue:
    """Show a refusal as a page."""
    return _page("page_refused.html", status_of(error), message=error.message)


def _login_page(status: int = 200, **values: Any) -> Response:
    can_ask = services().browser_logins.is_possible
    return _page("page_login.html", status, can_ask_heroku=can_ask, **values)


def _page(template: str, status: int = 200, **values: Any) -> Response:
    values = {"when": duration.format_moment, "stylesheet": STYLESHEET, **values}
    answer = make_response(render_template(template, **values), status)
    answer.headers.update(HEADERS)
    return answer


def _home() -> Response:
    answer = make_response(redirect("/", 303))
    answer.set_data(b"")  # nothing but the way back
    return answer


def _left(until: datetime, *, now: datetime) -> str:
    """Say how long it is until then, in its two largest units."""
    return duration.show_roughly(until - now)
