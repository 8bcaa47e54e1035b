"""`autopromote webhooks:add`."""

from cli.command import command
from cli.commands.webhooks.view import show_subscription
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app
from cli.output import action, say_json


@command("webhooks:add --app example-app-staging")
@chosen_app
@as_json
@pass_context
def add(context: Context, app: str, as_json: bool) -> None:
    """have Heroku tell the listener of an app's releases

    The listener makes the webhook with a secret of its own, which nobody sees. Where it is there
    already, it is mended if that is needed, and otherwise left alone.
    """
    with action(f"Adding webhook to ⬢ {app}") as doing:
        subscription, is_new = context.listener.create_subscription(app)
        if not is_new:
            doing.end = "done, it was there already"

    say_json(subscription) if as_json else show_subscription(subscription)
