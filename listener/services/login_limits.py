"""What strangers may cost who log in: Heroku asks for nothing twice, and nobody waits for ever.

All of it is counted by the process and forgotten with it, and takes no more memory than is said
here.
"""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
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
KEPT, MOST_KNOWN_WAITING = 1, 2  # beside those, for addresses from which people came lately
LATELY, MOST_KNOWN = timedelta(days=14), 1000
READ_EVERY = timedelta(minutes=10)  # who came lately, by all processes
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


class KnownAddresses:
    """The addresses from which somebody with a role logged in lately; a stranger adds none."""

    def __init__(self, read: Callable[[], Iterable[str]], most: int = MOST_KNOWN) -> None:
        """`read` tells those of all processes, whoever came last first; it may raise."""
        self._read = read
        self._most = most
        self._lock = Lock()
        self._read_at: datetime | None = None
        self._parties: OrderedDict[str, None] = OrderedDict()

    def refresh(self, now: datetime) -> None:
        """Read them anew, where the last time is some minutes ago."""
        with self._lock:
            if self._read_at is not None and timedelta(0) <= now - self._read_at < READ_EVERY:
                return
            before, self._read_at = self._read_at, now  # whoever comes meanwhile reads nothing
        try:
            found = [party_of(address) for address in self._read()][: self._most]
        except BaseException:
            self._read_at = before  # the next one tries again
            raise
        with self._lock:
            self._parties = OrderedDict.fromkeys(reversed(found))

    def add(self, address: str | None) -> None:
        """Remember an address from which somebody just logged in; one that is not told is none."""
        if address is None:
            return
        with self._lock:
            self._parties[party_of(address)] = None
            self._parties.move_to_end(party_of(address))
            if len(self._parties) > self._most:
                self._parties.popitem(last=False)

    def __contains__(self, address: str | None) -> bool:
        """Return whether somebody came from there lately."""
        return party_of(address) in self._parties

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._parties)


@dataclass(slots=True, eq=False)
class _Turn:
    """Somebody who waits, or has a place."""

    party: str
    is_known: bool
    is_kept: bool = False  # the place, for those who are known


class Line:
    """Whoever comes waits for a place, in order and `seconds` at most.

    An address has no more than its share. One place more is kept for those who are known.
    """

    def __init__(
        self, seconds: float = WAIT_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._changed = Condition()
        self._free, self._kept = AT_ONCE, KEPT
        self._waiting: deque[_Turn] = deque()
        self._parties: Counter[str] = Counter()

    @contextmanager
    def place(self, address: str | None, *, is_known: bool = False) -> Iterator[None]:
        """Have a place within this block. Raises Busy."""
        turn = _Turn(party_of(address), is_known)
        self._enter(turn)
        try:
            yield
        finally:
            with self._changed:
                if turn.is_kept:
                    self._kept += 1
                else:
                    self._free += 1
                self._leave(turn.party)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def _enter(self, turn: _Turn) -> None:
        with self._changed:
            alike = sum(each.is_known is turn.is_known for each in self._waiting)
            most = MOST_KNOWN_WAITING if turn.is_known else MOST_WAITING
            if self._parties[turn.party] >= OF_ADDRESS or alike >= most:
                raise _full()
            self._parties[turn.party] += 1
            self._waiting.append(turn)
            is_mine = self._changed.wait_for(lambda: self._is_next(turn), self._seconds)
            if is_mine:
                self._take(turn)
            self._waiting.remove(turn)
            if not is_mine:
                self._leave(turn.party)
                raise _full()
            self._changed.notify_all()

    def _is_next(self, turn: _Turn) -> bool:
        return self._is_first(turn) or self._is_first_known(turn)

    def _is_first(self, turn: _Turn) -> bool:
        return self._free > 0 and self._waiting[0] is turn

    def _is_first_known(self, turn: _Turn) -> bool:
        known = next((each for each in self._waiting if each.is_known), None)
        return self._kept > 0 and known is turn

    def _take(self, turn: _Turn) -> None:
        turn.is_kept = not self._is_first(turn)
        if turn.is_kept:
            self._kept -= 1
        else:
            self._free -= 1

    def _leave(self, party: str) -> None:
        self._parties[party] -= 1
        if not self._parties[party]:
            del self._parties[party]
        self._changed.notify_all()


def _full() -> Busy:
    return Busy("Others are just logging in. Try again in a moment.", again_in=SOON)
