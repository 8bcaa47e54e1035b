"""`autopromote tokens:revoke`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json


@command("tokens:revoke ci")
@click.argument("name")
@as_json
@pass_context
def revoke(context: Context, name: str, as_json: bool) -> None:
    """end the token of a machine

    It is refused from the next request on, by every process. It needs an admin.
    """
    with action(f"Revoking token {name}"):
        token = context.listener.revoke_machine_token(name)
    if as_json:
        say_json(token)
