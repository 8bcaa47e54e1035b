"""`autopromote holds:add`."""

from datetime import UTC, datetime

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.errors import Misuse
from autopromote.options import as_json, chosen_app_or_all, each_of
from autopromote.output import action, say, say_json, warn
from autopromote.plain import plain_line
from autopromote.times import read_time


@command(
    'holds:add --app example-app --reason "checkout is being looked at"',
    'holds:add --all --reason "sale" --from 2030-11-29T00:00Z --until 2030-12-02T00:00Z',
    'holds:add --all --except example-app-eu --reason "fair" --until "2030-12-24 Europe/Rome"',
    'holds:add --app example-app --reason "demo" --until 2h',
)
@chosen_app_or_all
@click.option(
    "--reason", metavar="TEXT", required=True, help="why, for those whose release does not go"
)
@click.option("--from", "starts", metavar="TIME", help="when it begins; else now")
@click.option(
    "--until", "ends", metavar="TIME", help="when it ends by itself; else when somebody releases it"
)
@click.option(
    "--except", "but", metavar="APP[,APP]", multiple=True, help="apps that --all leaves out"
)
@as_json
@pass_context
def add(
    context: Context,
    app: str | None,
    reason: str,
    starts: str | None,
    ends: str | None,
    but: tuple[str, ...],
    as_json: bool,
) -> None:
    """keep automatic promotion from an app

    A time is a duration from now like 2h or 1d12h, a date like 2030-01-31, which is its first
    moment by this machine's clock, or a time with its zone, like "2030-01-31 18:00 Europe/Rome" or
    2030-01-31T18:00Z.
    """
    left_out = each_of(but)
    if left_out and app:
        raise Misuse("--except goes with --all: it names the apps that are left out.")
    now = datetime.now(UTC)
    times = {key: read_time(text, now) for key, text in (("from", starts), ("until", ends)) if text}
    with action(f"Adding hold on {f'⬢ {app}' if app else 'every target'}"):
        hold = context.listener.add_hold(
            {"app": app, "reason": reason, **times, **({"except": left_out} if left_out else {})}
        )

    if late := hold.get("too_late_for"):
        warn(hold.get("message") or f"It came too late for promotion {', '.join(late)}.")
    if as_json:
        say_json(hold)
    elif not late and (message := hold.get("message")):
        say(plain_line(f"{message} Its ID is {hold['id']}."))
