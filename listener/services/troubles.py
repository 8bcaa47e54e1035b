"""The troubles service: what keeps the listener from working now, for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.core import duration
from listener.core.app import App
from listener.core.finding import Finding, State
from listener.core.trouble import (
    EVERYWHERE,
    PEOPLES,
    Cause,
    Trouble,
    is_shown,
    is_told,
    mend,
    title,
)
from listener.db import apps, troubles
from listener.db.apps import AppRow
from listener.inventory.context import Context
from listener.roles import EVERYTHING, Scope
from listener.services import apps as named


@dataclass(frozen=True, slots=True)
class TroubleView:
    """A trouble, with the apps that it concerns."""

    trouble: Trouble
    apps: tuple[AppRow, ...]

    @property
    def title(self) -> str:
        """What is the matter."""
        return title(self.trouble.cause, self._names or "an app")

    @property
    def mend(self) -> str:
        """The command that mends it, or tells more."""
        return mend(self.trouble.cause, self.apps[0].name if self.apps else "APP")

    @property
    def _names(self) -> str:
        return ", ".join(sorted(app.name for app in self.apps))


def list_(context: Context, *, app: str | None = None) -> list[TroubleView]:
    """List the troubles that last, oldest first; with an app, those that concern it."""
    with context.database.begin() as conn:
        return shown(conn, named.find_id(context, conn, app), scope=context.reach.sees)


def shown(
    conn: Connection, app_id: str | None = None, *, scope: Scope = EVERYTHING
) -> list[TroubleView]:
    """Find the troubles worth showing, one for each cause; with an app, those that concern it.

    Of those of apps out of scope only such are shown that stop every app, without a name of one.
    """
    now = troubles.now(conn)
    found = [each for each in troubles.open_(conn) if is_shown(each, now)]
    if app_id is not None:
        found = [each for each in found if _concerns(each, app_id)]
    rows = apps.all_of(conn, {app_id for each in found for app_id in each.app_ids})
    by_id = {row.id: row for row in rows}
    views = (TroubleView(each, tuple(by_id[id] for id in each.app_ids)) for each in found)
    return _one_of_each([view for each in views if (view := _within(each, scope)) is not None])


def _within(view: TroubleView, scope: Scope) -> TroubleView | None:
    """Return what somebody who sees these apps is shown of a trouble; None where nothing is."""
    if scope.is_all or (view.apps and all(scope.has(app.name) for app in view.apps)):
        return view
    trouble = view.trouble
    if trouble.cause not in EVERYWHERE or trouble.cause is Cause.BROKEN:
        return None
    kept = tuple(app for app in view.apps if scope.has(app.name))
    message = title(trouble.cause, "") + "."
    return TroubleView(replace(trouble, message=message, times=1), kept)


def _concerns(trouble: Trouble, app_id: str) -> bool:
    return trouble.cause in EVERYWHERE or app_id in trouble.app_ids


def _one_of_each(views: Sequence[TroubleView]) -> list[TroubleView]:
    """Keep one trouble of each cause that stops everything, however many apps it was met at."""
    first: dict[tuple[str, ...], TroubleView] = {}
    for view in views:
        is_whole = view.trouble.cause in EVERYWHERE and view.trouble.cause is not Cause.BROKEN
        key = (view.trouble.cause, *(() if is_whole else (view.trouble.subject,)))
        first.setdefault(key, view)
    return list(first.values())


def findings(conn: Connection, scope: Scope = EVERYTHING) -> list[Finding]:
    """Report the troubles that last; about younger ones the doctor finds out more itself."""
    now = troubles.now(conn)
    return [_finding(view) for view in shown(conn, scope=scope) if is_told(view.trouble, now)]


def _finding(view: TroubleView) -> Finding:
    trouble = view.trouble
    is_grave = trouble.cause in PEOPLES or trouble.cause is Cause.BROKEN
    app = view.apps[0] if view.apps and trouble.cause not in EVERYWHERE else None
    facts: App | None = app.facts if app is not None else None
    return Finding(
        name="trouble",
        state=State.BROKEN if is_grave else State.WARNING,
        message=f"{view.title} since {duration.format_moment(trouble.since)}.",
        why=trouble.message,
        mend=view.mend if view.mend != "autopromote doctor" else "",
        app=facts,
        facts={"cause": trouble.cause, "times": trouble.times},
    )
