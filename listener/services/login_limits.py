"""What strangers may cost who log in: Heroku asks for nothing twice, and nobody waits for ever.

All of it is counted by the process and forgotten with it, and takes no more memory than is said
here.
"""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from threading import Condition, Lock

from listener.errors import Busy, Unauthorized

FAILURES, EVERY = 10, timedelta(seconds=6)  # at once, and from then on one
MOST_ADDRESSES = 10_000
REMEMBERED, MOST_REMEMBERED = timedelta(minutes=1), 1000
AT_ONCE, MOST_WAITING, OF_ADDRESS = 2, 4, 2  # threads are few, and Heroku may take ten seconds
WAIT_SECONDS = 5.0
SOON = 1  # seconds, to those for whom there is no place
_PREFIX = 64  # bits of an IPv6 address that tell one customer of a provider from another


@dataclass(slots=True)
class _Budget:
    left: float
    since: datetime


class AddressBudgets:
    """So many failed logins of an address, refilled with time; a good one costs nothing."""

    def __init__(self, most: int = MOST_ADDRESSES) -> None:
        self._most = most
        self._lock = Lock()
        self._budgets: OrderedDict[str, _Budget] = OrderedDict()

    def take(self, address: str | None, now: datetime) -> None:
        """Count a try. Raises Busy with the time until the next one."""
        with self._lock:
            budget = self._refilled(party_of(address), now)
            if budget.left < 1:
                wait = math.ceil((1 - budget.left) * EVERY.total_seconds())
                message = "Too many logins from your address failed. Try again in a moment."
                raise Busy(message, again_in=wait)
            budget.left -= 1

    def give_back(self, address: str | None) -> None:
        """Forget a try: it was good."""
        with self._lock:
            if budget := self._budgets.get(party_of(address)):
                budget.left = min(budget.left + 1, FAILURES)

    def __len__(self) -> int:
        """Return how many addresses are remembered."""
        return len(self._budgets)

    def _refilled(self, party: str, now: datetime) -> _Budget:
        budget = self._budgets.pop(party, None) or _Budget(FAILURES, now)
        seen = max(now, budget.since)  # a clock that goes back grants nothing twice
        budget.left = min(budget.left + (seen - budget.since) / EVERY, FAILURES)
        budget.since = seen
        self._budgets[party] = budget
        if len(self._budgets) > self._most:
            self._budgets.popitem(last=False)
        return budget


def party_of(address: str | None) -> str:
    """Return as what an address is counted: of IPv6 whoever has one has billions."""
    if address is None:
        return ""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        return str(int(found) >> (found.max_prefixlen - _PREFIX))
    return str(found)


class RememberedRefusals:
    """What Heroku refused within the minute, by a digest of what it was shown."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._lock = Lock()
        self._refusals: OrderedDict[str, tuple[datetime, str, str]] = OrderedDict()

    def check(self, digest: str, now: datetime) -> None:
        """Raise Unauthorized as Heroku's answer had it, where it is remembered."""
        with self._lock:
            found = self._refusals.get(digest)
        if found is not None and timedelta(0) <= now - found[0] < REMEMBERED:
            raise Unauthorized(found[2], id=found[1])

    def add(self, digest: str, refusal: Unauthorized, now: datetime) -> None:
        """Remember a refusal."""
        with self._lock:
            self._refusals.pop(digest, None)
            self._refusals[digest] = now, refusal.id, refusal.message
            if len(self._refusals) > self._most:
                self._refusals.popitem(last=False)

    def __len__(self) -> int:
        """Return how many refusals are remembered."""
        return len(self._refusals)


class Line:
    """Whoever comes waits for a place, in order and `seconds` at most.

    An address has no more than its share.
    """

    def __init__(
        self, seconds: float = WAIT_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._changed = Condition()
        self._free = AT_ONCE
        self._waiting: deque[object] = deque()
        self._parties: Counter[str] = Counter()

    @contextmanager
    def place(self, address: str | None) -> Iterator[None]:
        """Have a place within this block. Raises Busy."""
        party = party_of(address)
        self._enter(party)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._leave(party)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def _enter(self, party: str) -> None:
        with self._changed:
            if self._parties[party] >= OF_ADDRESS or len(self._waiting) >= MOST_WAITING:
                raise _full()
            self._parties[party] += 1
            turn = object()
            self._waiting.append(turn)
            is_mine = self._changed.wait_for(lambda: self._is_next(turn), self._seconds)
            self._waiting.remove(turn)
            if not is_mine:
                self._leave(party)
                raise _full()
            self._free -= 1
            self._changed.notify_all()

    def _is_next(self, turn: object) -> bool:
        return self._free > 0 and self._waiting[0] is turn

    def _leave(self, party: str) -> None:
        self._parties[party] -= 1
        if not self._parties[party]:
            del self._parties[party]
        self._changed.notify_all()


def _full() -> Busy:
    return Busy("Others are just logging in. Try again in a moment.", again_in=SOON)
