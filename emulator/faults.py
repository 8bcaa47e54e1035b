"""Faults: which requests go wrong on purpose, and how.

One fault is one object. Some common ones:

    {"kind": "latency", "app": "acme-prod", "seconds": 4}            slow answers, for one app
    {"kind": "lag", "app": "acme-prod", "seconds": 20}               the list as it was 20 s ago
    {"kind": "lag", "of": "current", "seconds": 0.3, "chance": 0.5}  only `current`, half the time
    {"kind": "lag", "of": "new", "seconds": 10}                      a 201 that is not listed yet
    {"kind": "copy", "seconds": 60, "chance": 0.2, "seed": 11}       old copies, of the last minute
    {"kind": "frozen", "app": "acme-staging", "times": 3}            three answers as of now
    {"kind": "edit", "drop": ["slug"], "set": {"status": "odd"}}     missing keys, unknown values
    {"kind": "reset", "host": "github", "applied": true, "method": "POST"}   done, but not answered
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from emulator.annals import OF, Annals, Behind
from emulator.clock import Clock
from emulator.errors import InvalidParams

HEROKU, GITHUB = HOSTS = ("heroku", "github")
LAGS = ("lag", "copy", "frozen")
KINDS = ("reset", "status", "latency", "cut", "trickle", "edit", *LAGS)
# What can lag: the list of releases, and one release.
RELEASES = "/apps/[^/]+/releases(/[^/]+)?"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to Heroku, with the id and the name of the app in its path, or to GitHub."""

    method: str
    path: str
    app: frozenset[str] = frozenset()
    host: str = HEROKU


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do to requests that match, of Heroku or of GitHub: `host` says of which.

    `app` is the name or the id of one app. The first `skip` matching requests are spared. Of the
    others, each is struck with probability `chance`, by a random number from `seed`, until `times`
    were struck (None: no limit). `applied` says whether a struck request is still carried out.

    `before` and `after` are seconds to wait before and after the request is carried out; every kind
    may have them. A `latency` only waits, and its requests are always carried out: `seconds` after
    they came, or, if `applied`, at once, and the answer comes `seconds` after that was begun. For a
    `trickle`, `seconds` is the time between two bytes.

    A `lag` shows releases as they were `seconds` ago, a `copy` as at a random moment since then, a
    `frozen` as when the fault was put. `of` says what is behind: the list, only `current`, or what
    is new. An `edit` removes keys from each object of the answer, and sets others. Lags, edits and
    latencies can hit a request together with another fault.
    """

    id: str
    kind: str
    method: str = ".*"
    path: str = ".*"
    host: str = HEROKU
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
        """Return whether the fault is about this request and has not struck `times` yet."""
        if self.host != call.host or (self.times is not None and self.seen >= self.times):
            return False
        if self.app is not None and self.app not in call.app:
            return False
        path = RELEASES if self.kind in LAGS and self.path == ".*" else self.path
        return bool(
            re.fullmatch(self.method, call.method, re.IGNORECASE) and re.fullmatch(path, call.path)
        )

    def counted(self) -> "Fault":
        """Return the fault with one more matching request, counted in `seen` if it is struck."""
        matched = self.matched + 1
        is_struck = matched > self.skip and self._dice(matched).random() < self.chance
        return replace(self, matched=matched, seen=self.seen + is_struck)

    def delayed(self, strike: "Strike") -> "Strike":
        """Return the strike with the waits of this fault."""
        extra = self.seconds if self.kind == "latency" else 0.0
        before, takes = (0.0, extra) if self.applied else (extra, 0.0)
        return replace(
            strike,
            before=strike.before + self.before + before,
            takes=strike.takes + takes,
            after=strike.after + self.after,
        )

    def behind(self, annals: Annals, now: datetime) -> Behind:
        """Return how far an answer that this fault strikes is behind."""
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
    """Everything that hits one request: delays, at most one fault, at most one lag, and edits.

    Delays are in seconds: to wait `before`, to take at least for carrying it out, to wait `after`.
    """

    before: float = 0.0
    takes: float = 0.0
    after: float = 0.0
    fault: Fault | None = None
    lag: Fault | None = None
    edits: tuple[Fault, ...] = ()

    @property
    def is_applied(self) -> bool:
        """Whether the request is carried out."""
        return self.fault is None or self.fault.applied or self.fault.kind == "trickle"

    @property
    def kind(self) -> str | None:
        """The kind of the first fault, for the log; None for delays alone."""
        hit = (self.fault, self.lag, *self.edits)
        return next((fault.kind for fault in hit if fault is not None), None)

    def is_free(self, fault: Fault) -> bool:
        """Return whether this fault can be added."""
        if fault.kind in ("latency", "edit"):
            return True
        return (self.lag if fault.kind in LAGS else self.fault) is None

    def plus(self, fault: Fault) -> "Strike":
        """Return the strike with one more fault."""
        delayed = fault.delayed(self)
        if fault.kind == "latency":
            return delayed
        if fault.kind == "edit":
            return replace(delayed, edits=(*self.edits, fault))
        is_lag = fault.kind in LAGS
        return replace(delayed, lag=fault) if is_lag else replace(delayed, fault=fault)


class Faults:
    """The faults in the order in which they were put; used-up ones stay listed."""

    def __init__(self, clock: Clock, annals: Annals) -> None:
        self._clock = clock
        self._annals = annals
        self._faults: dict[str, Fault] = {}

    def put(self, fault: Fault) -> None:
        """Add a fault that strikes from now on. Raises InvalidParams."""
        if fault.kind not in KINDS:
            raise InvalidParams(f"kind must be one of {', '.join(KINDS)}.")
        if fault.host not in HOSTS:
            raise InvalidParams(f"host must be one of {', '.join(HOSTS)}.")
        if fault.of not in OF:
            raise InvalidParams(f"of must be one of {', '.join(OF)}.")
        for pattern in (fault.method, fault.path):
            _check_pattern(pattern)
        self._faults[fault.id] = replace(fault, put_at=self._annals.now())

    def all(self) -> list[Fault]:
        """Return every fault that was put and not removed."""
        return list(self._faults.values())

    def remove(self, fault_id: str) -> bool:
        """Remove a fault; return False if there is none with this id."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Remove all faults."""
        self._faults = {}

    def strike(self, call: Call) -> Strike:
        """Return what hits this request, and count the request in the faults that match."""
        strike = Strike()
        for fault in self.all():
            if strike.is_free(fault) and fault.matches(call):
                counted = self._faults[fault.id] = fault.counted()
                strike = strike.plus(counted) if counted.seen > fault.seen else strike
        return strike

    def behind(self, strike: Strike) -> Behind | None:
        """Return how far the answer to a request carried out now is behind, or None."""
        return strike.lag.behind(self._annals, self._clock.now()) if strike.lag else None


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise InvalidParams(f"{pattern!r} is not a pattern: {error}.") from error
