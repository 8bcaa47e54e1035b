"""Troubles: what keeps the listener from working; people are told once, however much it stops.

One trouble is one thing that fails, for one cause. Those of one cause are told together: once, and
once more when all of them are over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Cause(StrEnum):
    """Why something fails."""

    TOKEN = "token"  # noqa: S105 - a word, and no token
    ACCOUNT = "account"
    ACCESS = "access"
    GONE = "gone"
    LIMIT = "limit"
    HEROKU = "heroku"
    STALE = "stale"
    ANSWER = "answer"
    BROKEN = "broken"


# These are the same for every app.
EVERYWHERE = frozenset({Cause.TOKEN, Cause.ACCOUNT, Cause.LIMIT, Cause.HEROKU, Cause.BROKEN})
# These do not end by themselves: a person must act.
PEOPLES = frozenset({Cause.TOKEN, Cause.ACCOUNT, Cause.ACCESS, Cause.GONE})
TOLD_AFTER = timedelta(minutes=10)  # what Heroku gets over sooner is no news
SHOWN_AFTER = timedelta(minutes=1)
MOST_BREAKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that fails since a moment, as often in a row as `times`."""

    id: int
    cause: Cause
    subject: str
    message: str
    since: datetime
    last_at: datetime
    app_ids: tuple[str, ...] = ()
    times: int = 1
    told_as: int | None = None
    over_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """It still fails."""
        return self.over_at is None


def is_shown(trouble: Trouble, now: datetime) -> bool:
    """Return whether it is worth a look.

    It is after a minute; what people must mend, at once; a break of ours, after three in a row.
    """
    if trouble.cause is Cause.BROKEN:
        return trouble.times >= MOST_BREAKS
    return trouble.cause in PEOPLES or now - trouble.since >= SHOWN_AFTER


def is_told(trouble: Trouble, now: datetime) -> bool:
    """Return whether it lasts so long that people are to be told.

    They are told after ten minutes; of a break of ours, after three in a row.
    """
    if trouble.cause is Cause.BROKEN:
        return trouble.times >= MOST_BREAKS
    return now - trouble.since >= TOLD_AFTER


def is_same(one: Trouble, cause: Cause, app_ids: Iterable[str]) -> bool:
    """Return whether it has the same cause: one that all apps share, or one of the same app."""
    if one.cause is not cause:
        return False
    return cause in EVERYWHERE or not set(one.app_ids).isdisjoint(app_ids)


def told_already(trouble: Trouble, others: Sequence[Trouble]) -> int | None:
    """Return the id of the trouble whose notice told of the same cause, while that lasts."""
    told = (other for other in others if other.told_as is not None and other.is_open)
    return next(
        (each.told_as for each in told if is_same(each, trouble.cause, trouble.app_ids)), None
    )


def told_together(trouble: Trouble, others: Sequence[Trouble], now: datetime) -> list[Trouble]:
    """Return those that one notice tells of: whatever else the same cause stops by now."""
    also = [
        other
        for other in others
        if other.id != trouble.id
        and other.cause is trouble.cause
        and other.is_open
        and other.told_as is None
        and is_shown(other, now)
    ]
    return sorted([trouble, *also], key=lambda each: each.id)


def is_over(trouble: Trouble, others: Sequence[Trouble]) -> bool:
    """Return whether nothing of what was told together lasts."""
    return not any(other.told_as == trouble.told_as and other.is_open for other in others)


def replaces(cause: Cause, told: Cause) -> bool:
    """Return whether a new cause is news though another was told: now a person has to act."""
    return cause in PEOPLES and told not in PEOPLES


def title(cause: Cause, names: str) -> str:
    """Say what is the matter, in a few words; `names` are the apps concerned."""
    return {
        Cause.TOKEN: "Heroku does not accept the listener's key",
        Cause.ACCOUNT: "Heroku refuses the listener's account",
        Cause.ACCESS: f"The listener may not read {names}",
        Cause.GONE: f"Heroku shows no {names}",
        Cause.LIMIT: "The listener has no requests left at Heroku",
        Cause.HEROKU: "Heroku cannot be read",
        Cause.STALE: f"Heroku shows old data of {names}",
        Cause.ANSWER: f"What Heroku shows of {names} cannot be used",
        Cause.BROKEN: "The listener breaks",
    }[cause]


def mend(cause: Cause, name: str) -> str:
    """Return the command that mends it, or tells more; `name` is an app concerned."""
    return {
        Cause.TOKEN: "heroku config:set -a LISTENER HEROKU_API_KEY="
        "$(heroku authorizations:create -d autopromote -S)",
        Cause.ACCESS: f"heroku access:add LISTENERS_USER -a {name}",
        Cause.BROKEN: "heroku logs -a LISTENER --num 1500 | grep step_broken",
    }.get(cause, "autopromote doctor")
