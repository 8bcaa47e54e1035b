"""How a browser logs in and out, and the style sheet and script of the pages behind that login."""

from __future__ import annotations

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue

from listener.api.answers import Reply, replies
from listener.api.caller import caller
from listener.api.services import services
from listener.pages import frame

bp = frame.blueprint("page_login")

A_YEAR = 365 * 24 * 3600
CSS, JAVASCRIPT = "text/css", "text/javascript"


@bp.post("/login")
@replies(Reply(status=303, problems=(401, 403, 413, 422, 429), is_page=True))
def log_in() -> ResponseReturnValue:
    """Log the browser in, by a code that `autopromote login:code` printed."""
    frame.check_own_form()
    said = frame.fields()
    back = frame.way_back(said.get("back"))
    session = services().browsers.log_in(said.get("code", ""), caller())
    if session is None:
        problem = "That code is wrong, was used already, or is older than five minutes."
        return frame.login_page(back, 401, problem=problem)
    answer = frame.see(back)
    frame.keep(answer, session)
    return answer


@bp.get("/login/heroku")
@replies(Reply(status=303, queries=("back",), problems=(409,), is_page=True))
def log_in_at_heroku() -> ResponseReturnValue:
    """Send the browser to Heroku, which asks who one is and sends it back."""
    return frame.depart(frame.way_back(request.args.get("back")))


@bp.post("/logout")
@replies(Reply(status=303, problems=(403,), is_page=True))
def log_out() -> ResponseReturnValue:
    """End the browser's session."""
    frame.check_own_form()
    frame.end_session()
    answer = frame.see(frame.HOME)
    answer.delete_cookie(frame.COOKIE, path="/")
    return answer


@bp.get(frame.STYLESHEET)
@replies(Reply(is_page=True, media=CSS))
def style() -> Response:
    """Return the style sheet."""
    return _for_good(frame.STYLE_SHEET, CSS)


@bp.get(frame.SCRIPT)
@replies(Reply(is_page=True, media=JAVASCRIPT))
def script() -> Response:
    """Return the script that keeps a page up to date."""
    return _for_good(frame.LIVE, JAVASCRIPT)


def _for_good(content: bytes, kind: str) -> Response:
    answer = make_response(content)
    answer.mimetype = kind
    answer.cache_control.public = True
    answer.cache_control.max_age = A_YEAR
    answer.cache_control.immutable = True
    return answer
