"""Check whether Heroku still has a webhook as we made it; notify people once of a fault."""

from __future__ import annotations

from listener.db import queue, subscriptions, sync, troubles
from listener.db.subscriptions import SubscriptionRow
from listener.heroku import HerokuError, Webhook
from listener.inventory import webhooks
from listener.inventory.context import Clock, Context
from listener.worker import report_troubles


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Check one webhook; if Heroku cannot be read, the next reconcile asks again."""
    with context.database.begin() as conn:
        row = subscriptions.find(conn, sync.subscription_of(claim))
    found = _at_heroku(context, row) if row is not None else []
    with context.database.begin() as conn:
        if row is not None and not isinstance(found, HerokuError):
            webhooks.note(conn, row, webhooks.fault_of(row, found))
        sync.finish_check(conn, claim)
        if row is not None and isinstance(found, HerokuError):
            report_troubles.note(conn, found, str(claim.key), row.app_id)
        else:
            troubles.over(conn, str(claim.key))


def _at_heroku(context: Context, row: SubscriptionRow) -> list[Webhook] | HerokuError:
    try:
        return context.heroku.webhooks(row.app_id)
    except HerokuError as error:
        return error
