"""What the program is for, and all its commands: plain text, which loads nothing."""

from collections.abc import Mapping

from autopromote import calling

NAME = "autopromote"
PURPOSE = "promote Heroku releases from a source app to its targets by themselves"
HELP = ("help", "show help for a command")
Table = Mapping[str, tuple[str, str]]


def overview(table: Table) -> str:
    """Return the help of the program."""
    rows = [*((name, line) for name, (_, line) in table.items()), HELP]
    width = max(len(name) for name, _ in rows)
    commands = "".join(f"  {name.ljust(width)}  {line}\n" for name, line in rows)
    usage = f"heroku {NAME}:COMMAND" if calling.is_in_heroku() else f"{NAME} COMMAND"
    return (
        f"{PURPOSE}\n\nUSAGE\n  $ {usage}\n\nCOMMANDS\n{commands}\nEXAMPLES\n"
        f"  $ {calling.typed('login --url https://example-app.herokuapp.com')}\n"
        f"  $ {calling.typed('help rules:add')}\n"
    )
