"""Report failures that no promotion shows, and broken steps: once, and once when they are over.

Each notice has one cause: since when it lasts, what waits for it, and the command that mends it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from listener.core import duration
from listener.core.trouble import (
    Cause,
    Trouble,
    is_over,
    is_same,
    is_told,
    mend,
    title,
    told_already,
    told_together,
)
from listener.db import apps, notifications, queue, troubles
from listener.heroku import BadAnswer, Doubtful, HerokuError, NotSent, RateLimited, Refused
from listener.inventory.context import Clock, Context

_REFUSALS = {401: Cause.TOKEN, 402: Cause.ACCOUNT, 404: Cause.GONE, 410: Cause.GONE}
_OF_ACCOUNTS = frozenset({"suspended", "delinquent", "verification_required"})


def cause_of(error: HerokuError) -> Cause:
    """Return the cause why Heroku could not be read, whatever it was asked."""
    match error:
        case RateLimited():
            return Cause.LIMIT
        case Refused(id=id) if id in _OF_ACCOUNTS:
            return Cause.ACCOUNT
        case Refused(status=status):
            return _REFUSALS.get(status, Cause.ACCESS)
        case NotSent() | Doubtful():
            return Cause.HEROKU
        case BadAnswer():
            return Cause.ANSWER
        case _:
            return Cause.STALE  # an answer, but an outdated one


def note(conn: Connection, error: HerokuError, subject: str, app_id: str) -> None:
    """Record that Heroku could not be read for an app; call it last in a transaction."""
    troubles.note(conn, cause_of(error), subject, str(error), [app_id])


def note_break(conn: Connection, name: str, claim: queue.Claim, error: Exception) -> None:
    """Record that a step of ours broke; call it last in a transaction.

    A broken step on troubles is only logged: a trouble about it would break in the same way.
    """
    if claim.table is not troubles.TROUBLES.table:
        what = f"Work on {_about(name, claim)} broke: {_kind_of(error)}"
        troubles.note(conn, Cause.BROKEN, _step(name, claim), what, _apps_of(claim))


def mended(context: Context, name: str, claim: queue.Claim) -> None:
    """Record that the same step did not break this time."""
    with context.database.begin() as conn:
        troubles.over(conn, _step(name, claim))


def _step(name: str, claim: queue.Claim) -> str:
    return f"step {name} {claim.key}"


def _about(name: str, claim: queue.Claim) -> str:
    """Name a row of work as people know it."""
    app_name = getattr(claim.row, "name", None) if name == "look" else None
    return f"{name} {app_name or claim.key}".removeprefix("webhook ")


def _kind_of(error: Exception) -> str:
    """Name the error by its type only: its message may hold secrets."""
    inner = getattr(error, "orig", None)
    return f"{type(error).__name__} ({type(inner).__name__})" if inner else type(error).__name__


def _apps_of(claim: queue.Claim) -> list[str]:
    """Return the apps that the work is about, as far as its row tells."""
    if claim.table.name == "app":
        return [str(claim.key)]
    found = (getattr(claim.row, name, None) for name in ("source_id", "target_id"))
    return [app_id for app_id in found if app_id is not None]


def is_known(conn: Connection, error: Exception, app_ids: Sequence[str]) -> bool:
    """Return whether an open trouble has the same cause, so that people are told of it anyway."""
    if not isinstance(error, HerokuError):
        return False
    cause = cause_of(error)
    return any(is_same(each, cause, app_ids) for each in troubles.open_(conn))


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Notify people of a trouble that lasts, or that it is over."""
    with context.database.begin() as conn:
        found = troubles.lock_all(conn, claim.key)
        trouble = next(each for each in found if each.id == claim.key)
        if trouble.is_open:
            _tell(conn, context, trouble, found, clock)
        elif trouble.told_as is not None and is_over(trouble, found):
            _tell_over(conn, trouble)
        queue.write(conn, claim, due_at=None)


def _tell(
    conn: Connection, context: Context, trouble: Trouble, found: Sequence[Trouble], clock: Clock
) -> None:
    if trouble.told_as is not None or not is_told(trouble, clock.now()):
        return
    known = told_already(trouble, found)
    if known is not None:
        troubles.tell_as(conn, [trouble.id], known)
        return
    together = told_together(trouble, found, clock.now())
    names = _names(conn, together)
    shown = ", ".join(names) or "an app"
    lines = [
        *dict.fromkeys(f"{each.message.removesuffix('.')}." for each in together),
        f"Since: {duration.format_moment(min(each.since for each in together))}",
        _waiting(conn, together),
        context.own_names(conn)(f"Mend it: `{mend(trouble.cause, names[0] if names else 'APP')}`"),
    ]
    troubles.tell_as(conn, [each.id for each in together], trouble.id)
    notifications.add(
        conn,
        "trouble",
        title=title(trouble.cause, shown),
        body="\n".join(filter(None, lines)),
        key=f"trouble {trouble.id}",
        trouble_id=trouble.id,
    )


def _waiting(conn: Connection, together: Sequence[Trouble]) -> str:
    """Say what waits for the end of the troubles, as far as known; empty for a broken step."""
    if together[0].cause is Cause.BROKEN:
        return ""
    concerned = {app_id for each in together for app_id in each.app_ids}
    told = troubles.versions_told(conn, concerned)
    stuck = troubles.promotions_stuck(conn, concerned)
    ids = {app_id for app_id, _ in told} | {id for row in stuck for id in row[1:3]}
    names = apps.names(conn, ids)
    waiting = [f"{names[app_id]} v{version}" for app_id, version in told]
    waiting += [
        f"promotion {row.id} of {names[row.source_id]} v{row.version} to {names[row.target_id]}"
        for row in stuck
    ]
    if not waiting:
        return "No deploy is known to wait; what comes meanwhile is found afterwards."
    return f"Waiting for it: {', '.join(waiting)}."


def _tell_over(conn: Connection, trouble: Trouble) -> None:
    names = _names(conn, [trouble])
    what = title(trouble.cause, ", ".join(names) or "an app")
    until = (
        f" until {duration.format_moment(trouble.over_at)}" if trouble.over_at is not None else ""
    )
    notifications.add(
        conn,
        "trouble_over",
        title=f"Over: {what}",
        body=f"From {duration.format_moment(trouble.since)}{until}. What waited goes on by itself.",
        key=f"trouble {trouble.told_as} is over",
        trouble_id=trouble.told_as,
    )


def _names(conn: Connection, together: Sequence[Trouble]) -> list[str]:
    ids = {app_id for each in together for app_id in each.app_ids}
    return sorted(apps.names(conn, ids).values())
