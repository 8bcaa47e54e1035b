"""Times as people read and write them on the command line."""

import re
from datetime import UTC, datetime, timedelta

from autopromote.errors import Misuse

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
PLACE = re.compile(r"\d\s+[A-Za-z][\w+/-]*$")  # a date or time, and the place whose clocks count
STEPS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def when(text: str | None) -> str | None:
    """Show a time of the listener's; one that cannot be read, as it is."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return show_time(moment, datetime.now(UTC)) if moment.tzinfo else text
    except (ValueError, OverflowError):  # in local time it may be before the year 1
        return text


def since(text: str | None) -> str | None:
    """Show how long ago a time of the listener's was; nothing where it cannot be read."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return distance(moment, datetime.now(UTC)) if moment.tzinfo else None


def show_time(moment: datetime, now: datetime) -> str:
    """Return local time, its zone and distance: `2015-11-17 17:37:41 CET (~ 1h ago)`."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z} ({distance(moment, now)})"


def earliest(text: str) -> str:
    """Show the earliest time at which something goes; once it is past, time no longer decides."""
    if is_past(text):
        return "at any time, as far as time decides"
    return when(text) or text


def is_past(text: str) -> bool:
    """Return whether a time of the listener's is over; one that cannot be read is not."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.tzinfo is not None and moment <= datetime.now(UTC)


def distance(moment: datetime, now: datetime) -> str:
    """Return how far away a moment is, in its largest unit: `~ 1h ago`, `in ~ 5m`."""
    seconds = (moment - now).total_seconds()
    if seconds < 1:
        return f"~ {largest_unit(-seconds)} ago"
    # A hold for two hours is shown a moment after it was put, and still ends in two.
    return f"in ~ {largest_unit(seconds, share=0.5)}"


def largest_unit(seconds: float, share: float = 0.0) -> str:
    """Return the seconds in the largest unit they fill, rounded down; up from that share on."""
    unit, size = next((step for step in STEPS if seconds >= step[1]), STEPS[-1])
    return f"{int(seconds / size + share)}{unit}"


def span(seconds: float) -> str:
    """Return how long it is, in the largest unit that it fills and the next: `2h 5m`, `40s`."""
    whole = round(seconds)
    first = next((number for number, step in enumerate(STEPS) if whole >= step[1]), len(STEPS) - 1)
    parts: list[str] = []
    for unit, size in STEPS[first : first + 2]:
        parts += [f"{whole // size}{unit}"] if whole >= size or not parts else []
        whole %= size
    return " ".join(parts)


def read_time(text: str, now: datetime, *, is_past: bool = False) -> str:
    """Read `2h` from now, a date by this machine's clock, or a time with its zone.

    With `is_past`, `2h` is two hours ago. A time by the clocks of a place, like
    `2030-01-31 18:00 Europe/London`, goes as it is: the listener reads it.
    """
    moment = from_now(text, now, is_past=is_past) or day(text)
    if moment is None:
        if PLACE.search(text):
            return text.strip()
        moment = absolute(text)
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError as error:
        raise Misuse(f"{text} is too far away.") from error


def day(text: str) -> datetime | None:
    """Read a date as its first moment by this machine's clock; None where the text is none."""
    if not DAY.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise Misuse(f"There is no day {text}.") from error


def read_duration(text: str) -> timedelta:
    """Read a length of time, like `10m`."""
    now = datetime.now(UTC)
    ends = from_now(text, now)
    if ends is None or ends == now:
        raise Misuse(f"Couldn't read the time {text}. Write a duration like 10m, 2h or 1d12h.")
    return ends - now


def from_now(text: str, now: datetime, *, is_past: bool = False) -> datetime | None:
    """Read a duration from now, or back from it; None where the text is none."""
    found = DURATION.fullmatch(text)
    if not text or found is None:
        return None

    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return now - span if is_past else now + span
    except OverflowError as error:
        raise Misuse(f"{text} is too far away.") from error


def absolute(text: str) -> datetime:
    """Read an ISO 8601 time; without its zone it could mean any of two dozen moments."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misuse(
            f"Couldn't read the time {text}."
            " Write a duration from now like 2h, a date like 2030-01-31,"
            " or a time like 2030-01-31 18:00 Europe/London."
        ) from error

    if moment.tzinfo is None:
        raise Misuse(
            f"The time {text} has no zone. Write it like 2030-01-31T18:00Z, or with +01:00 for Z."
        )
    return moment
