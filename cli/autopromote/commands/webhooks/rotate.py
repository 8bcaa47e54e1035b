"""`autopromote webhooks:rotate`."""

import click

from autopromote.command import command
from autopromote.commands.webhooks.view import show_subscription
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app
from autopromote.output import action, say_json


@command(
    "webhooks:rotate --app example-app-staging", "webhooks:rotate --app example-app-staging --now"
)
@chosen_app
@click.option("--now", is_flag=True, help="refuse the old secret at once, as after a leak")
@as_json
@pass_context
def rotate(context: Context, app: str, now: bool, as_json: bool) -> None:
    """give an app's webhook a new secret

    The old secret stays valid until a delivery has proved the new one and 72 hours have passed,
    because what Heroku has queued may still be signed with it. With --now those are refused.
    """
    with action(f"Rotating the webhook secret of ⬢ {app}"):
        subscription = context.listener.rotate_subscription(app, now=now)
    say_json(subscription) if as_json else show_subscription(subscription)
