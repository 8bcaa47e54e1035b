"""What the program is for, and all its commands: plain text, which loads nothing."""

from collections.abc import Mapping

NAME = "autopromote"
PURPOSE = "promote Heroku releases from a source app to its targets by themselves"
HELP = ("help", "show help for a command")
Table = Mapping[str, tuple[str, str]]


def overview(table: Table) -> str:
    """Return the help of the program."""
    rows = [*((name, line) for name, (_, line) in table.items()), HELP]
    width = max(len(name) for name, _ in rows)
    commands = "".join(f"  {name.ljust(width)}  {line}\n" for name, line in rows)
    return (
        f"{PURPOSE}\n\nUSAGE\n  $ {NAME} COMMAND\n\nCOMMANDS\n{commands}\nEXAMPLES\n"
        f"  $ {NAME} login --url https://example-app.herokuapp.com\n"
        f"  $ {NAME} help rules:add\n"
    )
