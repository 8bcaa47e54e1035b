"""The request budget of each login: so many within an hour, which begins with the first request."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emulator.clock import Clock

MOST = 5000
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left until the reset."""

    left: int
    resets_at: datetime

    @property
    def used(self) -> int:
        """How many requests were made."""
        return MOST - self.left


class Rates:
    """The primary rate limit, shared by all tokens of a login."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._budgets: dict[str, Budget] = {}

    def of(self, login: str) -> Budget:
        """Return the budget of a login."""
        now = self._clock.now()
        known = self._budgets.get(login)
        return known if known and known.resets_at > now else Budget(MOST, now + HOUR)

    def spend(self, login: str) -> None:
        """Use up one request."""
        budget = self.of(login)
        self._budgets[login] = replace(budget, left=max(0, budget.left - 1))

    def set(self, login: str, left: int, seconds: float) -> None:
        """Set how many requests are left for so many seconds."""
        resets_at = self._clock.now() + timedelta(seconds=seconds)
        self._budgets[login] = Budget(min(left, MOST), resets_at)
