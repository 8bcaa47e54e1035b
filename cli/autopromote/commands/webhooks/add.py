"""`autopromote webhooks:add`."""

from autopromote.command import command
from autopromote.commands.webhooks.view import show_subscription
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app
from autopromote.output import say_json
from autopromote.webhooks import ensure_webhook


@command("webhooks:add --app example-app-staging")
@chosen_app
@as_json
@pass_context
def add(context: Context, app: str, as_json: bool) -> None:
    """have Heroku tell the listener of an app's releases

    The listener makes the webhook with a secret of its own, which nobody sees. Where it is there
    already, it is mended if that is needed, and otherwise left alone.
    """
    subscription = ensure_webhook(context, app)
    say_json(subscription) if as_json else show_subscription(subscription)
