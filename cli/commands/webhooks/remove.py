"""`autopromote webhooks:remove`."""

from cli.command import command
from cli.confirm import confirm
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app, confirmation
from cli.output import action, say, say_json
from cli.plain import plain_line


@command("webhooks:remove --app example-app-staging --confirm example-app-staging")
@chosen_app
@confirmation("APP")
@as_json
@pass_context
def remove(context: Context, app: str, confirmed: str | None, as_json: bool) -> None:
    """remove an app's webhook at Heroku"""
    confirm(
        context, app, confirmed, warning=f"The listener will no longer hear of releases of ⬢ {app}."
    )
    with action(f"Removing webhook from ⬢ {app}"):
        subscription = context.listener.remove_subscription(app)
    if as_json:
        say_json(subscription)
    else:
        say(plain_line(f"Removed webhook {subscription['id']} to {subscription['url']}"))
