"""Tables without borders, a row a line: for people to read and for `grep` to search."""

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence

import click

from cli.output import GAP, paint
from cli.plain import plain_line

SHORTEST_CELL = 12


def table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a row a line, without borders; on a terminal no line is longer than it is wide."""
    cells = [list(columns), *([plain_line(cell or "") for cell in row] for row in rows)]
    widths = [max(columns_of(row[index]) for row in cells) for index in range(len(columns))]
    if sys.stdout.isatty():
        widths = fit(widths, shutil.get_terminal_size().columns)

    for number, row in enumerate(cells):
        line = GAP.join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(paint(line, bold=True) if number == 0 else line)


def fit(widths: Sequence[int], available: int) -> list[int]:
    """Narrow the widest columns until the line fits, none below what is still readable."""
    widths = list(widths)
    while sum(widths) + len(GAP) * (len(widths) - 1) > available and max(widths) > SHORTEST_CELL:
        widths[widths.index(max(widths))] -= 1
    return widths


def pad(cell: str, width: int) -> str:
    """Fill the cell to its width, or cut it with an ellipsis."""
    if columns_of(cell) <= width:
        return cell + " " * (width - columns_of(cell))

    while columns_of(cell) > width - 1:
        cell = cell[:-1]
    return cell + "…" + " " * (width - 1 - columns_of(cell))


def columns_of(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(columns_of_character(character) for character in text)


def columns_of_character(character: str) -> int:
    """Return 2 for wide characters, 0 for those that sit on their neighbour, else 1."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
