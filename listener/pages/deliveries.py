"""`/deliveries`: what Heroku told us, and what came of it."""

from __future__ import annotations

import re

from flask.typing import ResponseReturnValue

from listener.api import fields
from listener.api.answers import Reply, replies
from listener.api.services import context, services
from listener.pages import frame, turning
from listener.roles import Role
from listener.services import deliveries
from listener.services.views import DeliveryView

bp = frame.blueprint("deliveries_page", frame.DELIVERIES)

_PROMOTIONS = re.compile(r"(.*: promotion )(\d{1,18}(?:, \d{1,18})*)", re.ASCII)


@bp.get("")
@replies(Reply(queries=("app", "before"), problems=(403, 422), is_page=True))
def show() -> ResponseReturnValue:
    """Show the deliveries about what one may see, newest first; or the way to log in."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.DELIVERIES)
    asker = frame.admitted(session, Role.VIEWER)
    wish = {"app": fields.text("app")}
    found = deliveries.list_(
        context(), app=wish["app"], before=fields.id_of("before"), limit=turning.ROWS + 1
    )
    names = {view.row.id: view.app_name for view in found}
    acts = asker.rights.scope(Role.APPROVER)
    return frame.sheet(
        "deliveries.html",
        asker=asker,
        page="deliveries",
        wish=wish,
        turn=turning.turn(frame.DELIVERIES, [view.row for view in found], wish),
        names=names,
        again={view.row.id for view in found if _is_replayed(view) and acts.has(_name(view))},
        told=told,
        now=services().now(),
    )


def told(outcome: str) -> tuple[str, list[str]]:
    """Part what an outcome says from the promotions that it names at its end."""
    found = _PROMOTIONS.fullmatch(outcome)
    return (found[1], found[2].split(", ")) if found is not None else (outcome, [])


def _is_replayed(view: DeliveryView) -> bool:
    """Return whether there is something to decide on anew."""
    return view.row.release_id is not None and view.row.settled_at is not None


def _name(view: DeliveryView) -> str:
    return view.app_name or ""
