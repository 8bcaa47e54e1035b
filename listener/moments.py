"""A moment as sentences have it: to the minute, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def shown(moment: datetime) -> str:
    """`2026-03-02 14:30 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
