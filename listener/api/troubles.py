"""Troubles: what keeps the listener from working now, since when, and what mends it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint

from listener.api import fields
from listener.api.answers import Answer, Ref, Time, returns_list
from listener.api.auth import On, needs
from listener.api.services import context
from listener.core.trouble import Cause
from listener.roles import Role
from listener.services import troubles
from listener.services.troubles import TroubleView

bp = Blueprint("troubles", __name__, url_prefix="/api/troubles")


class Trouble(Answer):
    """Something that fails: why, since when, and the command that mends it or tells more."""

    id: str
    cause: Cause
    title: str
    message: str
    mend: str
    since: Time
    last_at: Time
    times: int
    apps: list[Ref]

    @classmethod
    def each_of(cls, views: Sequence[TroubleView]) -> list[Trouble]:
        """Return these troubles, each command with the listener's own names, looked up once."""
        fill = context().own_names() if views else str
        return [cls._of(view, fill(view.mend)) for view in views]

    @classmethod
    def _of(cls, view: TroubleView, mend: str) -> Trouble:
        found = view.trouble
        return cls(
            id=str(found.id),
            cause=found.cause,
            title=view.title,
            message=found.message,
            mend=mend,
            since=found.since,
            last_at=found.last_at,
            times=found.times,
            apps=[Ref(id=app.id, name=app.name) for app in view.apps],
        )


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Trouble, queries=("app",))
def list_() -> list[Trouble]:
    """List what fails now, oldest first; with an app, what concerns it."""
    return Trouble.each_of(troubles.list_(context(), app=fields.text("app")))
