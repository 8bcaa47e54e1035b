"""Every reading of a target, compared under its lock with what we know it runs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from listener import moments
from listener.heroku import HerokuError
from listener.history import History, Release
from listener.standing import Forward, Known, Moved, Ours, Same, Standing, stand
from listener.steps import traces
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import apps, audit, holds, notices, posts, releases, rules
from listener.store.apps import AppRow
from listener.store.posts import PostRow
from listener.store.promotions import wake_target


def note(tools: Tools, target: Reading, source_id: str | None = None) -> None:
    """Write down what the reading says: explained, or moved by somebody, which puts a hold.

    `source_id` is what the target is fed from where no rule says so. Raises HerokuError.
    """
    with tools.database.begin() as conn:
        source_id = _source_of(conn, target.app_id) or source_id
        if _write(conn, target, source_id):
            return
    # Before somebody is said to have moved the target, the source is read once more: the new
    # artifact may be a deploy of it so young that we had not seen it.
    if source_id is not None:
        tools.readings.releases(source_id)
    with tools.database.begin() as conn:
        _write(conn, target, source_id, is_final=True)


def glance(tools: Tools, target: Reading) -> None:
    """Note a reading where nothing is posted on it: what cannot be told now, the next one tells."""
    with suppress(HerokuError):
        note(tools, target)


def _source_of(conn: Connection, target_id: str) -> str | None:
    """The one source that rules name for this target."""
    return next((rule.source_id for rule in rules.targeting(conn, target_id)), None)


def _write(
    conn: Connection, target: Reading, source_id: str | None, *, is_final: bool = False
) -> bool:
    row = apps.lock(conn, [target.app_id])[target.app_id]
    if row.known is None:
        return True  # nobody armed a rule for it: nothing to guard
    source = releases.history(conn, source_id) if source_id is not None else History()
    late, issued = traces.late(conn, target), posts.issued(conn, row.id)
    standing = stand(row.known, target.history, source, issued=issued | late.keys())
    if isinstance(standing, Forward | Moved) and traces.may_be_under_way(conn, target):
        return True
    if isinstance(standing, Moved) and not is_final and not _is_held(conn, row.id):
        return False
    if isinstance(standing, Ours):
        # What only seems to be ours is held as if it was somebody's.
        unproved = stand(row.known, target.history, source, issued=issued) if late else standing
        post = posts.of_release(conn, row.id, standing.release) or late.get(standing.release.id)
        is_moved = isinstance(unproved, Moved)
        _say_if_late(conn, row, standing.release, source, post, is_moved=is_moved)
    apply(conn, row, standing)
    return True


def _is_held(conn: Connection, app_id: str) -> bool:
    return any(hold.kind == "detected" for hold in holds.open_(conn, app_id))


def apply(conn: Connection, row: AppRow, standing: Standing) -> None:
    """Move `known` along, or put the hold; the caller holds the target's lock."""
    match standing:
        case Same(known) if known != row.known:
            apps.set_known(conn, row.id, known)
        case Ours(known) | Forward(known):
            _move_on(conn, row, known)
        case Moved():
            _hold(conn, row, standing)
        case _:
            pass


def _move_on(conn: Connection, row: AppRow, known: Known) -> None:
    apps.set_known(conn, row.id, known)
    apps.forget_facts(conn, row.id)
    wake_target(conn, row.id)


def _say_if_late(
    conn: Connection,
    row: AppRow,
    release: Release,
    source: History,
    post: PostRow | None,
    *,
    is_moved: bool,
) -> None:
    """A release of ours that turns up after its post was given up, or made twice, is told.

    Where it took the target back to older code, the target is held.
    """
    if post is None or post.outcome is None or post.release_id == release.id:
        return
    beside = f" beside v{post.release_version}" if post.release_version is not None else ""
    reason = (
        f"Heroku made v{release.version} on {row.name}{beside} by a request of promotion"
        f" {post.promotion_id} that had been given up."
    )
    if post.unnamed is not None:
        reason += " Or somebody did, with the listener's own Heroku user."
    if post.release_id is None:
        posts.settle(conn, post.id, "late", release_id=release.id, release_version=release.version)
    arrived, before = source.first_run(release.artifact), _place_of_known(row, source)
    is_older = arrived is not None and before is not None and arrived < before
    if is_older or is_moved:
        holds.put(conn, row.id, reason=reason, by="autopromote", kind="guard")
    else:
        about: dict[str, Any] = {"promotion_id": post.promotion_id}
        notices.add(conn, "late", title=f"A late release on {row.name}", body=reason, **about)


def _place_of_known(row: AppRow, source: History) -> int | None:
    return source.first_run(row.known.artifact) if row.known is not None else None


def _hold(conn: Connection, row: AppRow, moved: Moved) -> None:
    reason = _what_happened(row.name, moved)
    hold = holds.put(conn, row.id, reason=reason, by="autopromote", kind="detected")
    if hold is None:
        return
    apps.forget_facts(conn, row.id)
    audit.record(
        conn,
        by="autopromote",
        action="hold.detected",
        subject_type="hold",
        subject_id=str(hold.id),
        subject_name=row.name,
        after={"reason": reason, "version": moved.change.version},
    )


def _what_happened(name: str, moved: Moved) -> str:
    change = moved.change
    who = change.author or "Somebody"
    if moved.foreign_nonce is not None:
        who = f"Another autopromote installation ({who})"
    when = f" at {moments.shown(change.created_at)}" if change.created_at is not None else ""
    words = f" “{change.description}”" if change.description else ""
    said = f"{who} released v{change.version}{words} on {name}{when}; no promotion of ours did."
    if moved.foreign_nonce is not None:
        said += (
            " Or this installation did, and its database lost its last transactions, as in a"
            " failover."
        )
    if moved.current.artifact == change.artifact:
        return said
    return f"{said} It runs v{moved.current.version} by now, with other code."
