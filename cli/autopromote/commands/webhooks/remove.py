"""`autopromote webhooks:remove`."""

from autopromote.command import command
from autopromote.confirm import confirm
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app, confirmation
from autopromote.output import action, say, say_json
from autopromote.plain import plain_line


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
