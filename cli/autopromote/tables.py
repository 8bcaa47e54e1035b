"""Tables without borders, one line per row: for people to read and for `grep` to search."""

import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import click

from autopromote.output import BOUND, GAP, bound, paint, paint_apps, paint_status, spoken_line

SHORTEST_CELL = 12
SHORTEST_NAME = 12  # of an app, where a cell names several
READABLE_CELL = 24  # a name and its version, cut in the middle
READABLE_SENTENCE = 32  # with less beside the others, the last column stands below them
MARGIN = 4
MOST_LINES = 6  # of the last column
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ \((.+)\)")
AROUND = re.compile(r"((?:.*⬢ )?).*?((?: v\d+)?)", re.DOTALL)  # the name that is cut
STATUS = "Status"
DOTS = "…"

Cells = list[list[str]]


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    *,
    spare: Sequence[str] = (),
    ends_with_words: bool = True,
) -> None:
    """Print a row a line, without borders."""
    for line in table_lines(columns, rows, spare=spare, ends_with_words=ends_with_words):
        click.echo(line)


def table_lines(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    *,
    spare: Sequence[str] = (),
    ends_with_words: bool = True,
) -> Iterator[str]:
    """Yield the lines of a table, its header first.

    On a terminal no line is longer than it is wide: times give way to how long ago they were, then
    the columns to spare go, in their order, then names are cut in the middle. A last column of
    words goes on in the next line, or stands below the others where too little is left beside
    them. A column without a value is not shown there. A pipe gets every word, a row a line.
    """
    cells = [list(columns), *([spoken_line(cell or "") for cell in row] for row in rows)]
    if sys.stdout.isatty():
        words = ends_with_words and not is_empty(cells, columns[-1])
        lines = on_terminal(cells if words else [[*row, ""] for row in cells], spare)
    else:
        widths = widths_of(cells)
        lines = (joined(cells[0], row, widths) for row in cells)
    for number, line in enumerate(lines):
        yield paint(line, bold=True) if number == 0 else line


def on_terminal(cells: Cells, spare: Sequence[str]) -> Iterator[str]:
    """Yield the header and the lines of each row, none wider than the terminal.

    The last column has words, or is empty.
    """
    available = shutil.get_terminal_size().columns
    cells = compact(cells, spare, available)
    *firsts, words = widths_of(cells)
    if not firsts or has_room(cells, available, READABLE_CELL):
        widths = fit(firsts, available - min(words, READABLE_SENTENCE) - len(GAP))
        begins = sum(widths) + len(GAP) * len(widths)
        widths.append(min(words, max(available - begins, SHORTEST_CELL)))
        yield joined(cells[0], cells[0], widths)
    else:
        widths, begins = fit(firsts, available), MARGIN
        yield joined(cells[0], cells[0][:-1], widths)
    for *row, said in cells[1:]:
        lines = wrapped(said, max(available - begins, SHORTEST_CELL))
        beside = [lines.pop(0)] if len(widths) > len(row) else []
        yield joined(cells[0], [*row, *beside], widths)
        yield from (f"{' ' * begins}{paint_apps(line)}" for line in lines if line)


def joined(header: Sequence[str], row: Sequence[str], widths: Sequence[int]) -> str:
    """Return a line of the table, each cell padded to its width and in its colours."""
    padded = (pad(cell, width) for cell, width in zip(row, widths, strict=True))
    shown = (shown_as(title, cell) for title, cell in zip(header, padded, strict=False))
    return GAP.join(shown).rstrip()


def shown_as(title: str, cell: str) -> str:
    """Return the cell in its colours."""
    return paint_status(cell) if title == STATUS else paint_apps(cell)


def compact(cells: Cells, spare: Sequence[str], available: int) -> Cells:
    """Return the table as it says most in so many columns."""
    cells = without(cells, [title for title in cells[0][:-1] if is_empty(cells, title)])
    if not has_room(cells, available):
        cells = [cells[0], *([TIME.sub(r"\1", cell) for cell in row] for row in cells[1:])]
    for title in spare:
        if not has_room(cells, available):
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


def has_room(cells: Cells, available: int, most: int | None = None) -> bool:
    """Return whether a line fits, or leaves its last column room for some words.

    With `most`, the other cells may be cut to so many columns for that.
    """
    *widths, last = widths_of(cells)
    firsts = widths if most is None else [min(width, most) for width in widths]
    return sum(firsts) + len(GAP) * len(firsts) + min(last, READABLE_SENTENCE) <= available


def widths_of(cells: Cells) -> list[int]:
    """Return how wide each column is."""
    return [max(columns_of(row[index]) for row in cells) for index in range(len(cells[0]))]


def fit(widths: Sequence[int], available: int) -> list[int]:
    """Narrow the widest until the line fits; none gets narrower than what is readable."""
    widths = [*widths]
    while (
        sum(widths) + len(GAP) * (len(widths) - 1) > available
        and max(widths, default=0) > SHORTEST_CELL
    ):
        widths[widths.index(max(widths))] -= 1
    return widths


def pad(cell: str, width: int) -> str:
    """Fill the cell to its width, or cut it."""
    cell = shorten(cell, width)
    return cell + " " * (width - columns_of(cell))


def shorten(cell: str, width: int) -> str:
    """Cut the cell in the middle; each name of several, or say how many more there are."""
    if columns_of(cell) <= width:
        return cell
    names = cell.split(", ")
    for count in range(len(names), 0, -1):
        more = f", {len(names) - count} more" if count < len(names) else ""
        each = (width - len(more) - 2 * (count - 1)) // count
        if each >= SHORTEST_NAME:
            return ", ".join(middle(name, each) for name in names[:count]) + more
    return middle(cell if len(names) == 1 else f"{names[0]}, …", width)


def middle(text: str, width: int) -> str:
    """Cut what is in the middle of the text; of a name, and nothing of a version at its end."""
    if columns_of(text) <= width:
        return text
    before, after = AROUND.fullmatch(text).groups()  # type: ignore[union-attr]
    if width - columns_of(before + after) < SHORTEST_NAME:
        before, after = "", ""
    name = text.removeprefix(before).removesuffix(after)
    room = width - columns_of(before + after + DOTS)
    first = cut(name, room // 2)
    last = cut(name[::-1], room - columns_of(first))[::-1]
    return f"{before}{first}{DOTS}{last}{after}"


def cut(text: str, width: int) -> str:
    """Return the beginning of the text that takes at most so many columns."""
    while columns_of(text) > width:
        text = text[:-1]
    return text


def wrapped(text: str, width: int) -> list[str]:
    """Return the words in lines of at most this width; of very many, what fits into the most."""
    lines = [""]
    for word in bound(text).split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if columns_of(longer) <= width:
            lines[-1] = longer
        else:
            lines += [word] if lines[-1] else []
            lines[-1] = middle(word, width)
    if len(lines) > MOST_LINES:
        lines = lines[:MOST_LINES]
        lines[-1] = f"{cut(lines[-1], width - columns_of(DOTS)).rstrip()}{DOTS}"
    return [line.replace(BOUND, " ") for line in lines]


def columns_of(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(columns_of_character(character) for character in text)


def columns_of_character(character: str) -> int:
    """Return 2 for wide characters, 0 for those that sit on their neighbour, else 1."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
