"""Times as Heroku writes them."""

from datetime import UTC, datetime


def stamp(time: datetime) -> str:
    """To the second, as nearly everywhere."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def offset_stamp(time: datetime) -> str:
    """The same moment as pipelines have it: the offset in figures."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def fine_stamp(time: datetime) -> str:
    """To the microsecond, as in the head of an event."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
