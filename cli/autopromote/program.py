"""The program: finds the command, runs it, turns what went wrong into words and an exit code."""

# The decorator is in typing from Python 3.12 on, and typing_extensions would cost every start.
# mypy: disable-error-code="explicit-override"

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper

import click

from autopromote import calling, names
from autopromote.errors import Failure, Misuse, Unfinished
from autopromote.hints import with_hint
from autopromote.output import complain, tell
from autopromote.overview import HELP, NAME, Table, overview
from autopromote.plain import HALF, whole

HELP_OPTIONS = ["-h", "--help"]


def run(table: Table, aliases: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    keep_printing()
    program = Program(table, aliases)
    try:
        check_utf8(arguments)
        result = program.main(list(arguments), prog_name=NAME, standalone_mode=False)
    except click.UsageError as error:
        complain(f"{error.format_message()}\n{hint(error.ctx)}")
        return Misuse.exit_code
    except click.Abort:
        return 130
    except Unfinished as unfinished:
        tell(unfinished.message)
        return unfinished.exit_code
    except Failure as failure:
        message = with_hint(failure.message, failure.id)
        complain(message + (f"\n\nError ID: {failure.id}" if failure.id else ""))
        return failure.exit_code
    return result if isinstance(result, int) else 0


def check_utf8(arguments: Sequence[str]) -> None:
    """Refuse an argument whose bytes are no text. Raises Misuse."""
    for argument in arguments:
        if HALF.search(argument):  # how Python keeps a byte that is no text
            raise Misuse(f"{whole(argument)} is not UTF-8.")


def keep_printing() -> None:
    """Have a character that the terminal cannot show replaced, rather than stop at it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def hint(context: click.Context | None) -> str:
    """Say where help is."""
    words = context.info_name if context is not None and context.parent is not None else ""
    command = calling.typed(f"{words} --help".strip())
    return f"See more help with `{command}`."


def load(table: Table, name: str) -> click.Command:
    """Import a command of the table, and nothing else of it."""
    path = table[name][0]
    module = import_module(f"autopromote.commands.{path}")
    found: click.Command = getattr(module, path.rpartition(".")[2])
    return found


class Program(click.Group):
    """All commands, each by its name with a colon or with a space."""

    def __init__(self, table: Table, aliases: Mapping[str, str]) -> None:
        super().__init__(
            name=NAME,
            context_settings={"help_option_names": HELP_OPTIONS},
        )
        self.table = table
        self.aliases = aliases

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None where there is none of that name."""
        return load(self.table, cmd_name) if cmd_name in self.table else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words name, and what is left for it."""
        if args[0] == "help":
            asked = [word for word in args[1:] if word not in HELP_OPTIONS]
            if asked in ([], ["help"]):  # help about help
                sys.stdout.write(overview(self.table))
                ctx.exit()
            args = [*asked, "--help"]
        name, rest = names.split(self.table, self.aliases, args)
        command = self.get_command(ctx, name)
        if command is None:
            said = args[: len(args) - len(rest)]
            raise Misuse(self.unknown(" ".join(said), name))
        return name, command, list(rest)

    def unknown(self, said: str, name: str) -> str:
        """Say that there is no such command, and which may have been meant."""
        near = get_close_matches(name, [*self.table, HELP[0]], n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        return f"{said} is not an {NAME} command.{meant}\nRun `{NAME} help` for a list of commands."

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print what the program is for and every command, without importing one."""
        formatter.write(overview(self.table))
