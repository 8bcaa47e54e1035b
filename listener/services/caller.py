"""Where a request comes from, as services are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request came from, and when."""

    address: str | None
    now: datetime
