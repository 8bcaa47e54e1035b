"""What the router and the dynos of an app did, minute by minute."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from emulator.errors import InvalidParams

MINUTE = timedelta(minutes=1)
DELAY = timedelta(minutes=1)  # how late a minute can be read; Heroku's is not known
KINDS = ("latency", "errors", "status")  # of the router
LONGEST = 1440  # points of one answer; a guess

Series = dict[str, float]
# Values by kind ("latency", "errors", "status", or what `of_dynos` names) and minute.
Minutes = defaultdict[str, dict[datetime, Series]]


@dataclass(frozen=True, slots=True)
class Window:
    """What a reader asks for: the buckets from `start` to `end`, each `step` long."""

    start: datetime
    end: datetime
    step: timedelta
    known_until: datetime = field(default=datetime.max.replace(tzinfo=UTC))

    def __post_init__(self) -> None:
        """Check the bounds. Raises InvalidParams."""
        if self.step < MINUTE or self.step % MINUTE:
            raise InvalidParams("step must be whole minutes.")
        if not self.start <= self.end:
            raise InvalidParams("start_time must not be after end_time.")
        if (self.end - self.start) / self.step > LONGEST:
            raise InvalidParams(f"At most {LONGEST} steps.")

    def buckets(self) -> list[datetime]:
        """Return the beginning of each bucket; the last one holds `end`."""
        first = floor(self.start, self.step)
        return [first + self.step * n for n in range((self.end - first) // self.step + 1)]


def of_dynos(process_type: str) -> str:
    """Return the kind of the errors of the dynos of a process type."""
    return f"dynos {process_type}"


def no_minutes() -> Minutes:
    """Return the minutes of an app that did nothing yet."""
    return defaultdict(dict)


def add(minutes: Minutes, kind: str, at: datetime, values: Mapping[str, float]) -> None:
    """Add to the values of a minute; of latencies the higher one stays."""
    bucket = minutes[kind].setdefault(floor(at, MINUTE), {})
    for name, value in values.items():
        bucket[name] = _joined(kind)([bucket.get(name, 0.0), value])


def read(minutes: Minutes, kind: str, window: Window) -> dict[str, list[float | None]]:
    """Return each series of a kind: a number per bucket, or None where there is none."""
    told = {at: each for at, each in minutes[kind].items() if at + MINUTE <= window.known_until}
    inside = defaultdict[datetime, list[Series]](list)
    for at, values in told.items():
        inside[floor(at, window.step)].append(values)
    buckets = window.buckets()
    names = sorted({name for at in buckets for values in inside[at] for name in values})
    return {name: [_point(kind, name, inside[at]) for at in buckets] for name in names}


def floor(at: datetime, step: timedelta) -> datetime:
    """Return the beginning of the bucket that holds a time."""
    return at - (at - datetime(1970, 1, 1, tzinfo=UTC)) % step


def _point(kind: str, name: str, several: list[Series]) -> float | None:
    found = [values[name] for values in several if name in values]
    return _joined(kind)(found) if found else None


def _joined(kind: str) -> Callable[[list[float]], float]:
    return max if kind == "latency" else sum
