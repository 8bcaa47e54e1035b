"""Whether the list of each app's releases can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from listener import behind, moments
from listener.findings import Finding, State
from listener.promotion import TOLD_AFTER
from listener.store.apps import AppRow


def releases(found: Sequence[AppRow], now: datetime) -> list[Finding]:
    """Every list that lies behind what it showed before, for longer than Heroku may lag."""
    return [
        _behind(row, row.behind_since, now)
        for row in found
        if row.behind_since is not None and now - row.behind_since >= TOLD_AFTER
    ]


def _behind(row: AppRow, since: datetime, now: datetime) -> Finding:
    is_broken = now - since >= behind.BROKEN_AFTER
    return Finding(
        name="releases",
        state=State.BROKEN if is_broken else State.WARNING,
        message=f"{row.name} {row.behind}, since {moments.shown(since)}.",
        why="Nothing is promoted on a list that cannot be believed.",
        mend=behind.mend(row.name) if is_broken else "",
        app=row.facts,
    )
