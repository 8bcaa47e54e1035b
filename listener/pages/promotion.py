"""`/promotions/ID`: what ships, every gate, what became of it, and what this person may do.

Opening the page changes nothing. Only its buttons act: each form is good once, and only in the
browser that got it.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flask import Response, request
from flask.typing import ResponseReturnValue

from listener.api import fields
from listener.api.answers import Reply, replies
from listener.api.errors import status_of
from listener.api.fields import LONGEST_REASON
from listener.api.services import context, services
from listener.core import duration, verification
from listener.core.gates import told
from listener.core.gates.base import SLUG
from listener.core.lanes import tone_of
from listener.core.promotion import PromotionKind, Status
from listener.core.steps import steps
from listener.errors import Conflict, NotFound, Refusal, Unauthorized
from listener.pages import acts, frame
from listener.roles import Role
from listener.services import promotion_page
from listener.services.brings import Brings, Runs
from listener.services.login import Session
from listener.services.promotion_page import PromotionPage

bp = frame.blueprint("promotion_page", "/promotions")

FEW = 5  # commits; the others are folded away
# Its output is shown at once where it runs, or may say what went wrong; else on demand.
PRINTING = frozenset({Status.RELEASING, Status.VERIFYING, Status.FAILED})


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


@bp.get("/<promotion>/output")
@replies(
    Reply(
        queries=("offset",), problems=(401, 403, 404, 422), is_page=True, media="application/json"
    )
)
def output(promotion: str) -> ResponseReturnValue:
    """Return what its release phase printed from a byte on, for the script of its page."""
    session = frame.find_looker()
    if session is None:
        raise Unauthorized("Log in again: open the page anew.")
    frame.admitted(session, Role.VIEWER)
    tail = services().output_tails.read(context(), promotion, fields.offset())
    return {"from": tail.start, "next": tail.offset, "text": tail.text, "is_over": tail.is_over}


@bp.post("/<promotion>")
@replies(Reply(status=303, problems=(401, 403, 404, 409, 413, 422, 429, 502), is_page=True))
def act(promotion: str) -> ResponseReturnValue:
    """Do what a button says, from the form that the page showed to that person."""
    frame.check_own_form()
    number, session = services().context.changes.number, frame.find_session()
    if session is None:
        return frame.login_page(_path(promotion), 401)
    try:
        return frame.see(_path(str(_done(promotion, session))))
    except NotFound:
        raise
    except Refusal as refusal:
        return _shown(promotion, session, number, refusal)


def _done(promotion: str, session: Session) -> int:
    said = frame.fields()
    wanted = acts.of_form(said)
    asker = frame.admitted(session, acts.ROLES[wanted])
    frame.check_form(said.get("form", ""), session, _path(promotion))
    return acts.do(wanted, promotion, said, by=asker.email)


def _shown(
    promotion: str, session: Session, number: int, refusal: Refusal | None = None
) -> Response:
    """Render the page; after a refusal, with what was said, and what stands by now."""
    asker = frame.admitted(session, Role.VIEWER)
    found = promotion_page.read(context(), promotion, asker.email)
    is_read = found.view.row.status in PRINTING or "output" in request.args
    printed = services().output_tails.read(context(), promotion, 0) if is_read else None
    brings = _brings(found)
    roles = {each: acts.ROLES[each] for each in found.acts}
    may = [each for each, role in roles.items() if asker.rights.scope(role).has(found.target)]
    return frame.live(
        "promotion.html",
        (found.shown, may, brings),
        number,
        status=status_of(refusal) if refusal is not None else 200,
        asker=asker,
        found=found,
        view=found.view,
        row=found.view.row,
        ships=found.view.ships,
        may=may,
        lacks={each: role.wanted for each, role in roles.items() if each not in may},
        role=asker.rights.on(found.target),
        problem=refusal.message if refusal is not None else None,
        is_conflict=isinstance(refusal, Conflict),
        output=printed,
        brings=brings,
        steps=steps((each.at, each.event) for each in found.view.timeline or ()),
        redact=verification.redact,
        took=duration.show,
        facts_of=partial(told.facts, source=found.source, target=found.target),
        moment_of=datetime.fromisoformat,
        exact=duration.format_exactly,
        form=services().browsers.form(session, _path(promotion), now=services().now()),
        left=partial(frame.left, now=found.now),
        since=partial(duration.ago, now=found.now),
        tone=tone_of,
        aside_field=acts.ASIDE,
        longest=LONGEST_REASON,
        few=FEW,
    )


def _brings(found: PromotionPage) -> Brings | None:
    """Return what it brings besides commits, while that can still be decided on."""
    row, runs = found.view.row, found.runs
    is_slug = row.kind is PromotionKind.PROMOTE and row.artifact_type == SLUG
    if row.status is not Status.WAITING or not is_slug:
        return None
    now = None
    if runs.artifact is not None:  # built on the source, if that ever ran it
        is_of_source = found.place is not None and found.place.version is not None
        now = Runs(row.source_id if is_of_source else row.target_id, runs.artifact)
    return services().brings.read(row, found.target, now)


def _path(promotion: str) -> str:
    return frame.way_back(f"/promotions/{promotion}")
