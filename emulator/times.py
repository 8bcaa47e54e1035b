"""Times in Heroku's formats."""

from datetime import UTC, datetime


def stamp(time: datetime) -> str:
    """Return the time to the second, as in most of the API."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def offset_stamp(time: datetime) -> str:
    """Return the time as pipelines show it: with a numeric offset."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def fine_stamp(time: datetime) -> str:
    """Return the time to the microsecond, as in the head of an event."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
