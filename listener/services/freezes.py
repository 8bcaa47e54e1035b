"""Freezes: the times without promotion that a file of rules declares, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

FREEZE = "freeze"  # holds of this kind are the file's: nobody else puts one


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFreeze:
    """A freeze as a file declares it; without apps it is on every target."""

    label: str  # names it in error messages, like `freeze 2`
    apps: tuple[str, ...] | None
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class FreezeAction(StrEnum):
    """What becomes of a freeze on one app, or on every target."""

    ADD = "add"
    KEEP = "keep"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeStep:
    """A freeze on one app, or on every target, and what becomes of it."""

    action: FreezeAction
    app_id: str | None
    place: str
    reason: str
    starts_at: datetime | None
    ends_at: datetime | None
    hold_id: int | None = None
    too_late_for: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str | None, datetime | None, datetime | None, str]:
        """The freeze's identity: its content, because a file has no ids."""
        return self.app_id, self.starts_at, self.ends_at, self.reason

    @property
    def name(self) -> str:
        """The name of a freeze that stands, by its hold's id."""
        return f"freeze-{self.hold_id}"

    @property
    def told(self) -> list[Any]:
        """The values that count in the plan's id."""
        times = [at.isoformat() if at else None for at in (self.starts_at, self.ends_at)]
        return [self.action, self.app_id, *times, self.reason, self.hold_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezes:
    """All steps, what is not in the file and stays, and on which holds that was planned."""

    steps: tuple[FreezeStep, ...] = ()
    left: tuple[FreezeStep, ...] = ()
    stands_on: frozenset[int] = field(default_factory=frozenset)
    notes: tuple[str, ...] = ()

    @property
    def changing(self) -> list[FreezeStep]:
        """The steps to write: new freezes in the order of the file, then those that end."""
        return [step for step in self.steps if step.action is not FreezeAction.KEEP]

    @property
    def apps(self) -> set[str]:
        """The apps whose freezes are to be written."""
        return {step.app_id for step in self.changing if step.app_id is not None}

    @property
    def is_of_all(self) -> bool:
        """Whether a freeze of every target is to be written."""
        return any(step.app_id is None for step in self.changing)

    def said(self, *, is_done: bool) -> list[str]:
        """Say what the steps come to, as parts of a sentence."""
        words = {
            FreezeAction.ADD: "added" if is_done else "to add",
            FreezeAction.END: "ended" if is_done else "to end",
        }
        actions = [step.action for step in self.steps]
        counts = ((actions.count(action), word) for action, word in words.items())
        return [f"{n} {'freeze' if n == 1 else 'freezes'} {word}" for n, word in counts if n]


def match(wanted: Iterable[FreezeStep], standing: Iterable[FreezeStep]) -> list[FreezeStep]:
    """Return the file's freezes as steps; an equal one that stands is kept, whoever applied it."""
    by_key = {step.key: step for step in standing}
    return [by_key.get(step.key, step) for step in wanted]
