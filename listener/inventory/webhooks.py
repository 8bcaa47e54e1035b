"""Our webhook at Heroku: its settings, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from listener.db import apps, notifications, subscriptions
from listener.db.subscriptions import SubscriptionRow
from listener.heroku import Webhook

LEVEL = "sync"
INCLUDE = "api:release"
PATH = "/webhooks/heroku"


def hook_url(public_url: str | None) -> str | None:
    """Build the URL that Heroku delivers to; None without a public URL."""
    return public_url.rstrip("/") + PATH if public_url else None


def fault_of(row: SubscriptionRow, found: Iterable[Webhook]) -> str | None:
    """Say what is wrong with the webhook at Heroku; None where it is as we made it."""
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
    """Store the fault of the webhook, if any, and notify people of a new one.

    `row` was read before Heroku was asked: if it changed since, the answer is ignored.
    """
    now = subscriptions.lock(conn, row.id)
    if now is None or now.updated_at != row.updated_at:
        return
    if subscriptions.note_fault(conn, row.id, fault) and fault is not None:
        name = apps.get(conn, row.app_id).name
        notifications.add(
            conn,
            "webhook",
            title=f"The webhook of {name} is not healthy",
            body=f"{fault}\nReleases of {name} are found late until somebody runs"
            f" `autopromote webhooks:add -a {name}`.",
        )
