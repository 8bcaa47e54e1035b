"""How a browser logs in and out, and the style sheet and script of the pages behind that login."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue

from listener.api import page_frame
from listener.api.answers import Reply, replies
from listener.api.caller import caller
from listener.api.services import services

bp = Blueprint("page_login", __name__)
page_frame.join(bp, by_sheet=True)

A_YEAR = 365 * 24 * 3600
CSS, JAVASCRIPT = "text/css", "text/javascript"


@bp.post("/login")
@replies(Reply(status=303, problems=(401, 403, 413, 422, 429), is_page=True))
def log_in() -> ResponseReturnValue:
    """Log the browser in, by a code that `autopromote login:code` printed."""
    page_frame.check_own_form()
    said = page_frame.fields()
    back = page_frame.way_back(said.get("back"))
    session = services().browsers.log_in(said.get("code", ""), caller())
    if session is None:
        problem = "That code is wrong, was used already, or is older than five minutes."
        return page_frame.login_page(back, 401, problem=problem)
    answer = page_frame.see(back)
    page_frame.keep(answer, session)
    return answer


@bp.get("/login/heroku")
@replies(Reply(status=303, queries=("back",), problems=(409,), is_page=True))
def log_in_at_heroku() -> ResponseReturnValue:
    """Send the browser to Heroku, which asks who one is and sends it back."""
    return page_frame.depart(page_frame.way_back(request.args.get("back")))


@bp.post("/logout")
@replies(Reply(status=303, problems=(403,), is_page=True))
def log_out() -> ResponseReturnValue:
    """End the browser's session."""
    page_frame.check_own_form()
    page_frame.end_session()
    answer = page_frame.see(page_frame.HOME)
    answer.delete_cookie(page_frame.COOKIE, path="/")
    return answer


@bp.get(page_frame.STYLESHEET)
@replies(Reply(is_page=True, media=CSS))
def style() -> Response:
    """Return the style sheet."""
    return _for_good(page_frame.STYLE_SHEET, CSS)


@bp.get(page_frame.SCRIPT)
@replies(Reply(is_page=True, media=JAVASCRIPT))
def script() -> Response:
    """Return the script that keeps a page up to date."""
    return _for_good(page_frame.LIVE, JAVASCRIPT)


def _for_good(content: bytes, kind: str) -> Response:
    answer = make_response(content)
    answer.mimetype = kind
    answer.cache_control.public = True
    answer.cache_control.max_age = A_YEAR
    answer.cache_control.immutable = True
    return answer
