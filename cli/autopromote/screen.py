"""A view that is drawn again in its place on a terminal."""

import shutil
import sys
from collections.abc import Iterable

import click

from autopromote.output import paint
from autopromote.tables import cut

UP, WIPE_LINE, WIPE_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"
WIPE_ALL = "\x1b[2J\x1b[H"


class Screen:
    """Draws lines, and a footer below them, over what it drew before."""

    def __init__(self) -> None:
        self._drawn = 0
        self._size = shutil.get_terminal_size()

    def draw(self, lines: Iterable[str], footer: str) -> None:
        """Draw as many lines as there is room for; none is wider than the terminal."""
        size = shutil.get_terminal_size()
        shown, room = [*lines], max(size.lines - 2, 1)
        if len(shown) > room:
            footer = f"{len(shown) - room} more lines. {footer}"
        rows = [*shown[:room], paint(cut(footer, size.columns - 1), "quiet")]
        text = "\n".join(f"{row}{WIPE_LINE}" for row in rows)
        click.echo(f"{self._back(size)}{text}{WIPE_BELOW}", nl=False, color=True)
        self._drawn, self._size = len(rows), size

    def end(self) -> None:
        """Leave what is drawn, and go on below it."""
        if self._drawn:
            click.echo()

    def _back(self, size: object) -> str:
        """Return what leads to the first line; on a terminal of another size, that is not known."""
        if not self._drawn:
            return ""
        if size != self._size:
            return WIPE_ALL
        return f"\r{UP.format(self._drawn - 1)}" if self._drawn > 1 else "\r"


def is_redrawn() -> bool:
    """Return whether standard output is a terminal on which a line can be drawn again."""
    from autopromote.progress import is_watched

    return is_watched(sys.stdout)
