"""The request budget of each account: 4500 at most, 75 more every minute."""

from dataclasses import dataclass
from datetime import datetime

from emulator.clock import Clock

MOST = 4500
PER_SECOND = 75 / 60


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left, and when that was counted."""

    left: float
    counted_at: datetime


class Rates:
    """Shared by all tokens of an account, as at Heroku."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def remaining(self, account_id: str) -> int:
        """How many requests the account may still make now."""
        return int(self._refilled(account_id).left)

    def spend(self, account_id: str) -> bool:
        """Use one request up; false when there is none."""
        bucket = self._refilled(account_id)
        if bucket.left < 1:
            return False
        self._buckets[account_id] = Bucket(bucket.left - 1, bucket.counted_at)
        return True

    def set(self, account_id: str, left: float) -> None:
        """Leave the account exactly so many."""
        self._buckets[account_id] = Bucket(min(left, MOST), self._clock.now())

    def _refilled(self, account_id: str) -> Bucket:
        now = self._clock.now()
        bucket = self._buckets.get(account_id, Bucket(MOST, now))
        gained = max(0.0, (now - bucket.counted_at).total_seconds()) * PER_SECOND
        return Bucket(min(float(MOST), bucket.left + gained), now)
