"""`autopromote tokens:create`."""

from datetime import UTC, datetime

import click

from autopromote.command import command
from autopromote.commands.tokens.view import role_of
from autopromote.context import TOKEN, URL, Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say, say_json, tell
from autopromote.plain import plain_line
from autopromote.times import read_time, when


@command(
    "tokens:create ci --role promoter --apps 'pay-*+shop-*' --expires 90d",
    "tokens:create dashboard --role viewer",
)
@click.argument("name")
@click.option(
    "--role",
    metavar="ROLE",
    required=True,
    type=click.Choice(["viewer", "promoter"]),
    help="viewer, or promoter, who may promote, roll back and hold",
)
@click.option(
    "--apps", metavar="APP[+APP]", help="names or patterns, like 'pay-*+shop-*'; else every app"
)
@click.option(
    "--expires", metavar="TIME", help="when it ends, like 30d; else in 90 days, at most in 366"
)
@as_json
@pass_context
def create(
    context: Context, name: str, role: str, apps: str | None, expires: str | None, as_json: bool
) -> None:
    """make a token for a machine, such as CI

    The token alone is printed to stdout, this once: keep it as a secret of your CI, by the name
    AUTOPROMOTE_TOKEN, beside AUTOPROMOTE_URL. A promoter may promote, roll back, hold, cancel and
    retry; it never approves, releases no hold, and does nothing that is an admin's. What it does is
    shown as done by token:NAME. It needs an admin.
    """
    wish: dict[str, object] = {"name": name, "role": role}
    if apps is not None:
        wish["apps"] = [one.strip() for one in apps.split("+")]
    if expires is not None:
        wish["expires_at"] = read_time(expires, datetime.now(UTC))
    with action(f"Creating token {name}"):
        made = context.listener.create_machine_token(wish)
    if as_json:
        say_json(made)
        return
    say(made["token"])
    until = when(made["expires_at"])
    tell(
        plain_line(f"It is {role_of(made)} until {until}, and is not shown again.")
        + f"\nUse it as {TOKEN}, with {URL}={context.listener.url}."
    )
