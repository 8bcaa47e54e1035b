"""Rolling back by hand: what the target ran before comes back, and automation stands still."""

from __future__ import annotations

from dataclasses import dataclass

from listener.apps import App
from listener.decision import SLUG
from listener.desk import apps as named
from listener.desk import asked, pages
from listener.desk import holds as holding
from listener.desk.asking import Asking
from listener.desk.holds import NewHold
from listener.desk.views import PromotionView
from listener.errors import Invalid
from listener.history import SUCCEEDED, History, Release
from listener.promotion import PromotionKind
from listener.steps import targets
from listener.steps.tools import Tools
from listener.store import apps, holds

NOTHING = "Nothing was rolled back."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRollback:
    """The target, the release to go back to (None: what it ran before), and why."""

    app: str
    to: int | None
    reason: str


def roll_back(tools: Tools, wish: NewRollback, *, by: str) -> PromotionView:
    """A hold at once, and a promotion that brings the older slug back. Asked twice, it is one."""
    ask = Asking(NOTHING)
    app = named.read(tools, ask, wish.app)
    reading = ask(tools.readings.releases, app.id)
    ask(targets.note, tools, reading)
    release = choose(app, reading.history, wish.to)
    is_slug, commit = release.artifact_type == SLUG, None
    if is_slug:
        commit, _ = ask(tools.readings.slug, app.id, str(release.artifact))
    # An image goes back by Heroku's own rollback only, and that takes config vars along.
    with_config = "" if is_slug else " with the config vars of then"
    with tools.database.begin() as conn:
        apps.lock(conn, [app.id])
        same = asked.find(conn, PromotionKind.ROLLBACK, release, app)
        if same is None or not any(h.app_id == app.id for h in holds.open_(conn, app.id)):
            hold = NewHold(app=app.name, reason=wish.reason)
            holding.put(conn, app.id, hold, by=by)
        row = same or asked.add(
            conn,
            PromotionKind.ROLLBACK,
            release,
            source=app,
            target=app,
            commit=commit,
            reason=f"Back to v{release.version}{with_config}, asked for by {by}: {wish.reason}",
            by=by,
        )
        return pages.of_promotions(conn, [row])[0]


def choose(app: App, history: History, version: int | None) -> Release:
    """The release to go back to. Raises Invalid where there is none that can run."""
    release = _before(history) if version is None else history.find(version)
    if release is None:
        what = f"no release v{version}" if version is not None else "nothing that it ran before"
        raise Invalid(f"{app.name} shows {what}: there is nothing to roll back to.")
    name = f"{app.name} v{release.version}"
    if app.is_container:
        command = f"heroku rollback v{release.version} -a {app.name}"
        raise Invalid(f"{app.name} is a container app: run `{command}` instead.")
    if release.artifact is None:
        raise Invalid(f"{name} has no slug.")
    if release.status != SUCCEEDED:
        raise Invalid(f"{name} is {release.status}: only a release that succeeded can come back.")
    if history.current is not None and history.current.artifact == release.artifact:
        raise Invalid(f"{app.name} runs the slug of v{release.version} already.")
    return release


def _before(history: History) -> Release | None:
    """The latest release before the current one that ran something else."""
    current = history.current
    if current is None:
        return None
    earlier = (r for r in reversed(history.releases) if r.version < current.version and r.has_run)
    return next((r for r in earlier if r.artifact != current.artifact), None)
