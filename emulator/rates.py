"""The request budget of each account: at most 4500, and 75 more every minute."""

from dataclasses import dataclass
from datetime import datetime

from emulator.clock import Clock

MOST = 4500
PER_SECOND = 75 / 60


@dataclass(frozen=True, slots=True)
class Bucket:
    """The requests that were left, and when they were counted."""

    left: float
    counted_at: datetime


class Rates:
    """Rate limits per account, shared by all tokens of an account, as at Heroku."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def remaining(self, account_id: str) -> int:
        """Return how many requests the account may still make now."""
        return int(self._refilled(account_id).left)

    def spend(self, account_id: str) -> bool:
        """Use up one request; return False if none is left."""
        bucket = self._refilled(account_id)
        if bucket.left < 1:
            return False
        self._buckets[account_id] = Bucket(bucket.left - 1, bucket.counted_at)
        return True

    def set(self, account_id: str, left: float) -> None:
        """Set how many requests the account has left."""
        self._buckets[account_id] = Bucket(min(left, MOST), self._clock.now())

    def _refilled(self, account_id: str) -> Bucket:
        now = self._clock.now()
        bucket = self._buckets.get(account_id, Bucket(MOST, now))
        gained = max(0.0, (now - bucket.counted_at).total_seconds()) * PER_SECOND
        return Bucket(min(float(MOST), bucket.left + gained), now)
