"""What keeps the listener from working, said beside what is asked for."""

from collections.abc import Callable, Iterator

from autopromote.errors import Refused
from autopromote.output import say, warn
from autopromote.plain import plain_line
from autopromote.resources import Trouble
from autopromote.times import when

NOT_FOUND = 404


def show_troubles(troubles: list[Trouble]) -> None:
    """Print each, and the command that mends it."""
    for trouble in troubles:
        for line in lines(trouble):
            say(line)


def tell_troubles(ask: Callable[[], list[Trouble]]) -> None:
    """Tell of each on stderr; an older listener knows none."""
    try:
        troubles = ask()
    except Refused as refusal:
        if refusal.status != NOT_FOUND:
            raise
        return
    for trouble in troubles:
        for line in lines(trouble):
            warn(line)


def lines(trouble: Trouble) -> Iterator[str]:
    """Return what is the matter, since when, why, and what mends it."""
    yield plain_line(f"{trouble['title']} since {when(trouble['since'])}: {trouble['message']}")
    yield plain_line(f"Use `{trouble['mend']}`.")
