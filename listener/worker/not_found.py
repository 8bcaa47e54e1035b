"""Not-found answers of Heroku: they count only if Heroku still says so two minutes later."""

from __future__ import annotations

from datetime import datetime

from listener.core.gates.always import is_surely_gone
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError, Refused

GONE = frozenset({404, 410})


class Absent(HerokuError):
    """Something required was not found, although Heroku did not refuse the request."""


def is_absent(error: Exception) -> bool:
    """Return whether Heroku answered that an app, a slug or a coupling is not there."""
    return isinstance(error, Absent) or (isinstance(error, Refused) and error.status in GONE)


def is_certain(row: PromotionRow, error: Exception, now: datetime) -> bool:
    """Return whether Heroku has said so long enough: a single answer ends nothing."""
    return is_absent(error) and is_surely_gone(row.gone_since, now)


def since(row: PromotionRow, error: Exception, now: datetime) -> datetime | None:
    """Return since when Heroku says so, to be stored; None where the error is another one."""
    return (row.gone_since or now) if is_absent(error) else None
