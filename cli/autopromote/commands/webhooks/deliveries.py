"""`autopromote webhooks:deliveries`."""

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json
from autopromote.resources import Delivery
from autopromote.tables import table
from autopromote.times import when

COLUMNS = ("ID", "Received", "App", "Release", "Action", "Times", "Outcome")


@command("webhooks:deliveries", "webhooks:deliveries --app example-app-staging --num 10")
@of_app
@num
@as_json
@pass_context
def deliveries(context: Context, app: str | None, num: int | None, as_json: bool) -> None:
    """list what Heroku delivered, and what became of it"""
    deliveries = context.listener.deliveries(app=app, limit=num)
    if as_json:
        say_json(deliveries)
    elif not deliveries:
        words = "There are no deliveries.\nUse `autopromote webhooks` to see what they come from."
        tell_none(context, words, app)
    else:
        rows = [row(delivery) for delivery in deliveries]
        table(COLUMNS, rows, spare=("Times", "Action"))
    warn_if_cut(deliveries, num, "deliveries")


def row(delivery: Delivery) -> tuple[str | None, ...]:
    """Return a delivery as a row of the table."""
    app, release = delivery.get("app"), delivery.get("release")
    return (
        delivery["id"],
        when(delivery["received_at"]),
        f"⬢ {app['name']}" if app else None,
        f"v{release['version']}" if release else None,
        delivery.get("action"),
        str(delivery.get("times", 1)),
        delivery.get("outcome") or "not decided yet",
    )
