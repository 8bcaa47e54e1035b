"""All promotions as they change: drawn in one place, or a line for each change."""

from collections.abc import Callable
from datetime import datetime

from autopromote.commands.promotions.view import COLUMNS, SPARE, line, row, show_line
from autopromote.errors import Failure
from autopromote.output import say_json_line
from autopromote.pages import lanes
from autopromote.plain import plain_line
from autopromote.polling import EVERY, Polling
from autopromote.resources import Promotion
from autopromote.screen import Screen, is_redrawn
from autopromote.tables import table_lines

Look = Callable[[], list[Promotion]]
NONE = "There are no such promotions."


def watch(look: Look, *, as_json: bool) -> None:
    """Show promotions until somebody interrupts it, or trying on is in vain."""
    if as_json or not is_redrawn():
        tell_changes(look, as_json=as_json)
    else:
        Live(look).draw()


def tell_changes(look: Look, *, as_json: bool) -> None:
    """Print a line for each promotion, oldest first, and again for each that changes."""
    told: dict[str, str] = {}
    for promotions in Polling().answers(look):
        now = {promotion["id"]: plain_line(line(promotion)) for promotion in promotions}
        for promotion in reversed(promotions):
            if told.get(promotion["id"]) != now[promotion["id"]]:
                say_json_line(promotion) if as_json else show_line(promotion)
        told = now


class Live:
    """Draws the list over the one that it drew before."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._screen = Screen()
        self._lines: list[str] = []

    def draw(self) -> None:
        """Draw each answer; where none comes, say so below the last one."""
        try:
            for promotions in Polling(self._tell_trouble).answers(self._look):
                rows = [row(promotion) for promotion in promotions]
                self._lines = [*table_lines(COLUMNS, rows, spare=SPARE)] if rows else [NONE]
                where = lanes(promotions)
                also = f"; see {where}" if where else ""
                note = f"{clock()}, every {EVERY:.0f} s; Ctrl-C ends it{also}"
                self._screen.draw(self._lines, note)
        finally:
            self._screen.end()

    def _tell_trouble(self, failure: Failure | None) -> None:
        if failure is not None:
            why = plain_line(failure.message)
            self._screen.draw(self._lines, f"No answer since {clock()}, trying on: {why}")


def clock() -> str:
    """Return the time of day."""
    return f"{datetime.now().astimezone():%H:%M:%S}"
