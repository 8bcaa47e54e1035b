"""`autopromote people:revoke`."""

import click

from autopromote.command import command
from autopromote.confirm import confirm
from autopromote.context import Context, pass_context
from autopromote.errors import Misuse
from autopromote.options import as_json, confirmation
from autopromote.output import action, say, say_json, warn
from autopromote.plain import plain_line
from autopromote.resources import Revoked

ALL = "all"


@command("people:revoke leaver@example.com", "people:revoke --all --confirm all")
@click.argument("email", required=False)
@click.option("--all", "is_all", is_flag=True, help="everybody, yourself as well")
@confirmation(ALL)
@as_json
@pass_context
def revoke(
    context: Context, email: str | None, is_all: bool, confirmed: str | None, as_json: bool
) -> None:
    """end all that somebody is logged in with

    All tokens, browser sessions and one-time codes of this person end with the next request, at
    every process. Who has a role can log in again: an entry like !leaver@example.com in
    AUTOPROMOTE_ADMINS prevents it, and stops what is logged in, too. It needs an admin.
    """
    if is_all == (email is not None):
        raise Misuse("Say whose logins end: an email, or --all.")
    if is_all:
        confirm(context, ALL, confirmed, warning="This logs everybody out.")
    with action(f"Logging out {email or 'everybody'}"):
        revoked = context.listener.revoke({"all": True} if is_all else {"email": email})
    if as_json:
        say_json(revoked)
        return
    say(plain_line(f"Ended {counted(revoked)}. {revoked['message']}"))
    if names := revoked["machine_tokens"]:
        whose = "There are tokens of machines" if is_all else f"{email} made tokens of machines"
        commands = ", ".join(f"`autopromote tokens:revoke {name}`" for name in names)
        warn(plain_line(f"{whose}, which go on. To end them, run {commands}."))


def counted(revoked: Revoked) -> str:
    """Return how much ended: `2 tokens, 1 session and 0 codes`."""
    tokens, sessions, codes = (
        f"{number} {word}{'s' * (number != 1)}"
        for word, number in (
            ("token", revoked["tokens"]),
            ("browser session", revoked["sessions"]),
            ("one-time code", revoked["codes"]),
        )
    )
    return f"{tokens}, {sessions} and {codes}"
