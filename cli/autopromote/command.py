"""The command class, and its help: fragments, flags and examples in the style of the Heroku CLI."""

# The decorator is in typing from Python 3.12 on, and typing_extensions would cost every start.
# mypy: disable-error-code="explicit-override"

import inspect
import re
from collections.abc import Callable
from typing import Any, cast

import click

from autopromote import calling, names
from autopromote.program import Program

LINE, BREAK = 80, " \\\n"
HELP_FLAG = ("-h, --help", "show this help")


class Command(click.Command):
    """A command of one file, with examples."""

    def __init__(self, *args: Any, examples: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the help."""
        first, *more = inspect.cleandoc(self.help or "").split("\n\n")
        formatter.write(f"{first}\n\nUSAGE\n  $ {called(ctx)} {self.usage(ctx)}".rstrip() + "\n")
        self.write_rows(formatter, "FLAGS", self.flags(ctx))
        if more:
            formatter.write("\nDESCRIPTION\n")
            with formatter.indentation():
                for paragraph in more:
                    formatter.write_text(paragraph)
        formatter.write("\nEXAMPLES\n" + "".join(typed(example) for example in self.examples))
        self.write_rows(formatter, "COMMANDS", self.neighbours(ctx))

    def usage(self, ctx: click.Context) -> str:
        """Return arguments and required flags as a person would type them."""
        pieces = []
        for param in self.get_params(ctx):
            if isinstance(param, click.Argument):
                name = param.human_readable_name
                pieces.append(name if param.required else f"[{name}]")
            elif isinstance(param, click.Option) and param.required:
                pieces.append(f"{param.opts[-1]} {param.metavar}")
        return " ".join(pieces)

    def flags(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return each flag with its purpose."""
        options = [param for param in self.params if isinstance(param, click.Option)]
        records = [option.get_help_record(ctx) for option in options]
        return [*(record for record in records if record), HELP_FLAG]

    def neighbours(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the topic's other commands if this one is the topic's list."""
        program = cast("Program", ctx.find_root().command)
        verbs = names.verbs(program.table, ctx.info_name or "")
        return [(name, program.table[name][1]) for name in verbs]

    def write_rows(
        self, formatter: click.HelpFormatter, title: str, rows: list[tuple[str, str]]
    ) -> None:
        """Print a titled list, if there is anything in it."""
        if rows:
            formatter.write(f"\n{title}\n")
            with formatter.indentation():
                formatter.write_dl(rows)


def called(context: click.Context) -> str:
    """Return what a person types for the command, without its flags."""
    return calling.typed(context.info_name or "")


def typed(example: str) -> str:
    """Return an example as a person would type it, broken before a flag if the line is too long."""
    first, *flags = re.split(r" (?=--)", f"  $ {calling.typed(example)}")
    lines = [first]
    for flag in flags:
        if len(lines[-1]) + len(flag) < LINE - len(BREAK):
            lines[-1] += f" {flag}"
        else:
            lines.append(f"      {flag}")
    return BREAK.join(lines) + "\n"


def command(*examples: str) -> Callable[[Callable[..., None]], Command]:
    """Make a command of a function; each example is what a person types after `autopromote`."""

    def decorate(function: Callable[..., None]) -> Command:
        return click.command(cls=Command, examples=examples)(function)

    return decorate
