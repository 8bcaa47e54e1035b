"""Find the releases that our posts made on a target, by the target's list."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from listener.core.drift import LastKnown, carried_on, nonce_of
from listener.core.promotion import ERRORS_FOR
from listener.core.release import History, Release
from listener.db import apps
from listener.db.release_requests import PostRow
from listener.inventory.context import Context
from listener.inventory.reader import Snapshot


def made_by(context: Context, post: PostRow, reading: Snapshot) -> list[Release]:
    """Return the releases that this post made, oldest first. Raises HerokuError."""
    if (unnamed := post.unnamed) is not None:
        return [r for r in reading.history.releases if unnamed.may_have_made(r)]
    ours = [
        release
        for release in reading.history.releases
        if release.version > post.base_version and release.artifact == post.artifact
    ]
    named = [release for release in ours if nonce_of(release.description) == post.nonce]
    if named or not ours:
        return named
    with context.database.begin() as conn:
        if apps.get_fact(conn, apps.ECHOES) is True:
            return []
    account = context.reader.account_id()
    silent = [release for release in ours if nonce_of(release.description) is None]
    return [release for release in silent if release.author_id == account]


def may_be_under_way(conn: Connection, history: History, post: PostRow | None) -> bool:
    """Return whether the target may run what a post under way asked for, without its nonce."""
    current = history.current
    if current is None or post is None or current.artifact != post.artifact:
        return False
    if (unnamed := post.unnamed) is not None:
        # A later config change of anybody may be current; our release still brought the code.
        return any(unnamed.may_have_made(release) for release in history.releases)
    return current.version > post.base_version and apps.get_fact(conn, apps.ECHOES) is not True


def late(
    history: History, under_way: PostRow | None, given_up: Sequence[PostRow]
) -> dict[str, PostRow]:
    """Find releases that posts without a nonce made after they were given up, by release id.

    Only releases within a day of the post count. If somebody releases the same artifact under our
    account within that day, it looks the same, and is reported as ours.
    """
    busy = under_way.unnamed if under_way is not None else None
    found: dict[str, PostRow] = {}
    for post in given_up:
        for release in history.releases:
            if _came_late(post, history, release) and not (busy and busy.may_have_made(release)):
                found[release.id] = post
    return found


def _came_late(post: PostRow, history: History, release: Release) -> bool:
    if post.unnamed is None or not post.unnamed.may_have_made(release):
        return False
    is_soon = release.created_at is not None and release.created_at - post.sent_at < ERRORS_FOR
    # A config change keeps the code that runs, so it does not count.
    return is_soon and history.brings_other_code(release)


def record_ours(conn: Connection, target: apps.AppRow, known: LastKnown, history: History) -> None:
    """Store our release as what runs, with later config changes that keep its code or the old."""
    before = target.known.artifact if target.known is not None else known.artifact
    carried = carried_on(history, known.version, {before, known.artifact})
    version = max([known.version, *carried])
    apps.set_known(conn, target.id, LastKnown(version, known.artifact), carried=carried)
