"""The webhooks of a source: whether ours is there and as it should be, and who else listens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from listener.apps import App
from listener.desk.health import ailment_of
from listener.desk.subscriptions import PATH
from listener.findings import Finding, State, Unread
from listener.heroku import Delivery, Webhook, without_secrets
from listener.steps.webhooks import fault_of
from listener.store.subscriptions import SubscriptionRow

NOT_ARRIVED = frozenset({"failed", "retrying", "skipped"})
LATE = "Deploys are found late, by reconcile alone."


def webhook(
    app: App, row: SubscriptionRow | None, found: Sequence[Webhook] | Unread, *, url: str | None
) -> Finding:
    """Whether Heroku tells us of the app's releases; `url` is where the listener is now."""
    if row is None:
        return Finding(
            name="webhook",
            state=State.WARNING,
            message=f"Heroku does not tell the listener of {app.name}'s releases.",
            why=LATE,
            mend=f"autopromote webhooks:add -a {app.name}",
            app=app,
        )
    if isinstance(found, Unread):
        return found.finding("webhook", app)
    ailment = ailment_of(replace(row, health=fault_of(row, found)), app.name, url)
    if ailment is None:
        message = f"Heroku tells {row.url} of {app.name}'s releases."
        return Finding(name="webhook", state=State.OK, message=message, app=app)
    return Finding(
        name="webhook",
        state=State.BROKEN if ailment.is_grave else State.WARNING,
        message=f"The webhook of {app.name}: {ailment.message}",
        why=LATE if ailment.is_grave else "Heroku may sign with either secret.",
        mend=ailment.mend,
        app=app,
    )


def deliveries(app: App, row: SubscriptionRow, found: Sequence[Delivery] | Unread) -> Finding:
    """Whether what Heroku delivered last arrived; what failed before that is history."""
    if isinstance(found, Unread):
        return found.finding("deliveries", app)
    own = [each for each in found if each.webhook_id == row.heroku_id]
    settled = [each for each in own if each.status == "succeeded" or each.status in NOT_ARRIVED]
    failing = [each for each in _since_success(settled) if each.status in NOT_ARRIVED]
    facts = {"failing": len(failing), "seen": len(own)}
    if not failing:
        message = f"What Heroku delivered of {app.name} arrived."
        message = message if settled else f"Heroku has delivered nothing of {app.name} yet."
        return Finding(name="deliveries", state=State.OK, message=message, app=app, facts=facts)
    code = failing[0].code
    how = f"the last was answered {code}" if code is not None else "the last got no answer"
    return Finding(
        name="deliveries",
        state=State.BROKEN,
        message=f"Deliveries of {app.name} that Heroku could not hand over: {len(failing)}; {how}.",
        why="Heroku holds up later ones behind them, and gives up after 72 hours.",
        mend=f"heroku webhooks:deliveries -a {app.name}",
        app=app,
        facts=facts,
    )


def _since_success(settled: Sequence[Delivery]) -> Sequence[Delivery]:
    """The newest ones, up to the last that arrived."""
    ends = next((at for at, each in enumerate(settled) if each.status == "succeeded"), None)
    return settled[:ends]


def others(
    app: App, row: SubscriptionRow | None, found: Sequence[Webhook] | Unread
) -> list[Finding]:
    """Other autopromote installations that are told of the same app, and doubles of our own."""
    if isinstance(found, Unread):
        return []
    known = row.heroku_id if row is not None else None
    return [
        _other(app, each, is_double=row is not None and each.url == row.url)
        for each in found
        if each.id != known and without_secrets(each.url).endswith(PATH)
    ]


def _other(app: App, other: Webhook, *, is_double: bool) -> Finding:
    url = without_secrets(other.url)
    return Finding(
        name="other_webhook",
        state=State.WARNING,
        message=f"{app.name} has a second webhook to {url}."
        if is_double
        else f"Another autopromote listens to {app.name} at {url}.",
        why="Every release is told twice."
        if is_double
        else "Two that promote to one target hold each other up.",
        mend=f"autopromote webhooks:add -a {app.name}"
        if is_double
        else f"heroku webhooks:remove {other.id} -a {app.name}",
        app=app,
        facts={"webhook": other.id, "url": url},
    )
