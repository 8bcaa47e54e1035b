"""`autopromote wall:create`."""

from datetime import UTC, datetime

import click

from autopromote.command import command
from autopromote.commands.wall.view import listed
from autopromote.context import Context, pass_context
from autopromote.errors import Misuse
from autopromote.options import as_json, each_of
from autopromote.output import action, say, say_json, tell, warn
from autopromote.plain import plain_line
from autopromote.resources import WallMade
from autopromote.times import read_time, when


@command(
    "wall:create lobby --apps example-app,example-app-prod",
    "wall:create office --apps example-app --names --expires 30d",
)
@click.argument("name")
@click.option(
    "--apps",
    metavar="APP[,APP]",
    multiple=True,
    required=True,
    help="apps whose lanes it shows; of a lane, those that are named",
)
@click.option("--names", is_flag=True, help="show the names of authors; else of nobody")
@click.option(
    "--expires", metavar="TIME", help="when it ends, like 30d; else in 366 days, the most there is"
)
@as_json
@pass_context
def create(
    context: Context,
    name: str,
    apps: tuple[str, ...],
    names: bool,
    expires: str | None,
    as_json: bool,
) -> None:
    """make a link that shows lanes on a wall, without a login

    The address alone is printed to stdout, this once. Whoever has it sees which versions these apps
    run, what waits for which gate, and what went wrong: no commit, no reason, no name of a person
    unless you say --names. At each look Heroku's router writes the address into the listener's log:
    whoever reads that log, or a drain of it, has the address too. --expires keeps its time short,
    and wall:remove ends it at once. Apps that are renamed stay on it. It needs an admin of these
    apps.
    """
    wanted = each_of(apps)
    if not wanted:
        raise Misuse("Say which apps: --apps acme-staging,acme-prod.")
    wish: dict[str, object] = {"name": name, "apps": wanted, "names": names}
    if expires is not None:
        wish["expires_at"] = read_time(expires, datetime.now(UTC))
    with action(f"Creating wall {name}"):
        made = context.listener.create_wall(wish)
    if as_json:
        say_json(made)
        return
    say(made["url"])
    tell(plain_line(told(made)))
    if made["in_no_lane"]:
        idle = listed(app["name"] for app in made["in_no_lane"])
        warn(plain_line(f"No rule that it may show is about {idle}."))


def told(made: WallMade) -> str:
    """Say what it shows, to whom and until when."""
    lanes = f"the lanes {listed(made['lanes'])}" if made["lanes"] else "no lane yet"
    until = when(made["expires_at"])
    return f"Whoever has it sees {lanes}, until {until}. It is not shown again."
