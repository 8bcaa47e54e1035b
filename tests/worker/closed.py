"""Windows that are closed, whatever the day on which a test runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def closed_windows(time: str = "00:00-00:01", zone: str = "UTC") -> list[str]:
    """Two windows of a minute, days from now: of two fixed ones, either may be open just now."""
    now = datetime.now(ZoneInfo(zone))
    return [f"{now + timedelta(days=days):%a} {time} {zone}" for days in (2, 5)]
