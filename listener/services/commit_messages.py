"""Commit messages of an app's deploys: asked of Heroku where a rule needs them, and counted."""

from __future__ import annotations

from sqlalchemy import Connection

from listener.core.gates.base import SLUG
from listener.core.release import Release
from listener.db import releases
from listener.errors import HerokuUnreadable
from listener.inventory.context import Context
from listener.services.heroku_calls import HerokuCall, was_refused
from listener.services.rule_warnings import Messages

COUNTED = 20  # the newest deploys of an app
MOST_ASKED = 3  # of them at once


def learn(context: Context, ask: HerokuCall, app_id: str) -> None:
    """Ask Heroku for the newest messages that were never asked for; what fails stays unknown."""
    with context.database.begin() as conn:
        asked = releases.commit_messages(conn, app_id)
        unasked = [each for each in reversed(_deploys(conn, app_id)) if _is_unasked(each, asked)]
    for release in unasked[:MOST_ASKED]:
        try:
            ask(context.reader.learn_commit_message, app_id, release.artifact or "")
        except HerokuUnreadable as error:
            if not was_refused(error):  # the others would take as long
                return


def count(conn: Connection, app_id: str) -> Messages:
    """Count the newest stored deploys, and those of them whose message Heroku told."""
    deploys, said = _deploys(conn, app_id), releases.commit_messages(conn, app_id)
    return Messages(
        deploys=len(deploys),
        told=sum(bool(said.get(each.artifact or "")) for each in deploys),
        unasked=sum(_is_unasked(each, said) for each in deploys),
    )


def _deploys(conn: Connection, app_id: str) -> list[Release]:
    return releases.history(conn, app_id).deploys_above(0)[-COUNTED:]


def _is_unasked(release: Release, said: dict[str, str]) -> bool:
    """Tell whether Heroku was never asked for the message; an image has no commit to ask for."""
    return release.artifact_type == SLUG and release.artifact not in said
