"""A spinner on stderr while something takes time; only a person sees it.

Without a terminal nothing moves. When it stops, it is wiped away, and the next output stands where
it would have stood without it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from threading import Event

FRAMES, PLAIN_FRAMES = "⣷⣯⣟⡿⢿⣻⣽⣾", "-\\|/"
SECONDS_A_FRAME = 0.1
SOON, LATER = 0.2, 1.0
WHEEL = "turning"
_turning: set[str] = set()  # one wheel at a time


@contextmanager
def turning(text: str = "", *, after: float = SOON) -> Iterator[None]:
    """Show the spinner and the text after so many seconds, until the block ends."""
    if _turning or not is_watched(sys.stderr):
        yield
        return

    from threading import Event, Thread

    stop = Event()
    thread = Thread(target=turn, args=(sys.stderr, text, after, stop), daemon=True)
    _turning.add(WHEEL)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        _turning.clear()


def is_watched(stream: TextIO) -> bool:
    """Return whether the stream is a terminal on which something can move."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def turn(stream: TextIO, text: str, after: float, stop: "Event") -> None:
    """Show frame after frame until told to stop, then wipe everything away."""
    if stop.wait(after):
        return

    frames = FRAMES if "utf" in stream.encoding.lower() else PLAIN_FRAMES
    number = 0
    stream.write(f"{text} " if text else "")
    while not stop.is_set():
        stream.write(f"{frames[number % len(frames)]}\b")
        stream.flush()
        number += 1
        stop.wait(SECONDS_A_FRAME)
    stream.write("\r\x1b[K" if text else " \b")
    stream.flush()
