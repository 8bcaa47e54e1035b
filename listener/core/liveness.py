"""Whether the runners are at work, by the rounds that they last made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

STUCK_AFTER = timedelta(seconds=60)
DEAD_AFTER = timedelta(seconds=60)  # a process says every ten seconds that it lives
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """One thread that takes promotions further, or tells of them."""

    name: str
    works_on: str
    idle: timedelta  # since its last round
    unseen: timedelta  # since its process last said that it lives

    @property
    def is_alive(self) -> bool:
        """Its process lives."""
        return self.unseen <= DEAD_AFTER


def fault(runners: Sequence[Runner]) -> str | None:
    """Say what is wrong and what to do, or None; a dead runner is no fault while others live."""
    known = [runner for runner in runners if runner.unseen <= FORGOTTEN_AFTER]
    living = [runner for runner in known if runner.is_alive]
    if known and not living:
        last = min(runner.idle for runner in known)
        return (
            f"Nobody promotes: the last runner was at work {_seconds(last)} ago. Start it again:"
            " `heroku ps:restart -a LISTENER`."
        )
    stuck = max(living, key=lambda runner: runner.idle, default=None)
    if stuck is None or stuck.idle <= STUCK_AFTER:
        return None
    return (
        f"Runner {stuck.name} ({stuck.works_on}) made its last round {_seconds(stuck.idle)} ago."
        " Where that goes on: `heroku ps:restart -a LISTENER`."
    )


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():.0f} s"
