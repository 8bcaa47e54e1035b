"""`/audit`: who changed what, when, from what to what, for the admins of every app."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from listener.api import fields
from listener.api.answers import Reply, replies
from listener.api.auth import On
from listener.api.services import context, services
from listener.core import changed
from listener.core.changed import Field
from listener.db.audit import AuditRow
from listener.pages import frame, turning
from listener.roles import Role
from listener.services import audit

bp = frame.blueprint("audit_page", frame.AUDIT)


@bp.get("")
@replies(Reply(queries=("app", "by", "since", "before"), problems=(403, 422), is_page=True))
def show() -> ResponseReturnValue:
    """Show what people changed, newest first; or the way to log in."""
    session = frame.find_session()
    if session is None:
        return frame.login_page(frame.AUDIT)
    asker = frame.admitted(session, Role.ADMIN, On.ALL)
    wish = {name: fields.text(name) for name in ("app", "by", "since")}
    found = audit.list_(
        context(),
        app=wish["app"],
        by=wish["by"],
        since=fields.past("since", services().now()),
        before=fields.id_of("before"),
        limit=turning.ROWS + 1,
    )
    return frame.sheet(
        "audit.html",
        asker=asker,
        page="audit",
        wish=wish,
        turn=turning.turn(frame.AUDIT, found, wish),
        changes=changes,
        now=services().now(),
    )


def changes(row: AuditRow) -> list[Field]:
    """Return what the entry changed, without what its other columns say."""
    said = (row.by, row.subject_name, row.subject_id)
    found = changed.fields(row.before, row.after)
    return [each for each in found if each.before is not None or each.after not in said]
