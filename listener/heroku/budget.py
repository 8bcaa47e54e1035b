"""The account's calls: what is left of them, and how many of them each who asks may spend.

Whatever asks on nobody's behalf may spend the last one: a rollback, a hold, work in progress. Each
process counts for itself; what is left, Heroku tells all of them.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from threading import Lock

from listener.heroku.errors import Spared

MOST = 4500
BACK_A_MINUTE = 75  # as long as fewer than the most are left
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Spender:
    """Somebody on whose behalf Heroku is asked, only while so many calls `keeps` are left over.

    `a_minute` is the most in any sixty seconds.
    """

    name: str
    keeps: int
    a_minute: int


_spender: ContextVar[Spender | None] = ContextVar("spender", default=None)
Reset = Token[Spender | None]


def spender() -> Spender | None:
    """Return on whose behalf this thread asks Heroku; None for what may spend the last call."""
    return _spender.get()


def begin(who: Spender | None) -> Reset:
    """Let this thread ask on somebody's behalf, until `end`."""
    return _spender.set(who)


def end(begun: Reset) -> None:
    """Let this thread ask as before `begin`."""
    _spender.reset(begun)


@contextmanager
def on_behalf_of(who: Spender | None) -> Iterator[None]:
    """Let this thread ask on somebody's behalf for a while."""
    begun = begin(who)
    try:
        yield
    finally:
        end(begun)


class Budget:
    """Counts the calls of one account in this process; threads share it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.left: int | None = None  # as Heroku last told
        self.told_at = -math.inf
        self._now = now
        self._lock = Lock()
        self._under_way = 0
        self._spent: dict[str, deque[float]] = {}  # when, of the last calls of each who asks
        self._forgot_at = now()

    @property
    def remembered(self) -> int:
        """How many are remembered who asked."""
        return len(self._spent)

    def note(self, left: int) -> None:
        """Learn how many calls Heroku grants now."""
        self.left, self.told_at = left, self._now()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Spend one call on behalf of whoever this thread asks for. Raises Spared."""
        who = spender()
        with self._lock:
            if who is not None:
                self._charge(who)
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def _charge(self, who: Spender) -> None:
        now = self._now()
        if (missing := who.keeps + 1 - self._free(now)) > 0:
            grants = f"Heroku grants the listener's account {self.left} more requests for now"
            message = f"{grants}; the last {who.keeps} are kept for what must go on."
            raise Spared(message, again_in=_whole(missing * MINUTE / BACK_A_MINUTE))
        self._forget(now)
        spent = self._spent.setdefault(who.name, deque(maxlen=who.a_minute))
        if len(spent) >= who.a_minute and (wait := spent[0] + MINUTE - now) > 0:
            message = f"{who.name} has had {who.a_minute} requests of Heroku within a minute."
            raise Spared(message, again_in=_whole(wait))
        spent.append(now)

    def _forget(self, now: float) -> None:
        """Forget once a minute who has not asked for one."""
        if now - self._forgot_at < MINUTE:
            return
        self._forgot_at = now
        for name in [name for name, spent in self._spent.items() if now - spent[-1] >= MINUTE]:
            del self._spent[name]

    def _free(self, now: float) -> float:
        """Return how many calls are left by now, without those that are under way."""
        if self.left is None:
            return math.inf
        back = (now - self.told_at) * BACK_A_MINUTE / MINUTE
        return min(self.left + back, MOST) - self._under_way


def _whole(seconds: float) -> int:
    return max(math.ceil(seconds), 1)
