"""Whether a subscription does its work, told from what Heroku has of it and what arrived."""

from __future__ import annotations

from dataclasses import dataclass

from listener import moments
from listener.store.subscriptions import SecretState, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Ailment:
    """What is wrong with a subscription, and the command that mends it."""

    message: str
    mend: str
    is_grave: bool = True  # deliveries do not arrive, or are not repeated


def ailment_of(row: SubscriptionRow, app: str, url: str | None) -> Ailment | None:
    """What is wrong; `url` is where the listener is now."""
    mend = f"autopromote webhooks:add -a {app}"
    if row.heroku_id is None:
        return Ailment("It is half made.", mend)
    if url is not None and row.url != url:
        return Ailment(f"It points to {row.url}, and the listener is at {url}.", mend)
    if row.health is not None:
        return Ailment(row.health, mend)
    if row.secret(SecretState.PENDING) is not None:
        again = f"autopromote webhooks:rotate -a {app}"
        return Ailment("A rotation stopped half-way.", again, is_grave=False)
    return None


def health_of(row: SubscriptionRow, app: str, url: str | None) -> tuple[bool | None, str]:
    """Whether it works (None: nothing tells yet), in a sentence with what to do."""
    match ailment_of(row, app, url):
        case Ailment(message, mend, is_grave=True):
            return False, f"{message} Run `{mend}` to mend it."
        case Ailment(message, mend):
            return row.is_healthy, f"{message} Run `{mend}` again."
    if row.last_delivery_at is None:
        return None, "No delivery has arrived yet: the next release of the app brings one."
    return (
        True,
        f"The last delivery arrived {moments.shown(row.last_delivery_at)}.",
    )
