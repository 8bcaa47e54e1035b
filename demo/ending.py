"""How the demo ends: Ctrl-C, SIGTERM, or the terminal that is closed."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(Exception):
    """Somebody wants the demo to end."""


class Ending:
    """Notes the signals that end a program; whoever asks between two steps learns of them.

    None is raised where it arrives: a process that was just started would be forgotten, and a
    second Ctrl-C would cut the tidying up short.
    """

    def __init__(self) -> None:
        """Listen from now on to what is not ignored on purpose, as SIGHUP is below `nohup`."""
        self._signals: SimpleQueue[int] = SimpleQueue()  # may be put into while it is asked
        for number in ENDINGS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda number, _: self._signals.put(number))

    @property
    def is_asked_for(self) -> bool:
        """Tell whether a signal came that nobody waited for."""
        return not self._signals.empty()

    def check(self) -> None:
        """Go on, unless a signal came. Raises Ended."""
        if self.is_asked_for:
            raise Ended

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a signal, no longer than so many seconds; return whether it came."""
        try:
            self._signals.get(timeout=seconds)
        except Empty:
            return False
        return True
