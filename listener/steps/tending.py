"""Tending a webhook: whether Heroku still has it as we made it. What is wrong is told once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from listener.heroku import HerokuError, Webhook
from listener.steps import troubling
from listener.steps.clock import Clock
from listener.steps.tools import Tools
from listener.store import apps, notices, subscriptions, tending, troubles, work
from listener.store.subscriptions import SubscriptionRow

LEVEL = "sync"
INCLUDE = "api:release"


def step(tools: Tools, claim: work.Claim, clock: Clock) -> None:
    """Look at one webhook; where Heroku does not answer, the next reconcile asks again."""
    with tools.database.begin() as conn:
        row = subscriptions.find(conn, tending.subscription_of(claim))
    found = _at_heroku(tools, row) if row is not None else []
    with tools.database.begin() as conn:
        if row is not None and not isinstance(found, HerokuError):
            note(conn, row, fault_of(row, found))
        tending.finish(conn, claim)
        if row is not None and isinstance(found, HerokuError):
            troubling.note(conn, found, str(claim.key), row.app_id)
        else:
            troubles.over(conn, str(claim.key))


def _at_heroku(tools: Tools, row: SubscriptionRow) -> list[Webhook] | HerokuError:
    try:
        return tools.heroku.webhooks(row.app_id)
    except HerokuError as error:
        return error


def fault_of(row: SubscriptionRow, found: Iterable[Webhook]) -> str | None:
    """What is wrong with the webhook at Heroku; None where it is as we made it."""
    webhook = next((webhook for webhook in found if webhook.id == row.heroku_id), None)
    if webhook is None:
        return "Heroku has this webhook no more."
    if webhook.url != row.url:
        return f"At Heroku it points to {webhook.url}."
    if webhook.level != LEVEL:
        return f"At Heroku its level is {webhook.level}: what is missed is not sent again."
    if INCLUDE not in webhook.include:
        return "At Heroku it does not tell of releases."
    return None


def note(conn: Connection, row: SubscriptionRow, fault: str | None) -> None:
    """Write down how the webhook was found, and have people told of what is newly wrong.

    `row` is as it was before Heroku was asked: if we made it anew since, that answer says nothing.
    """
    now = subscriptions.lock(conn, row.id)
    if now is None or now.updated_at != row.updated_at:
        return
    if subscriptions.note_fault(conn, row.id, fault) and fault is not None:
        name = apps.get(conn, row.app_id).name
        notices.add(
            conn,
            "webhook",
            title=f"The webhook of {name} is not healthy",
            body=f"{fault}\nReleases of {name} are found late until somebody runs"
            f" `autopromote webhooks:add -a {name}`.",
        )
