"""Times as Heroku writes them."""

from datetime import UTC, datetime


def stamp(time: datetime) -> str:
    """To the second, as nearly everywhere."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def fine_stamp(time: datetime) -> str:
    """To the microsecond, as in the head of an event."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
