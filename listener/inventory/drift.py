"""Compare each snapshot of a target, under its lock, with what we know it to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from listener.core import duration
from listener.core.drift import (
    Drift,
    LastKnown,
    ManualForward,
    NoDrift,
    OwnRelease,
    Standing,
    Unknown,
    detect_drift,
    is_ours,
)
from listener.core.release import History, Release
from listener.db import apps, audit, holds, notifications, release_requests, releases, rules
from listener.db.apps import AppRow
from listener.db.release_requests import PostRow
from listener.db.releases import NEWEST, Around
from listener.db.waiting_promotions import reschedule_target
from listener.heroku import HerokuError
from listener.inventory import own_releases
from listener.inventory.context import Context
from listener.inventory.reader import Snapshot

# One answer of Heroku's may be late; three snapshots, a minute apart, are proof.
CONFIRM_EVERY = timedelta(minutes=1)
CONFIRMED_AFTER = 3


def record_snapshot(context: Context, target: Snapshot, source_id: str | None = None) -> Standing:
    """Store what the snapshot shows: explained, drift (which puts a hold), or not clear.

    `source_id` is the source of the target where no rule names one. Raises HerokuError.
    """
    with context.database.begin() as conn:
        source_id = _source_of(conn, target.app_id) or source_id
        row = apps.lock(conn, [target.app_id])[target.app_id]
        standing = write(conn, row, target.history, source_id)
    if standing is not None:
        return standing
    # Read the source once more before we report drift: the new artifact may be such a young
    # deploy of the source that we have not seen it yet.
    if source_id is not None:
        context.reader.releases(source_id, NEWEST)
    with context.database.begin() as conn:
        row = apps.lock(conn, [target.app_id])[target.app_id]
        return write(conn, row, target.history, source_id, is_final=True) or Unknown()


def record_target(context: Context, target: Snapshot) -> None:
    """Store a snapshot that nothing is posted on; if Heroku cannot be read, the next one serves."""
    with suppress(HerokuError):
        record_snapshot(context, target)


def _source_of(conn: Connection, target_id: str) -> str | None:
    """Return the one source that rules name for this target, if any."""
    return next((rule.source_id for rule in rules.targeting(conn, target_id)), None)


@dataclass(frozen=True, slots=True)
class _Look:
    """A snapshot of a target under its lock, with all that may explain it."""

    row: AppRow
    target: History
    source: History
    issued: frozenset[str]

    def compare(self, late: Iterable[str] = (), *, is_confirmed: bool = False) -> Standing:
        """Compare it with what is known; `late` are releases of ours from posts given up."""
        return detect_drift(
            self.row.known,
            self.target,
            self.source,
            issued=self.issued.union(late),
            unsettled=self.row.known_unsettled,
            is_confirmed=is_confirmed,
        )


def write(
    conn: Connection,
    row: AppRow,
    target: History,
    source_id: str | None,
    *,
    issued: frozenset[str] | None = None,
    is_final: bool = False,
) -> Standing | None:
    """Store how the target stands; return None where the source must be read first.

    The caller holds the target's lock, and read `row` under it. `issued` are the marks of ours in
    `target`, where the caller knows them.
    """
    if row.known is None:
        return _unguarded(target)
    look, under_way, late = _seen(conn, row, target, issued)
    target, standing = look.target, look.compare(late)
    is_open = isinstance(standing, ManualForward | Drift | Unknown)
    if is_open or isinstance(standing, OwnRelease):  # their orders matter: all that ever ran
        source = releases.history(conn, source_id) if source_id is not None else History()
        target = releases.history(conn, row.id)
        look = _Look(row, target, source, release_requests.issued(conn, row.id, target))
        standing = look.compare(late)
    if is_open and own_releases.may_be_under_way(conn, target, under_way):
        return standing
    if isinstance(standing, Drift) and not is_final and not _is_held(conn, row.id):
        return None
    if isinstance(standing, Unknown) and standing.current is not None:
        return _note_unclear(conn, look, standing)
    if isinstance(standing, OwnRelease):
        # A release that only seems to be ours is held as if it were somebody else's.
        unproved = look.compare() if late else standing
        post = release_requests.of_release(conn, row.id, standing.release) or late.get(
            standing.release.id
        )
        is_moved = isinstance(unproved, Drift)
        _say_if_late(conn, row, standing.release, look.source, post, is_moved=is_moved)
    _apply(conn, look, standing)
    return standing


def write_unmoved(
    conn: Connection, row: AppRow, target: History, *, issued: frozenset[str]
) -> Standing | None:
    """Store that a target runs what it did, as `write` does; else store nothing, and return None.

    What follows from a move wakes other promotions.
    """
    if row.known is None:
        return _unguarded(target)
    look, _, late = _seen(conn, row, target, issued)
    standing = look.compare(late)
    if not isinstance(standing, NoDrift):
        return None
    _apply(conn, look, standing)
    return standing


def _unguarded(target: History) -> Standing:
    """Return how a target stands that no rule was ever armed for: there is nothing to guard."""
    current = target.current
    return NoDrift(LastKnown(current.version, current.artifact)) if current else Unknown()


def _seen(
    conn: Connection, row: AppRow, target: History, issued: frozenset[str] | None
) -> tuple[_Look, PostRow | None, Mapping[str, PostRow]]:
    """Return what tells whether a target moved; the post under way, and late releases of ours."""
    under_way, given_up = release_requests.open_or_given_up(conn, row.id)
    shown = target
    target = releases.history(conn, row.id) if given_up else _since_known(conn, row, target)
    late = own_releases.late(target, under_way, given_up)
    if issued is None or target is not shown:
        issued = release_requests.issued(conn, row.id, target)
    return _Look(row, target, History(), issued), under_way, late


def _since_known(conn: Connection, row: AppRow, target: History) -> History:
    """Return all releases since what is known, and those that had not ended then."""
    if row.known is None:
        return target
    found = {release.version for release in target.releases}
    if releases.reaches(target, row.known.version) and row.known_unsettled <= found:
        return target
    artifacts = frozenset({row.known.artifact} if row.known.artifact is not None else ())
    around = Around(row.known.version, artifacts, frozenset(row.known_unsettled))
    return releases.near(conn, row.id, around)


def _note_unclear(conn: Connection, look: _Look, unclear: Unknown) -> Standing:
    """Look again in a minute; after three equal snapshots put a hold, or accept our explanation."""
    row, now = look.row, releases.now(conn)
    before = row.unclear
    if before is None or before.message != unclear.message:
        apps.set_unclear(conn, row.id, unclear.message, times=1)
        apps.look_later(conn, row.id, after=CONFIRM_EVERY)
        return unclear
    if before.times >= CONFIRMED_AFTER:
        return unclear
    if now - before.at < CONFIRM_EVERY:
        apps.look_later(conn, row.id, after=before.at + CONFIRM_EVERY - now)
        return unclear
    apps.set_unclear(conn, row.id, unclear.message, times=before.times + 1)
    if before.times + 1 < CONFIRMED_AFTER:
        apps.look_later(conn, row.id, after=CONFIRM_EVERY)
        return unclear
    confirmed = look.compare(is_confirmed=True)
    if isinstance(confirmed, Unknown):
        _hold_unclear(conn, look, confirmed)
    else:
        _apply(conn, look, confirmed)
    return confirmed


def _hold_unclear(conn: Connection, look: _Look, unclear: Unknown) -> None:
    mover = unclear.mover
    is_foreign = mover is not None and not is_ours(mover, look.issued)
    holds.put(
        conn,
        look.row.id,
        reason=f"What {look.row.name} runs is not clear: {unclear.message} Three readings,"
        " a minute apart, showed the same.",
        by="autopromote",
        kind="guard",
        foreign=mover if is_foreign else None,
    )


def _is_held(conn: Connection, app_id: str) -> bool:
    return any(hold.kind == "detected" for hold in holds.open_(conn, app_id))


def _apply(conn: Connection, look: _Look, standing: Standing) -> None:
    """Update what is known, or put a hold; the caller holds the target's lock."""
    row = look.row
    match standing:
        case NoDrift(known) if known != row.known:
            apps.set_known(conn, row.id, known)
        case OwnRelease(known):
            own_releases.record_ours(conn, row, known, look.target)
            _go_on(conn, row)
        case ManualForward(known):
            apps.set_known(conn, row.id, known)
            _go_on(conn, row)
        case Drift():
            _hold(conn, look, standing)
        case _:
            pass
    if row.unclear is not None:
        apps.set_unclear(conn, row.id, None)


