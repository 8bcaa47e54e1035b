"""The end of what a release phase printed, for pages: all who look share one reading a process.

A page asks each second. However many do, the promotion and its output are read once a second at
most, the output for less than a second, and by nobody who holds a connection to the database; who
comes meanwhile is answered from what is known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from threading import Lock

from listener.core.hidden import plain
from listener.db import apps
from listener.db.promotions import PromotionRow
from listener.errors import Busy, HerokuUnreadable, Spared
from listener.inventory.context import Context
from listener.roles import Scope
from listener.services import promotions
from listener.services.output import OutputsDesk, is_last

EVERY = 1.0  # seconds between two readings
AFTER_ERROR = 10.0  # each would cost a call of Heroku's limit
READING = 0.7  # seconds; a piece that began in time may take as long once more
KEPT = 48 * 1024  # bytes of the end
LONGEST_LINE = 10_000  # bytes; a longer one is shown before it ends
MOST_KNOWN = 20  # releases


@dataclass(frozen=True, slots=True)
class Tail:
    """What to show: from which byte on, and where to read on."""

    start: int
    offset: int
    text: str
    is_over: bool
    message: str | None = None  # why there is nothing, or nothing new

    @property
    def is_cut(self) -> bool:
        """Whether something came before it."""
        return self.start > 0


@dataclass(frozen=True, slots=True)
class _Subject:
    """A promotion that some may see, with the name of its target."""

    row: PromotionRow
    target: str
    read_at: float  # by the monotonic clock


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of one output, its beginning left out."""

    start: int = 0
    content: bytes = field(default=b"", repr=False)
    is_over: bool = False
    message: str | None = None
    read_at: float = 0.0
    due_at: float = 0.0  # both by the monotonic clock

    @property
    def end(self) -> int:
        """Where to read on."""
        return self.start + len(self.content)

    @property
    def is_due(self) -> bool:
        """Whether it is time to read on."""
        return time.monotonic() >= self.due_at and not self.is_over

    def after(self, content: bytes, *, start: int) -> _Known:
        """Return it with what follows; what was missed in between is a gap in the numbers only."""
        kept = self.content + content if start == self.end else content
        start = start + len(content) - len(kept)
        if len(kept) <= KEPT:
            return replace(self, start=start, content=kept)
        left_out = len(kept) - KEPT
        line = kept.find(b"\n", left_out)  # what is left begins with a line
        left_out = line + 1 if line >= 0 else left_out
        return replace(self, start=start + left_out, content=kept[left_out:])

    @property
    def shown(self) -> bytes:
        """The lines that are whole, so that no escape sequence or character is torn."""
        if self.is_over or len(self.content) - self.content.rfind(b"\n") > LONGEST_LINE:
            return self.content
        return self.content[: self.content.rfind(b"\n") + 1]

    def tail(self, offset: int) -> Tail:
        """Return what follows that byte; all of it where that is not known (any more)."""
        shown = self.shown
        end = self.start + len(shown)
        if offset > end:  # another process knows more
            return Tail(offset, offset, "", self.is_over, self.message)
        start = max(offset, self.start)
        text = plain(shown[start - self.start :].decode(errors="replace"))
        return Tail(start, end, text, self.is_over, self.message)


class OutputTails:
    """Knows the ends of outputs; threads share it."""

    def __init__(self, outputs: OutputsDesk) -> None:
        self._outputs = outputs
        self._known: dict[str, _Known] = {}
        self._reading: dict[str, Lock] = {}
        self._subjects: dict[tuple[str, Scope, Scope], _Subject] = {}

    def read(self, context: Context, promotion_id: str, offset: int) -> Tail:
        """Return what a promotion's release phase printed from a byte on. Raises NotFound."""
        subject = self._subject(context, promotion_id)
        row, target = subject.row, subject.target
        release_id = row.target_release_id
        if release_id is None:
            return Tail(offset, offset, "", False, "There is no release yet.")
        lock = self._reading.setdefault(release_id, Lock())
        if self._of(release_id).is_due and lock.acquire(blocking=False):
            try:
                self._read_on(context, row, target, release_id)
            finally:
                lock.release()
            self._forget()
        return self._of(release_id).tail(offset)

    def _subject(self, context: Context, promotion_id: str) -> _Subject:
        """Return it as it was within a second, for all who see the same apps. Raises NotFound."""
        began = time.monotonic()
        key = promotion_id, context.reach.sees, context.reach.acts
        found = self._subjects.get(key)
        if found is not None and began - found.read_at < EVERY:
            return found
        with context.database.begin() as conn:
            row = promotions.find(context, conn, promotion_id)
            found = _Subject(row, apps.get(conn, row.target_id).name, began)
        kept = {k: v for k, v in self._subjects.items() if began - v.read_at < EVERY}
        self._subjects = {**kept, key: found}
        return found

    def _of(self, release_id: str) -> _Known:
        return self._known.get(release_id, _Known())

    def _read_on(self, context: Context, row: PromotionRow, target: str, release_id: str) -> None:
        """Read what there is by now; who asks meanwhile sees each piece as it comes."""
        outputs, until = self._outputs.of(context), time.monotonic() + READING
        goes_on = True
        while goes_on and time.monotonic() < until:
            known, pause = self._of(release_id), EVERY
            try:
                piece, message = outputs.piece(row, target, release_id, known.end, READING)
            except (Busy, HerokuUnreadable) as error:
                known, goes_on = replace(known, message=error.message), False
                is_of_heroku = isinstance(error, (Spared, HerokuUnreadable))
                pause = AFTER_ERROR if is_of_heroku else EVERY  # else all places were taken
            else:
                is_over = is_last(row, piece) and not piece.is_late  # it would be so for good
                goes_on = len(piece.content) >= KEPT
                known = known.after(piece.content, start=piece.start)
                known = replace(known, is_over=is_over, message=message)
            now = time.monotonic()
            self._known[release_id] = replace(known, read_at=now, due_at=now + pause)

    def _forget(self) -> None:
        """Forget the outputs that nobody has read for the longest time."""
        by_age = sorted(self._known.items(), key=lambda each: each[1].read_at)
        for release_id, _ in by_age[: max(len(by_age) - MOST_KNOWN, 0)]:
            self._known.pop(release_id, None)
            self._reading.pop(release_id, None)
