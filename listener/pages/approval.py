"""`/approvals/…`: the page behind a signed link, on which somebody says yes or no.

Opening the page changes nothing, because link previews open it too. It asks for a login, because
links are passed on. Only its buttons act: each form is good once, and only in the browser that got
it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from listener import approval_links
from listener.api.answers import Reply, replies
from listener.api.caller import caller
from listener.api.fields import LONGEST_REASON
from listener.api.services import context, services
from listener.approval_links import Invitation
from listener.crypto import BadToken, Expired
from listener.errors import Gone, Invalid, NotFound
from listener.pages.frame import (
    admitted,
    check_form,
    check_own_form,
    depart,
    fields,
    find_session,
    join,
    keep,
    page,
    see,
)
from listener.roles import Role
from listener.services import approvals
from listener.services.login import Session

bp = Blueprint("approvals", __name__, url_prefix=approval_links.PATH.rstrip("/"))
join(bp)
FEW = 5  # commits; the others are folded away


@bp.get("/<link>")
@replies(Reply(problems=(403, 404, 410), is_page=True))
def show(link: str) -> ResponseReturnValue:
    """Show what would be promoted where, and two buttons for whoever may press them."""
    invitation = _invitation(link)
    session = find_session()
    if session is None:
        return _login_page(invitation)
    return _shown(link, invitation, session)


@bp.post("/<link>/login")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 410, 413, 422, 429), is_page=True))
def log_in(link: str) -> ResponseReturnValue:
    """Log the browser in, by a code that `autopromote login:code` printed."""
    invitation = _invitation(link)
    check_own_form()
    session = services().browsers.log_in(fields().get("code", ""), caller())
    if session is None:
        problem = "That code is wrong, was used already, or is older than five minutes."
        return _login_page(invitation, 401, problem=problem)
    answer = see(f"{approval_links.PATH}{link}")
    keep(answer, session)
    return answer


@bp.get("/<link>/login/heroku")
@replies(Reply(status=303, problems=(403, 404, 409, 410), is_page=True))
def log_in_at_heroku(link: str) -> ResponseReturnValue:
    """Send the browser to Heroku, which asks who one is and sends it back."""
    _invitation(link)
    return depart(f"{approval_links.PATH}{link}")


@bp.post("/<link>")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 410, 413, 422), is_page=True))
def answer(link: str) -> ResponseReturnValue:
    """Take somebody's yes or no, from the form that the page showed to that person."""
    invitation = _invitation(link)
    check_own_form()
    session = find_session()
    if session is None:
        return _login_page(invitation, 401)
    asker = admitted(session, Role.APPROVER)
    said = fields()
    check_form(said.get("form", ""), session, link)
    approvals.invited(context(), invitation)
    _say(str(invitation.promotion_id), said, by=asker.email)
    return see(f"{approval_links.PATH}{link}")


def _login_page(invitation: Invitation, status: int = 200, **values: Any) -> Response:
    can_ask = services().browser_logins.is_possible
    return page("login.html", status, invitation=invitation, can_ask_heroku=can_ask, **values)


def _shown(link: str, invitation: Invitation, session: Session) -> Response:
    asker = admitted(session, Role.VIEWER)
    invited = approvals.invited(context(), invitation)
    target = invited.view.names[invited.view.row.target_id]
    return page(
        "approval.html",
        invited=invited,
        view=invited.view,
        row=invited.view.row,
        asker=asker,
        seen=approvals.seen(invited.view),
        may_answer=invited.is_asked and asker.rights.scope(Role.APPROVER).has(target),
        form=services().browsers.form(session, link, now=services().now()),
        longest=LONGEST_REASON,
        few=FEW,
    )


def _invitation(link: str) -> Invitation:
    try:
        return approval_links.read(services().keys.links, link, now=services().now())
    except Expired as error:
        message = "This link has expired: the time to approve is over."
        raise Gone("link_expired", message) from error
    except BadToken as error:
        raise NotFound("link", "There is no such link. Was it copied whole?") from error


def _say(promotion_id: str, said: dict[str, str], *, by: str) -> None:
    match said.get("say"):
        case "approve":
            approvals.approve(context(), promotion_id, by=by, saw=said.get("seen", ""))
        case "reject":
            approvals.reject(context(), promotion_id, reason=said.get("reason") or None, by=by)
        case _:
            raise Invalid("Say yes or no.")
