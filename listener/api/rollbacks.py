"""The answer to a rollback by hand: its promotion, and where it goes from where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from listener.api import shapes
from listener.api.schemas import Answer, Promotion
from listener.services.views import RollbackView


class Version(Answer):
    """A release of the app that is rolled back."""

    version: int


class PastRelease(Version):
    """A release that comes back: its commit, and who brought that code when."""

    commit: str | None
    author: str | None
    created_at: datetime | None


class Way(Answer):
    """Where a rollback goes from where, and the command that undoes it."""

    from_: Annotated[Version | None, Field(alias="from")]
    to: PastRelease
    undo: str | None


class Rollback(Promotion):
    """A rollback by hand, which is a promotion of its own."""

    rollback: Way


def shape(view: RollbackView) -> shapes.Json:
    """Build the JSON of a rollback: its promotion, from where to where it goes, and the undo."""
    to = view.to
    goes = {
        "from": {"version": view.left} if view.left is not None else None,
        "to": {
            "version": to.version,
            "commit": to.commit,
            "author": to.author,
            "created_at": shapes.time(to.created_at),
        },
        "undo": view.undo,
    }
    return {**shapes.promotion(view.promotion), "rollback": goes}