def _go_on(conn: Connection, row: AppRow) -> None:
    apps.forget_facts(conn, row.id)
    reschedule_target(conn, row.id)


def _say_if_late(
    conn: Connection,
    row: AppRow,
    release: Release,
    source: History,
    post: PostRow | None,
    *,
    is_moved: bool,
) -> None:
    """Notify people of a release of ours that came after its post was given up, or came twice.

    Put a hold instead if it took the target back to older code, or if it would else be drift.
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
        release_requests.settle(
            conn, post.id, "late", release_id=release.id, release_version=release.version
        )
    arrived, before = source.first_run(release.artifact), _place_of_known(row, source)
    is_older = arrived is not None and before is not None and arrived < before
    if is_older or is_moved:
        holds.put(conn, row.id, reason=reason, by="autopromote", kind="guard")
    else:
        about: dict[str, Any] = {"promotion_id": post.promotion_id}
        notifications.add(conn, "late", title=f"A late release on {row.name}", body=reason, **about)


def _place_of_known(row: AppRow, source: History) -> int | None:
    return source.first_run(row.known.artifact) if row.known is not None else None


def _hold(conn: Connection, look: _Look, moved: Drift) -> None:
    row, reason = look.row, _what_happened(look.row.name, moved)
    last = _last_foreign(look, moved)
    hold = holds.put(conn, row.id, reason=reason, by="autopromote", kind="detected", foreign=last)
    if hold is None:
        holds.note_foreign(conn, row.id, last)
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


def _last_foreign(look: _Look, moved: Drift) -> Release:
    """Return the last release of somebody else, from the one that moved the target."""
    later = [
        release
        for release in look.target.releases
        if release.version >= moved.change.version
        and release.has_run
        and not is_ours(release, look.issued)
        and look.target.brings_other_code(release)
    ]
    return later[-1] if later else moved.change


def _what_happened(name: str, moved: Drift) -> str:
    change = moved.change
    who = change.author or "Somebody"
    if moved.foreign_nonce is not None:
        who = f"Another autopromote installation ({who})"
    when = (
        f" at {duration.format_moment(change.created_at)}" if change.created_at is not None else ""
    )
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
