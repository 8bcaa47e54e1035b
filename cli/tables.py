"""Tables without borders, one line per row: for people to read and for `grep` to search."""

import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence

import click

from cli.output import GAP, paint, paint_apps, paint_status
from cli.plain import plain_line

SHORTEST_CELL = 12
SHORTEST_SENTENCE = 16  # the last column says why, and is worth more than a spare one
TIME = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \((.+)\)")
STATUS = "Status"

Cells = list[list[str]]


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    *,
    spare: Sequence[str] = (),
    room: int = SHORTEST_SENTENCE,
) -> None:
    """Print a row a line, without borders.

    On a terminal no line is longer than it is wide: times give way to how long ago they were, then
    the columns to spare go, in their order, until the last one has room, then cells are cut. A
    column without a value is not shown there. A pipe gets every word.
    """
    cells = [list(columns), *([plain_line(cell or "") for cell in row] for row in rows)]
    widths = widths_of(cells)
    if sys.stdout.isatty():
        available = shutil.get_terminal_size().columns
        cells = compact(cells, spare, available, room)
        widths = fit(widths_of(cells), available)

    header = cells[0]
    for number, row in enumerate(cells):
        padded = [pad(cell, width) for cell, width in zip(row, widths, strict=True)]
        if number == 0:
            click.echo(paint(GAP.join(padded).rstrip(), bold=True))
            continue
        shown = (shown_as(title, cell) for title, cell in zip(header, padded, strict=True))
        click.echo(GAP.join(shown).rstrip())


def shown_as(title: str, cell: str) -> str:
    """Return the cell in its colours."""
    return paint_status(cell) if title == STATUS else paint_apps(cell)


def compact(cells: Cells, spare: Sequence[str], available: int, room: int) -> Cells:
    """Return the table as it says most in so many columns."""
    cells = without(cells, [title for title in cells[0] if is_empty(cells, title)])
    if not has_room(cells, available, room):
        cells = [cells[0], *([TIME.sub(r"\1", cell) for cell in row] for row in cells[1:])]
    for title in spare:
        if not has_room(cells, available, room):
            cells = without(cells, [title])
    return cells


def is_empty(cells: Cells, title: str) -> bool:
    """Return whether no row has a value in this column."""
    index = cells[0].index(title)
    return not any(row[index] for row in cells[1:])


def without(cells: Cells, titles: Sequence[str]) -> Cells:
    """Return the table without these columns."""
    kept = [index for index, title in enumerate(cells[0]) if title not in titles]
    return [[row[index] for index in kept] for row in cells]


def has_room(cells: Cells, available: int, room: int) -> bool:
    """Return whether the line fits, or at least leaves its last column room for some words."""
    *widths, last = widths_of(cells)
    return sum(widths) + len(GAP) * len(widths) + min(last, room) <= available


def widths_of(cells: Cells) -> list[int]:
    """Return how wide each column is."""
    return [max(columns_of(row[index]) for row in cells) for index in range(len(cells[0]))]


def fit(widths: Sequence[int], available: int) -> list[int]:
    """Narrow the last column, then the widest, until the line fits; none below what is readable."""
    *firsts, last = widths
    left = available - sum(firsts) - len(GAP) * len(firsts)
    widths = [*firsts, min(last, max(left, SHORTEST_SENTENCE))]
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
