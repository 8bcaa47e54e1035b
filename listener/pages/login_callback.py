"""`/login/callback`: a browser comes back from Heroku, with a code for the listener's client."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from listener.api.answers import Reply, replies
from listener.api.caller import caller
from listener.api.fields import is_one_word
from listener.api.services import services
from listener.errors import Forbidden, Invalid
from listener.pages import frame
from listener.services.identity import HerokuCode
from listener.services.login_client import PATH as CALLBACK

bp = frame.blueprint("browser_login")

LONGEST = 4096


@bp.get(CALLBACK)
@replies(
    Reply(
        queries=("code", "state", "error"),
        problems=(401, 403, 409, 422, 429, 503),
        is_page=True,
    )
)
def come_back() -> ResponseReturnValue:
    """Log the browser in that was sent to Heroku, and show the way back to the page it came from.

    It is a page, not a redirect: the session's cookie is sent with no request that began on
    another site, and a redirect from there would be one.
    """
    if "error" in request.args:
        message = "Heroku was told not to let this listener know who you are."
        raise Forbidden(message, id="login_refused")
    secret = request.cookies.get(frame.STATE_COOKIE, "")
    now = services().now()
    back = services().browser_logins.receive(request.args.get("state", ""), secret, now=now)
    session = services().logins.log_in_browser(HerokuCode(_code()), caller())
    answer = frame.sheet("logged_in.html", back=back)
    frame.keep(answer, session)
    answer.delete_cookie(frame.STATE_COOKIE, path=CALLBACK)
    return answer


def _code() -> str:
    """Return the code that the browser brings. Raises Invalid."""
    code = request.args.get("code", "")
    if 0 < len(code) <= LONGEST and is_one_word(code):
        return code
    raise Invalid("Heroku sent no code along.")
