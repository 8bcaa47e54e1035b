"""`autopromote wall`."""

from autopromote.command import command
from autopromote.commands.wall.view import apps_of
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json, tell
from autopromote.tables import table
from autopromote.times import when

COLUMNS = ("Name", "Shows", "Apps", "Made by", "Created", "Until")


@command("wall", "wall --json")
@as_json
@pass_context
def index(context: Context, as_json: bool) -> None:
    """list the links that show lanes without a login

    Those are listed all of whose apps you may see. An address is shown only as it is made.
    """
    walls = context.listener.walls()
    if as_json:
        say_json(walls)
    elif not walls:
        tell("No link shows lanes.\nUse `autopromote wall:create` to make one.")
    else:
        rows = [
            [
                one["name"],
                "lanes and authors" if one["names"] else "lanes",
                apps_of(one),
                one["made_by"],
                when(one["created_at"]),
                when(one["expires_at"]),
            ]
            for one in walls
        ]
        table(COLUMNS, rows, spare=("Created", "Made by"), ends_with_words=False)
