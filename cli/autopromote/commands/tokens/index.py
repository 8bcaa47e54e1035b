"""`autopromote tokens`."""

from autopromote.command import command
from autopromote.commands.tokens.view import role_of
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json, tell
from autopromote.tables import table
from autopromote.times import when

COLUMNS = ("Name", "Role", "Made by", "Created", "From", "Last used", "Until")


@command("tokens", "tokens --json")
@as_json
@pass_context
def index(context: Context, as_json: bool) -> None:
    """list the tokens of machines, such as CI

    Those that are good are listed, with when each was last used, to the minute. It needs an admin.
    """
    tokens = context.listener.machine_tokens()
    if as_json:
        say_json(tokens)
    elif not tokens:
        tell("No machine has a token.\nUse `autopromote tokens:create` to make one.")
    else:
        rows = [
            [
                one["name"],
                role_of(one),
                one["made_by"],
                when(one["created_at"]),
                one["made_from"],
                when(one["last_used_at"]),
                when(one["expires_at"]),
            ]
            for one in tokens
        ]
        table(COLUMNS, rows, spare=("From", "Created", "Made by"), ends_with_words=False)
