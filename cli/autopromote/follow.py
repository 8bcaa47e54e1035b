"""Follows the output of a release phase, piece by piece."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from autopromote.plain import plain
from autopromote.progress import turning
from autopromote.resources import Output

LINE_END = re.compile(r"\r\n|\r|\n")  # each update of a progress bar counts as a line
LONGEST_LINE = 10_000


@dataclass
class Follower:
    """Prints an output as it comes: whole lines, made safe for the terminal."""

    read: Callable[[int], Output]
    write: Callable[[str], None]
    waiting_for: str = "Waiting for the release command"
    offset: int = 0
    is_over: bool = False
    message: str | None = None  # why there is no output
    release_id: str | None = None
    has_more: bool = False  # the last piece had something, so another may be there already
    rest: str = field(default="", repr=False)

    def pull(self) -> bool:
        """Read on and print the lines that are now complete; return whether there was anything."""
        self.has_more = False
        with turning(self.waiting_for, after=0):
            piece = self.read(self.offset)
            if self._is_of_another(piece):
                piece = self.read(0)

        self.message = piece["message"]
        self.is_over = piece["is_over"]
        self._print(piece["text"])
        self.offset = piece["offset"]
        self.has_more = bool(piece["text"])
        return self.has_more

    def end(self) -> None:
        """Print the rest that has no line end, because nothing more is read."""
        self.is_over = True
        self._print("")

    def _is_of_another(self, piece: Output) -> bool:
        """Return whether a retry made another release, whose output begins again."""
        release_id = piece["release"]["id"] if piece["release"] else None
        is_another = self.release_id not in (None, release_id)
        self.release_id = release_id
        return is_another

    def _print(self, text: str) -> None:
        text = self.rest + text
        held = "\r" if text.endswith("\r") and not self.is_over else ""  # its \n may come yet
        *lines, self.rest = LINE_END.split(text.removesuffix(held) if held else text)
        self.rest += held
        if self.rest and (self.is_over or len(self.rest) > LONGEST_LINE):
            lines, self.rest = [*lines, self.rest], ""
        for line in lines:
            self.write(plain(line))
