"""`autopromote webhooks:replay`."""

import math
import time

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json, follows
from autopromote.output import action, item, say_json, tell
from autopromote.plain import plain_line
from autopromote.polling import Polling
from autopromote.resources import Delivery


@command("webhooks:replay 112", "webhooks:replay 112 --timeout 1m")
@click.argument("id")
@follows
@as_json
@pass_context
def replay(context: Context, id: str, limit: float | None, as_json: bool) -> None:
    """decide anew on what a delivery was about

    The app's releases are looked at again, by the rules of now, and what waits for them is decided
    on. What was promoted already stays so: nothing is posted twice.
    """
    listener = context.listener
    with action(f"Deciding anew on delivery {id}"):
        delivery = listener.replay_delivery(id)
        ends_at = time.monotonic() + (math.inf if limit is None else limit)
        if delivery["settled_at"] is None and limit != 0:
            for delivery in Polling().answers(lambda: listener.delivery(id)):
                if delivery["settled_at"] is not None or time.monotonic() >= ends_at:
                    break
    if as_json:
        say_json(delivery)
    elif delivery["settled_at"] is not None:
        item(f"{subject(delivery)}: {delivery['outcome']}")
    else:
        so_far = f": {delivery['outcome'].rstrip('.')}" if delivery["outcome"] else ""
        tell(
            plain_line(f"It is not decided yet{so_far}.")
            + "\nUse `autopromote webhooks:deliveries` to look again."
        )


def subject(delivery: Delivery) -> str:
    """Return `Delivery 112 of ⬢ example-app-staging v42`."""
    app, release = delivery["app"], delivery["release"]
    version = f" v{release['version']}" if release and release["version"] is not None else ""
    where = f" of ⬢ {app['name']}{version}" if app else ""
    return f"Delivery {delivery['id']}{where}"
