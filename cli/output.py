"""How results look: lines, blocks and JSON on stdout; what is said about them on stderr."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

import click

from cli.plain import plain, plain_json, plain_line

GAP = "  "
BANG = " ›   "
COLOURS: dict[str, int | str] = {"good": 40, "bad": "red", "warning": 214, "quiet": 248, "app": 147}


def paint(
    text: str, colour: str | None = None, *, bold: bool = False, stream: TextIO | None = None
) -> str:
    """Colour the text, where the stream is a terminal whose owner wants colours."""
    if not coloured(stream or sys.stdout):
        return text
    return click.style(text, fg=COLOURS[colour] if colour else None, bold=bold or None)


def coloured(stream: TextIO) -> bool:
    """Whether colours would be seen as colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Print a result."""
    click.echo(plain(text))


def tell(text: str) -> None:
    """Say something about the result, on stderr."""
    click.echo(plain(text), err=True)


def warn(text: str) -> None:
    """Warn, in the Heroku manner."""
    barred(plain(text), "Warning", "warning")


def complain(text: str) -> None:
    """Show an error, in the Heroku manner."""
    barred(plain(text), "Error", "bad")


def barred(text: str, word: str, colour: str) -> None:
    """Print every line behind the bar that sets warnings and errors apart."""
    bar = paint(BANG, colour, stream=sys.stderr)
    for line in f"{word}: {text}".split("\n"):
        click.echo(f"{bar}{line}".rstrip(), err=True)


def say_json(answer: Any) -> None:
    """Print the API's answer as it is, for machines."""
    click.echo(plain_json(json.dumps(answer, indent=2, ensure_ascii=False)))


@dataclass
class Doing:
    """An action under way; `end` is what is said when it worked."""

    end: str = "done"


@contextmanager
def action(text: str) -> Iterator[Doing]:
    """Say `Doing X... ` on stderr, and how it ended: `done`, or `!` where an error follows."""
    doing = Doing()
    click.echo(f"{plain_line(text)}... ", err=True, nl=False)
    try:
        yield doing
    except BaseException:
        click.echo(paint("!", "bad", stream=sys.stderr), err=True)
        raise

    click.echo(plain_line(doing.end), err=True)


def header(text: str) -> None:
    """Print `=== text` and an empty line."""
    click.echo(f"{paint('===', 'quiet')} {paint(plain_line(text), bold=True)}\n")


def section(title: str) -> None:
    """Print a header below what was printed before."""
    click.echo()
    header(title)


def block(title: str, fields: Iterable[tuple[str, str | None]]) -> None:
    """Print a header and `Key:   value` lines, padded; what has no value is left out."""
    shown = [(f"{key}:", plain(value)) for key, value in fields if value]
    width = max((len(key) for key, _ in shown), default=0)

    header(title)
    for key, value in shown:
        first, *more = value.split("\n")
        click.echo(f"{paint(key.ljust(width), 'quiet')}{GAP}{first}")
        for line in more:
            click.echo(f"{' ' * (width + len(GAP))}{line}")
