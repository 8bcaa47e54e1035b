"""`/promotions/ID`: what ships, every gate, what became of it, and what this person may do.

Opening the page changes nothing. Only its buttons act: each form is good once, and only in the
browser that got it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from flask import Response
from flask.typing import ResponseReturnValue

from listener.api.answers import Reply, replies
from listener.api.fields import LONGEST_REASON
from listener.api.services import context, services
from listener.core.lanes import tone_of
from listener.errors import Invalid
from listener.pages import frame
from listener.roles import Role
from listener.services import approvals, promotion_page, promotions
from listener.services.login import Session
from listener.services.promotion_page import Act

bp = frame.blueprint("promotion_page", "/promotions")

ROLES = {Act.APPROVE: Role.APPROVER, Act.REJECT: Role.APPROVER}  # the others: promoter


@bp.get("/<promotion>")
@replies(Reply(problems=(403, 404), is_page=True))
def show(promotion: str) -> ResponseReturnValue:
    """Show a promotion, with the buttons that this person may press; or the way to log in."""
    if (same := frame.unchanged()) is not None:
        return same
    number, session = services().context.changes.number, frame.find_session()
    if session is None:
        return frame.login_page(_path(promotion))
    return _shown(promotion, session, number)


@bp.post("/<promotion>")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 413, 422), is_page=True))
def act(promotion: str) -> ResponseReturnValue:
    """Do what a button says, from the form that the page showed to that person."""
    frame.check_own_form()
    session = frame.find_session()
    if session is None:
        return frame.login_page(_path(promotion), 401)
    said = frame.fields()
    try:
        wanted = Act(said.get("do", ""))
    except ValueError as error:
        raise Invalid("The form does not say what to do.") from error
    asker = frame.admitted(session, ROLES.get(wanted, Role.PROMOTER))
    frame.check_form(said.get("form", ""), session, _path(promotion))
    _do(wanted, promotion, said, by=asker.email)
    return frame.see(_path(promotion))


def _do(wanted: Act, promotion: str, said: dict[str, str], *, by: str) -> None:
    match wanted:
        case Act.APPROVE:
            approvals.approve(context(), promotion, by=by, saw=said.get("seen", ""))
        case Act.REJECT:
            approvals.reject(context(), promotion, reason=said.get("reason") or None, by=by)
        case Act.CANCEL:
            promotions.cancel(context(), promotion, by=by)
        case Act.RETRY:
            promotions.retry(context(), promotion, by=by)


def _shown(promotion: str, session: Session, number: int) -> Response:
    asker = frame.admitted(session, Role.VIEWER)
    found = promotion_page.read(context(), promotion, asker.email)
    may = [
        each
        for each in found.acts
        if asker.rights.scope(ROLES.get(each, Role.PROMOTER)).has(found.target)
    ]
    return frame.live(
        "promotion.html",
        (replace(found, now=frame.NEVER), may),
        number,
        asker=asker,
        found=found,
        view=found.view,
        row=found.view.row,
        ships=found.view.ships,
        may=may,
        form=services().browsers.form(session, _path(promotion), now=services().now()),
        left=partial(frame.left, now=found.now),
        tone=tone_of,
        longest=LONGEST_REASON,
    )


def _path(promotion: str) -> str:
    return frame.way_back(f"/promotions/{promotion}")
