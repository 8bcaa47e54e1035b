"""What Heroku says is not there: believed only when it says so again, two minutes later."""

from __future__ import annotations

from datetime import datetime

from listener.core.gates.always import is_surely_gone
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError, Refused

GONE = frozenset({404, 410})


class Absent(HerokuError):
    """Something that must be there was not found, by an answer that was no refusal."""


def is_absent(error: Exception) -> bool:
    """Heroku answered that an app, a slug or a coupling is not there."""
    return isinstance(error, Absent) or (isinstance(error, Refused) and error.status in GONE)


def is_certain(row: PromotionRow, error: Exception, now: datetime) -> bool:
    """It said so before, and has not been asked in vain: a single answer ends nothing."""
    return is_absent(error) and is_surely_gone(row.gone_since, now)


def since(row: PromotionRow, error: Exception, now: datetime) -> datetime | None:
    """Since when it says so, to be written down; None where the error is another one."""
    return (row.gone_since or now) if is_absent(error) else None
