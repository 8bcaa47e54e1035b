"""Findings about who was to be told of promotions and was not: GitHub, and receivers of events."""

from __future__ import annotations

from collections.abc import Sequence

from listener.core.finding import Finding, State
from listener.db import apps, outbox
from listener.db.outbox import COMMIT_STATUS, DEPLOYMENT, Untold
from listener.db.rules import RuleRow
from listener.inventory.context import Context

CREDENTIALS = "heroku config:set AUTOPROMOTE_GITHUB_TOKEN=TOKEN -a LISTENER"
_WHAT = {DEPLOYMENT: "the Deployment", COMMIT_STATUS: "the commit status"}


def findings(context: Context, acting: Sequence[RuleRow]) -> list[Finding]:
    """Report who was not told lately, and rules that want GitHub told without credentials."""
    with context.database.begin() as conn:
        untold = outbox.untold(conn, scope=context.reach.sees)
        names = apps.names(conn, {each.target_id for each in untold})
    has_credentials = context.github is not None
    rules = [] if has_credentials else [row for row in acting if _tells_github(row)]
    found = [each for each in untold if has_credentials or each.channel not in _WHAT]
    return [*map(_without, rules), *(_not_told(each, names[each.target_id]) for each in found)]


def _tells_github(row: RuleRow) -> bool:
    return bool(row.conditions.deployment or row.conditions.commit_status)


def _without(row: RuleRow) -> Finding:
    return Finding(
        name="told",
        state=State.WARNING,
        message=f"Rule {row.name} wants GitHub told, and the listener has no credentials for it.",
        why="GitHub shows no Deployment and no commit status of its promotions.",
        mend=CREDENTIALS,
        rule=row.name,
    )


def _not_told(each: Untold, target: str) -> Finding:
    what = _WHAT.get(each.channel, "an event")
    again = "It was given up." if each.is_given_up else "It is tried again for a day."
    return Finding(
        name="told",
        state=State.WARNING,
        message=f"Not told: {what} of promotion {each.promotion_id} to {target}. {each.error}",
        why=f"{again} No promotion waits for it.",
    )
