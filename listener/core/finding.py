"""What was looked at and how it is: the values that people are told, with what they can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from listener.core.app import App, Facts


class State(StrEnum):
    """How something is; what nobody could find out is no fault of its own."""

    OK = "ok"
    WARNING = "warning"  # it works, and may surprise
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: how it is, why that matters, and the command that mends it."""

    name: str
    state: State
    message: str
    why: str = ""
    mend: str = ""
    app: App | None = None
    rule: str | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something could not be read: why, and what would help if that is known."""

    message: str
    mend: str = ""
    status: int | None = None  # of a definite no

    def finding(self, name: str, app: App | None = None) -> Finding:
        """Build the finding that stands in for what could not be read."""
        return Finding(
            name=name, state=State.UNKNOWN, message=self.message, mend=self.mend, app=app
        )


def is_sound(findings: Iterable[Finding]) -> bool:
    """Return whether nothing is broken."""
    return all(finding.state is not State.BROKEN for finding in findings)
