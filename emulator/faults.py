"""What goes wrong on purpose: which requests are struck, and how.

One fault is one object. Some that are asked for often:

    {"kind": "latency", "app": "acme-prod", "seconds": 4}            slow, by app
    {"kind": "lag", "app": "acme-prod", "seconds": 20}               the list as it was 20 s ago
    {"kind": "lag", "of": "current", "seconds": 0.3, "chance": 0.5}  `current` alone, half the time
    {"kind": "lag", "of": "new", "seconds": 10}                      a 201 that is not yet listed
    {"kind": "copy", "seconds": 60, "chance": 0.2, "seed": 11}       old copies, of the last minute
    {"kind": "frozen", "app": "acme-staging", "times": 3}            three answers as of now
    {"kind": "edit", "drop": ["slug"], "set": {"status": "odd"}}     missing and unknown words
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from emulator.annals import OF, Annals, Behind
from emulator.clock import Clock
from emulator.errors import InvalidParams

LAGS = ("lag", "copy", "frozen")
KINDS = ("reset", "status", "latency", "cut", "trickle", "edit", *LAGS)
# What may lag: the list of releases, and one release.
RELEASES = "/apps/[^/]+/releases(/[^/]+)?"


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and by which names the app in its path is known."""

    method: str
    path: str
    app: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes requests that match; `applied` says whether they are carried out all the same.

    `app` is the name or the id of one app. Of matching requests the first `skip` go free, of the
    others `chance` are struck, by dice that `seed` throws, until it were `times` (None: no end).

    `before` and `after` are seconds that pass before and after that, whatever the kind; a latency
    is nothing else, and its requests are always carried out. `seconds` says the same of a latency
    (after if `applied`, else before), and is the time between two bytes of a trickle.

    A `lag` shows releases as they were `seconds` ago, a `copy` as at any moment since, a `frozen`
    one as when it was put; `of` says what is behind: the list, `current` alone, or what is new.
    An `edit` takes names out of each object that is answered, and sets others. Lags, edits and
    latencies stand beside another fault.
    """

    id: str
    kind: str
    method: str = ".*"
    path: str = ".*"
    app: str | None = None
    applied: bool = False
    status: int = 503
    body: Any = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    before: float = 0.0
    after: float = 0.0
    seconds: float = 0.0
    of: str = "list"
    drop: tuple[str, ...] = ()
    set: dict[str, Any] = field(default_factory=dict)
    chance: float = 1.0
    seed: int = 7
    times: int | None = None
    skip: int = 0
    matched: int = 0
    seen: int = 0
    put_at: int = 0

    def matches(self, call: Call) -> bool:
        """True for a request this one is about, unless it struck often enough."""
        if self.times is not None and self.seen >= self.times:
            return False
        if self.app is not None and self.app not in call.app:
            return False
        path = RELEASES if self.kind in LAGS and self.path == ".*" else self.path
        return bool(
            re.fullmatch(self.method, call.method, re.IGNORECASE) and re.fullmatch(path, call.path)
        )

    def counted(self) -> "Fault":
        """The same after one more request that matches; one more is seen where it is struck."""
        matched = self.matched + 1
        is_struck = matched > self.skip and self._dice(matched).random() < self.chance
        return replace(self, matched=matched, seen=self.seen + is_struck)

    def delays(self) -> tuple[float, float]:
        """Seconds before and after the request is carried out."""
        extra = self.seconds if self.kind == "latency" else 0.0
        return (
            self.before + (0.0 if self.applied else extra),
            self.after + (extra if self.applied else 0.0),
        )

    def behind(self, annals: Annals, now: datetime) -> Behind:
        """How far an answer that this one strikes is behind."""
        if self.kind == "frozen":
            return Behind(self.put_at, self.of)
        past = annals.at(now - timedelta(seconds=self.seconds))
        if self.kind == "copy":
            past = self._dice(-self.matched).randint(past, annals.now())
        return Behind(past, self.of)

    def _dice(self, number: int) -> Random:
        return Random(f"{self.seed} {number}")


@dataclass(frozen=True, slots=True)
class Strike:
    """All that hits one request: delays before and after, and at most one fault beside them."""

    before: float = 0.0
    after: float = 0.0
    fault: Fault | None = None
    lag: Fault | None = None
    edits: tuple[Fault, ...] = ()

    @property
    def is_applied(self) -> bool:
        """True when the request is carried out."""
        return self.fault is None or self.fault.applied or self.fault.kind == "trickle"

    @property
    def kind(self) -> str | None:
        """One word for the log; a delay is none."""
        hit = (self.fault, self.lag, *self.edits)
        return next((fault.kind for fault in hit if fault is not None), None)

    def is_free(self, fault: Fault) -> bool:
        """True when there is room for this one, too."""
        if fault.kind in ("latency", "edit"):
            return True
        return (self.lag if fault.kind in LAGS else self.fault) is None

    def plus(self, fault: Fault) -> "Strike":
        """The same with one more fault."""
        before, after = fault.delays()
        delayed = replace(self, before=self.before + before, after=self.after + after)
        if fault.kind == "latency":
            return delayed
        if fault.kind == "edit":
            return replace(delayed, edits=(*self.edits, fault))
        is_lag = fault.kind in LAGS
        return replace(delayed, lag=fault) if is_lag else replace(delayed, fault=fault)


class Faults:
    """The faults that were put, in that order; those that struck often enough stay to be seen."""

    def __init__(self, clock: Clock, annals: Annals) -> None:
        self._clock = clock
        self._annals = annals
        self._faults: dict[str, Fault] = {}

    def put(self, fault: Fault) -> None:
        """Let it strike from now on."""
        if fault.kind not in KINDS:
            raise InvalidParams(f"kind must be one of {', '.join(KINDS)}.")
        if fault.of not in OF:
            raise InvalidParams(f"of must be one of {', '.join(OF)}.")
        for pattern in (fault.method, fault.path):
            _check_pattern(pattern)
        self._faults[fault.id] = replace(fault, put_at=self._annals.now())

    def all(self) -> list[Fault]:
        """Every fault that was put and not taken away."""
        return list(self._faults.values())

    def remove(self, fault_id: str) -> bool:
        """Take one away; false when it is not there."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take all away."""
        self._faults = {}

    def strike(self, call: Call) -> Strike:
        """What hits this request, counted as seen."""
        strike = Strike()
        for fault in self.all():
            if strike.is_free(fault) and fault.matches(call):
                counted = self._faults[fault.id] = fault.counted()
                strike = strike.plus(counted) if counted.seen > fault.seen else strike
        return strike

    def behind(self, strike: Strike) -> Behind | None:
        """How far the answer to a request that is being carried out now is behind."""
        return strike.lag.behind(self._annals, self._clock.now()) if strike.lag else None


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise InvalidParams(f"{pattern!r} is not a pattern: {error}.") from error
