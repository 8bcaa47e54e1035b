"""What goes wrong on purpose: which requests are struck, and how."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.errors import InvalidParams

KINDS = ("reset", "status", "latency", "cut", "trickle")


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes requests that match; `applied` says whether they are carried out all the same.

    `before` and `after` are seconds that pass before and after that, whatever the kind; a latency
    is nothing else, and its requests are always carried out. `seconds` says the same of a latency
    (after if `applied`, else before), and is the time between two bytes of a trickle.
    The first `skip` matching requests go free; `times` of the others are struck, all when None.
    """

    id: str
    kind: str
    method: str = ".*"
    path: str = ".*"
    applied: bool = False
    status: int = 503
    body: Any = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    before: float = 0.0
    after: float = 0.0
    seconds: float = 0.0
    times: int | None = None
    skip: int = 0
    matched: int = 0

    @property
    def seen(self) -> int:
        """How many requests it struck."""
        return max(0, self.matched - self.skip)

    def matches(self, method: str, path: str) -> bool:
        """True for a request this one is about, unless it struck often enough."""
        if self.times is not None and self.seen >= self.times:
            return False
        return bool(
            re.fullmatch(self.method, method, re.IGNORECASE) and re.fullmatch(self.path, path)
        )

    def delays(self) -> tuple[float, float]:
        """Seconds before and after the request is carried out."""
        extra = self.seconds if self.kind == "latency" else 0.0
        return (
            self.before + (0.0 if self.applied else extra),
            self.after + (extra if self.applied else 0.0),
        )


@dataclass(frozen=True, slots=True)
class Strike:
    """All that hits one request: delays before and after, and at most one fault beside them."""

    before: float = 0.0
    after: float = 0.0
    fault: Fault | None = None

    @property
    def is_applied(self) -> bool:
        """True when the request is carried out."""
        return self.fault is None or self.fault.applied or self.fault.kind == "trickle"


class Faults:
    """The faults that were put, in that order; those that struck often enough stay to be seen."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def put(self, fault: Fault) -> None:
        """Let it strike from now on."""
        if fault.kind not in KINDS:
            raise InvalidParams(f"kind must be one of {', '.join(KINDS)}.")
        for pattern in (fault.method, fault.path):
            _check_pattern(pattern)
        self._faults[fault.id] = fault

    def all(self) -> list[Fault]:
        """Every fault that was put and not taken away."""
        return list(self._faults.values())

    def remove(self, fault_id: str) -> bool:
        """Take one away; false when it is not there."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take all away."""
        self._faults = {}

    def strike(self, method: str, path: str) -> Strike:
        """What hits this request, counted as seen."""
        strike = Strike()
        for fault in self.all():
            is_free = fault.kind == "latency" or strike.fault is None
            if is_free and fault.matches(method, path) and self._count(fault):
                strike = _add(strike, fault)
        return strike

    def _count(self, fault: Fault) -> bool:
        counted = replace(fault, matched=fault.matched + 1)
        self._faults[fault.id] = counted
        return counted.seen > 0


def _add(strike: Strike, fault: Fault) -> Strike:
    before, after = fault.delays()
    return Strike(
        strike.before + before,
        strike.after + after,
        strike.fault if fault.kind == "latency" else fault,
    )


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise InvalidParams(f"{pattern!r} is not a pattern: {error}.") from error
