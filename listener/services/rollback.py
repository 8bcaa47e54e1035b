"""Rollback by hand: the target runs again what it ran before, and a hold stops automation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.core import duration, rollback
from listener.core.app import App
from listener.core.gates.base import SLUG
from listener.core.promotion import PromotionKind
from listener.core.release import SUCCEEDED, History, Release
from listener.core.rollback import AlreadyRolledBack, NothingBefore, RollbackTo
from listener.db import (
    apps,
    holds,
    promotions,
    related_promotions,
    release_requests,
    releases,
    shown_shipments,
)
from listener.db.promotions import PromotionRow
from listener.errors import Conflict, HerokuUnreadable, Invalid
from listener.inventory import drift
from listener.inventory.context import Context
from listener.inventory.reader import StaleData
from listener.services import apps as named
from listener.services import presenters, promote
from listener.services.heroku_calls import HerokuCall
from listener.services.holds import NewHold, insert_hold
from listener.services.views import PastRelease, RollbackView

NOTHING = "Nothing was rolled back."
SHORT = 8  # characters of a commit


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRollback:
    """The target, the release to go back to (None: what it ran before), and why."""

    app: str
    to: int | None
    reason: str
    seen: str | None = None  # by `seen`, what a page showed; None where nobody saw one


def roll_back(context: Context, wish: NewRollback, *, by: str) -> RollbackView:
    """Put a hold, and add the rollback to the older release; asked twice, there is only one.

    Raises Conflict where it would take back something else than was seen: then nothing happens.
    And where the target runs, or is about to run, something else than what "the one
    before" was counted from: Heroku may take its time, and the answer must not undo what a
    colleague did meanwhile. The hold stays, so the target stands still when the person asks again.
    """
    ask = named.urgent(context, NOTHING, [wish.app])
    (app,) = named.read_targets(context, ask, [wish.app])
    history = _history(context, ask, app)
    release = _choose(context, ask, app, history, wish.to)
    _check_seen(app, history, release, wish.seen)
    commit = _commit(context, ask, app, release)
    with context.database.begin() as conn:
        apps.lock(conn, [app.id])
        same = promote.find(conn, PromotionKind.ROLLBACK, release, app)
        if same is None or not _is_held(conn, app):
            hold = NewHold(app=app.name, reason=wish.reason, kind="rollback")
            insert_hold(conn, app.id, hold, by=by)
        known = releases.history(conn, app.id)
        is_free = same is not None or wish.to is not None
        refused = None if is_free else _refused(conn, app, release, history, known)
        if refused is None:
            row = same or _add(
                conn, app, release, known=known, commit=commit, reason=wish.reason, by=by
            )
            return _view(conn, app, known, release, row)
    raise refused


def seen(history: History, release: Release) -> str:
    """Name what a rollback to this release leaves and brings back: either may change."""
    return f"{rollback.running_artifact(history)} {release.artifact}"


def _check_seen(app: App, history: History, release: Release, saw: str | None) -> None:
    if saw is None or saw == seen(history, release):
        return
    runs = rollback.running(history)
    what = f"runs v{runs.version} by now" if runs is not None else "runs nothing by now"
    said = f"{app.name} {what}, and would go back to v{release.version}. {NOTHING} Look again."
    raise Conflict("target_moved", said)


def _refused(
    conn: Connection, app: App, release: Release, read: History, known: History
) -> Conflict | None:
    """Return why "the one before" would be another one by now; None where it would not."""
    where = f"or say where to: `--to v{release.version}`."
    other = related_promotions.rollback_at_work(conn, app.id)
    if other is not None:
        said = (
            f"Rollback {other.id} of {app.name} to v{other.version}, asked for by"
            f" {other.created_by or 'somebody'}, is not done yet. {NOTHING} Follow it with"
            f" `autopromote promotions:info {other.id}`, {where}"
        )
        return Conflict("rollback_at_work", said)
    then, now = rollback.running(read), rollback.running(known)
    if then is None or now is None or then.artifact == now.artifact:
        return None
    said = (
        f"{app.name} ran v{then.version} when Heroku was asked, and runs v{now.version} by now. It"
        f" is on hold now. {NOTHING} Look at what it runs and ask again, {where}"
    )
    return Conflict("target_moved", said)


def _is_held(conn: Connection, app: App) -> bool:
    """Tell whether a hold on this very app is in force; one that is only planned stops nothing."""
    now = releases.now(conn)
    here = (hold for hold in holds.open_(conn, app.id) if hold.app_id == app.id)
    return any(hold.value.is_in_force(now) for hold in here)


def _history(context: Context, ask: HerokuCall, app: App) -> History:
    """Read what the app ran; where Heroku's list is stale, return what is stored.

    Nothing is released on stale data: the rollback waits, under its hold, for a good list.
    """
    try:
        reading = ask(context.reader.releases, app.id)
        ask(drift.record_snapshot, context, reading)
    except HerokuUnreadable as unread:
        if isinstance(unread.__cause__, StaleData):
            return context.reader.known(app.id).history
        raise
    return reading.history


def _add(
    conn: Connection,
    app: App,
    release: Release,
    *,
    known: History,
    commit: str | None,
    reason: str,
    by: str,
) -> PromotionRow:
    # An image goes back only by Heroku's own rollback, which brings back config vars too.
    with_config = "" if release.artifact_type == SLUG else " with the config vars of then"
    return promote.add(
        conn,
        PromotionKind.ROLLBACK,
        release,
        source=app,
        target=app,
        commit=commit,
        reason=f"Back to v{release.version}{with_config}, asked for by {by}: {reason}",
        by=by,
        target_ran=rollback.running_artifact(known),
    )


def _commit(context: Context, ask: HerokuCall, app: App, release: Release) -> str | None:
    if release.artifact_type != SLUG:
        return None
    commit, _ = ask(context.reader.slug, app.id, str(release.artifact))
    return commit


def _choose(
    context: Context, ask: HerokuCall, app: App, history: History, version: int | None
) -> Release:
    """Find the release to go back to. Raises Invalid, and Conflict where a person must say it."""
    if version is not None:
        return check(app, history, version)
    with context.database.begin() as conn:
        own = release_requests.kinds(conn, app.id)
    match rollback.destination(history, own):
        case RollbackTo(release):
            return check(app, history, release.version)
        case NothingBefore():
            raise Invalid(
                f"{app.name} shows nothing that it ran before: there is nothing to roll back to."
            )
        case AlreadyRolledBack() as already:
            raise Conflict("already_rolled_back", _already(context, ask, app, history, already))


def check(app: App, history: History, version: int) -> Release:
    """Return the release of this version, if it can come back. Raises Invalid."""
    release = history.find(version)
    if release is None:
        raise Invalid(f"{app.name} shows no release v{version}: there is nothing to roll back to.")
    name = f"{app.name} v{version}"
    if app.is_container:
        command = f"heroku rollback v{version} -a {app.name}"
        raise Invalid(f"{app.name} is a container app: run `{command}` instead.")
    if release.artifact is None:
        raise Invalid(f"{name} has no slug.")
    if release.status != SUCCEEDED:
        raise Invalid(f"{name} is {release.status}: only a release that succeeded can come back.")
    runs = rollback.running(history)
    if runs is not None and runs.artifact == release.artifact:
        raise Invalid(f"{app.name} runs the slug of v{version} already.")
    return release


def _already(
    context: Context, ask: HerokuCall, app: App, history: History, already: AlreadyRolledBack
) -> str:
    """Tell who rolled back when, and what to type to go further."""
    further = already.further
    commit = _commit_if_told(context, ask, app, further) if further is not None else None
    with context.database.begin() as conn:
        now = releases.now(conn)
        made = already.rollback.created_at
        when = f" {duration.ago(made, now)}" if made is not None else ""
        who, why = _who(conn, app, already.rollback)
        said = (
            f"{app.name} was rolled back from v{already.left.version} to"
            f" v{already.back_to.version}'s slug by {who}{when}{why} and runs it."
        )
        if further is None:
            return f"{said} It shows nothing further back that can run: say which with --to."
        past = _past(conn, app, history, further, commit)
        known = (
            past.commit and past.commit[:SHORT],
            past.author and f"by {past.author}",
            past.created_at and duration.ago(past.created_at, now),
        )
        told = ", ".join(word for word in known if word)
    return f"{said} To go further back: `--to v{further.version}`{f' ({told})' if told else ''}."


def _commit_if_told(context: Context, ask: HerokuCall, app: App, release: Release) -> str | None:
    """Read the commit for a refusal's message; None where Heroku does not tell it."""
    try:
        return _commit(context, ask, app, release)
    except HerokuUnreadable:
        return None


