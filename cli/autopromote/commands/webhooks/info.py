"""`autopromote webhooks:info`."""

from autopromote.command import command
from autopromote.commands.webhooks.view import show_subscription
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app
from autopromote.output import say_json


@command("webhooks:info --app example-app-staging")
@chosen_app
@as_json
@pass_context
def info(context: Context, app: str, as_json: bool) -> None:
    """show an app's webhook and its health

    --app takes the app's name or id, or the id of the webhook.
    """
    subscription = context.listener.subscription(app)
    say_json(subscription) if as_json else show_subscription(subscription)
