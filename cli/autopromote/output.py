"""How results look: lines, blocks and JSON on stdout; messages about them on stderr."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

import click

from autopromote.calling import as_called
from autopromote.errors import Failure
from autopromote.plain import plain, plain_json, plain_line
from autopromote.progress import turning

GAP = "  "
BANG = " ›   "
SHORTEST_LINE = 20
APP = re.compile(r"⬢ [\w…-]+")  # how every app is written; it is coloured where it is printed
# What no end of a line comes into: a time with its zone, how far away it is, a command, an app.
TOGETHER = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? \S+|\((?:in )?~ \d+\w(?: ago)?\)|`[^`\n]{1,60}`|⬢ "
)
BOUND = "\N{NO-BREAK SPACE}"
PIECES = re.compile(rf"({APP.pattern})")
Colour = int | str | tuple[int, int, int]
# As in @heroku/heroku-cli-util; red alone is the bar before an error.
COLOURS: dict[str, Colour] = {
    "good": 40,
    "bad": "red",
    "failure": (255, 135, 135),
    "warning": 214,
    "quiet": 248,
    "app": 147,
    "info": 43,
}


STATUSES = {
    **dict.fromkeys(("succeeded",), "good"),
    **dict.fromkeys(("failed", "errored", "rejected"), "failure"),
    **dict.fromkeys(("waiting", "posting", "releasing", "verifying", "pending"), "info"),
    **dict.fromkeys(("skipped", "superseded", "cancelled", "shadowed", "expired"), "quiet"),
    **dict.fromkeys(("rolling_back", "rolled_back"), "warning"),
}


def paint(
    text: str, colour: str | None = None, *, bold: bool = False, stream: TextIO | None = None
) -> str:
    """Colour the text if the stream is a terminal whose owner wants colours."""
    if not coloured(stream or sys.stdout):
        return text
    return click.style(text, fg=COLOURS[colour] if colour else None, bold=bold or None)


def paint_apps(text: str, stream: TextIO | None = None) -> str:
    """Colour the apps that the text names."""
    return APP.sub(lambda found: paint(found[0], "app", stream=stream), text)


def coloured(stream: TextIO) -> bool:
    """Return whether the output shows colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint_status(text: str) -> str:
    """Colour the word if it is a status."""
    colour = STATUSES.get(text.strip())
    return paint(text, colour) if colour else text


def fold(text: str, stream: TextIO, *, taken: int = 0) -> list[str]:
    """Return the text's lines, on a terminal such as fit it beside what is taken; words stay whole.

    Anywhere else they are as they were, for whoever reads there wants no line ends of ours.
    """
    lines = text.split("\n")
    if not stream.isatty():
        return lines

    import shutil
    import textwrap

    width = max(shutil.get_terminal_size().columns - taken, SHORTEST_LINE)
    folder = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    parts = (part for line in lines for part in folder.wrap(bound(line)) or [""])
    return [part.replace(BOUND, " ") for part in parts]


def bound(text: str) -> str:
    """Return the text with each time, command and app in it as one word."""
    return TOGETHER.sub(lambda found: found[0].replace(" ", BOUND), text)


def spoken(text: str) -> str:
    """Return the text harmless for a terminal, and our commands in it as they are typed here."""
    return as_called(plain(text))


def spoken_line(text: str) -> str:
    """Return it as one line."""
    return as_called(plain_line(text))


def say(text: str) -> None:
    """Print a result."""
    click.echo(paint_apps("\n".join(fold(spoken(text), sys.stdout))))


def item(text: str) -> None:
    """Print one of several results as a line; on a terminal it goes on below its beginning."""
    first, *more = fold(spoken_line(text), sys.stdout, taken=len(GAP))
    click.echo("\n".join(paint_apps(line) for line in (first, *(f"{GAP}{each}" for each in more))))


def tell(text: str) -> None:
    """Print a message about the result, on stderr."""
    click.echo(paint_apps("\n".join(fold(spoken(text), sys.stderr)), sys.stderr), err=True)


def copy(text: str, *, err: bool = False) -> None:
    """Print a line that somebody else made, unchanged."""
    click.echo(plain(text), err=err)


def warn(text: str) -> None:
    """Print a warning, in the style of the Heroku CLI."""
    barred(plain(text), "Warning", "warning")


def complain(text: str) -> None:
    """Print an error, in the style of the Heroku CLI."""
    barred(plain(text), "Error", "bad")


def barred(text: str, word: str, colour: str) -> None:
    """Print every line after the bar that marks warnings and errors."""
    bar = paint(BANG, colour, stream=sys.stderr)
    for line in fold(f"{word}: {as_called(text)}", sys.stderr, taken=len(BANG)):
        click.echo(f"{bar}{paint_apps(line, sys.stderr)}".rstrip(), err=True)


def say_json(answer: Any) -> None:
    """Print the API's answer as it is, for machines. Raises Failure where it nests without end."""
    try:
        document = json.dumps(answer, indent=2, ensure_ascii=False)
    except RecursionError as error:
        raise Failure("The answer is nested too deeply to be printed.") from error
    click.echo(plain_json(document))


def say_json_line(answer: Any) -> None:
    """Print one of many answers as a line of JSON, for machines."""
    click.echo(plain_json(json.dumps(answer, ensure_ascii=False)))


@dataclass
class Doing:
    """An action under way; `end` is what is said when it worked."""

    end: str = "done"


@contextmanager
def action(text: str) -> Iterator[Doing]:
    """Say `Doing X... ` on stderr, and how it ended: `done`, or `!` where an error follows."""
    doing = Doing()
    click.echo(f"{paint_apps(plain_line(text), sys.stderr)}... ", err=True, nl=False)
    try:
        with turning():
            yield doing
    except BaseException:
        click.echo(paint("!", "bad", stream=sys.stderr), err=True)
        raise

    click.echo(plain_line(doing.end), err=True)


def header(text: str) -> None:
    """Print `=== text` and an empty line."""
    folded = "\n".join(fold(spoken_line(text), sys.stdout, taken=len("=== ")))
    pieces = [piece for piece in PIECES.split(folded) if piece]
    painted = (paint(piece, "app" if APP.match(piece) else None, bold=True) for piece in pieces)
    click.echo(f"{paint('===', 'quiet')} {''.join(painted)}\n")


def section(title: str) -> None:
    """Print a header below what was printed before."""
    click.echo()
    header(title)


def block(title: str, fields: Iterable[tuple[str, str | None]]) -> None:
    """Print a header and `Key:   value` lines, padded; what has no value is left out."""
    shown = [(f"{key}:", spoken(value)) for key, value in fields if value]
    width = max((len(key) for key, _ in shown), default=0)

    header(title)
    for key, value in shown:
        first, *more = fold(value, sys.stdout, taken=width + len(GAP))
        click.echo(f"{paint(key.ljust(width), 'quiet')}{GAP}{shown_as(key, first)}")
        for line in more:
            click.echo(f"{' ' * (width + len(GAP))}{paint_apps(line)}")


def shown_as(key: str, value: str) -> str:
    """Return the value in its colours."""
    return paint_status(value) if key == "Status:" else paint_apps(value)
