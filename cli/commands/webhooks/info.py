"""`autopromote webhooks:info`."""

from cli.command import command
from cli.commands.webhooks.view import show_subscription
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app
from cli.output import say_json


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
