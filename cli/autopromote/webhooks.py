"""Makes Heroku tell the listener of an app's releases."""

from autopromote.context import Context
from autopromote.output import action
from autopromote.resources import Rule, Subscription


def ensure_webhook(context: Context, app: str) -> Subscription:
    """Create the webhook, or repair the existing one."""
    with action(f"Adding webhook to ⬢ {app}") as doing:
        subscription, is_new = context.listener.create_subscription(app)
        if not is_new:
            doing.end = "done, it was there already"
    return subscription


def ensure_webhook_of(context: Context, rule: Rule) -> Rule:
    """Create it on the rule's source; return the rule as it is afterwards."""
    ensure_webhook(context, rule["source"]["name"])
    return context.listener.rule(rule["id"])