def _who(conn: Connection, app: App, release: Release) -> tuple[str, str]:
    """Return who rolled back: the person who asked, or else autopromote and why it did."""
    post = release_requests.of_release(conn, app.id, release)
    if post is None:
        return release.author or "somebody", ""
    row = promotions.get(conn, post.promotion_id)
    if row.kind is PromotionKind.ROLLBACK:
        return row.created_by or "somebody", ""
    return "autopromote", f", for promotion {row.id} was not well,"


def _view(
    conn: Connection, app: App, history: History, release: Release, row: PromotionRow
) -> RollbackView:
    left = rollback.running(history)
    undo = None
    if left is not None and left.status == SUCCEEDED and left.artifact is not None:
        undo = (
            f"autopromote rollback --app {app.name} --to v{left.version}"
            f' --reason "undo rollback {row.id}"'
        )
    (view,) = presenters.of_promotions(conn, [row], with_commits=True)
    if view.ships is not None and not view.ships.is_read and left is not None and left.artifact:
        # It is read in a moment; mostly it is known, for a promotion brought what is taken back.
        foreseen = shown_shipments.taken_back(conn, app.id, left.artifact, row.commit)
        view = replace(view, ships=foreseen or view.ships)
    return RollbackView(
        promotion=view,
        to=_past(conn, app, history, release, row.commit),
        left=left.version if left is not None else None,
        undo=undo,
    )


def _past(
    conn: Connection, app: App, history: History, release: Release, commit: str | None
) -> PastRelease:
    """Tell whose code a release runs, and since when: by the first release that ran it."""
    first = history.find(history.first_run(release.artifact) or release.version) or release
    return PastRelease(
        version=release.version,
        commit=commit,
        author=related_promotions.author(conn, app.id, first),
        created_at=first.created_at,
    )
