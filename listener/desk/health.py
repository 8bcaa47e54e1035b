"""Whether a subscription does its work, told from what Heroku has of it and what arrived."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from listener.heroku import Webhook
from listener.store.subscriptions import SecretState, SubscriptionRow

LEVEL = "sync"
INCLUDE = "api:release"


def fault_of(row: SubscriptionRow, found: Iterable[Webhook], url: str | None) -> str | None:
    """What is wrong with the webhook at Heroku; None where it is as it should be."""
    webhook = next((webhook for webhook in found if webhook.id == row.heroku_id), None)
    if webhook is None:
        return "Heroku has this webhook no more."
    if webhook.url != (url or row.url):
        return f"At Heroku it points to {webhook.url}."
    if webhook.level != LEVEL:
        return f"At Heroku its level is {webhook.level}: what is missed is not sent again."
    if INCLUDE not in webhook.include:
        return "At Heroku it does not tell of releases."
    return None


def health_of(row: SubscriptionRow, app: str, url: str | None) -> tuple[bool | None, str]:
    """Whether it works (None: nothing tells yet), in a sentence with what to do."""
    mend = f"Run `autopromote webhooks:add -a {app}` to mend it."
    if row.heroku_id is None:
        return False, f"It is half made. {mend}"
    if url is not None and row.url != url:
        return False, f"It points to {row.url}, and the listener is at {url}. {mend}"
    if row.health is not None:
        return False, f"{row.health} {mend}"
    if row.secret(SecretState.PENDING) is not None:
        again = f"Run `autopromote webhooks:rotate -a {app}` again."
        return row.is_healthy, f"A rotation stopped half-way. {again}"
    if row.last_delivery_at is None:
        return None, "No delivery has arrived yet: the next release of the app brings one."
    return (
        True,
        f"The last delivery arrived {row.last_delivery_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.",
    )
