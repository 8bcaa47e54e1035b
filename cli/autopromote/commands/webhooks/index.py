"""`autopromote webhooks`."""

from autopromote.command import command
from autopromote.commands.webhooks.view import health_of
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json
from autopromote.tables import table
from autopromote.times import when


@command("webhooks", "webhooks --app example-app-staging --json")
@of_app
@num
@as_json
@pass_context
def index(context: Context, app: str | None, num: int | None, as_json: bool) -> None:
    """list the listener's webhooks on source apps"""
    subscriptions = context.listener.subscriptions(app=app, limit=num)
    if as_json:
        say_json(subscriptions)
    elif not subscriptions:
        words = "There are no webhooks.\nUse `autopromote webhooks:add` to add one."
        tell_none(context, words, app)
    else:
        table(
            ("App", "ID", "Level", "URL", "Last delivery", "Health"),
            [
                (
                    f"⬢ {found['app']['name']}",
                    found["id"],
                    found["level"],
                    found["url"],
                    when(found["last_delivery_at"]),
                    health_of(found),
                )
                for found in subscriptions
            ],
            spare=("Level", "ID", "URL"),
        )
    warn_if_cut(subscriptions, num, "webhooks")
