"""Asks the listener again and again, and bears one that is away or busy."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from autopromote.errors import Failure, Refused, Unreachable
from autopromote.output import tell, warn

PASSING_TROUBLE = frozenset({429, 502, 503, 504})
EVERY = 2.0  # seconds
LONGEST_PAUSE = 30.0
LONGEST_WISH = 120.0  # of a listener, or of whoever answers in its place

Answer = TypeVar("Answer")


def is_passing(failure: Failure) -> bool:
    """Return whether the same question may be answered a little later."""
    is_busy = isinstance(failure, Refused) and failure.status in PASSING_TROUBLE
    return is_busy or isinstance(failure, Unreachable)


def tell_trouble(failure: Failure | None) -> None:
    """Say that nobody answers, or that somebody does again."""
    if failure is None:
        tell("The listener answers again.")
    else:
        warn(f"{failure.message}\nTrying on.")


@dataclass
class Polling:
    """Asks for as long as somebody wants the answers; `trouble` is told once of each."""

    trouble: Callable[[Failure | None], None] = tell_trouble
    pause: Callable[[float], None] = time.sleep

    def answers(self, ask: Callable[[], Answer]) -> Iterator[Answer]:
        """Yield each answer. Raises Failure where the first is none, or trying on is in vain."""
        yield ask()
        missed = 0
        while True:
            self.pause(EVERY if not missed else 0.0)
            try:
                answer = ask()
            except Failure as failure:
                if not is_passing(failure):
                    raise
                if not missed:
                    self.trouble(failure)
                missed += 1
                self.pause(back_off(missed, failure))
                continue
            if missed:
                self.trouble(None)
            missed = 0
            yield answer


def back_off(missed: int, failure: Failure) -> float:
    """Return the seconds until the next try: longer each time, and as long as the listener says."""
    wished = failure.again_in if isinstance(failure, Refused) else None
    rising: float = min(EVERY * 2.0 ** min(missed - 1, 10), LONGEST_PAUSE)
    return max(rising, min(wished or 0.0, LONGEST_WISH))
