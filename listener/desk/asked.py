"""The promotions that people asked for: one for each wish, however often it is made."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from listener.apps import App
from listener.history import Release
from listener.promotion import PromotionKind, Status
from listener.store import audit, neighbours, promotions
from listener.store.promotions import PromotionRow


def soaks_from(release: Release) -> datetime | None:
    """Since when it runs; None while its release phase does."""
    return release.updated_at or release.created_at if release.has_run else None


def find(
    conn: Connection, kind: PromotionKind, release: Release, target: App
) -> PromotionRow | None:
    """The unfinished one that does just this."""
    return promotions.find_by_hand(conn, release_id=release.id, target_id=target.id, kind=kind)


def add(
    conn: Connection,
    kind: PromotionKind,
    release: Release,
    *,
    source: App,
    target: App,
    commit: str | None,
    reason: str,
    by: str,
) -> PromotionRow:
    """A new one; the caller holds the target's lock and found none that does the same."""
    row = promotions.add(
        conn,
        status=Status.WAITING,
        reason=reason,
        kind=kind,
        found_by="hand",
        source_id=source.id,
        release_id=release.id,
        version=release.version,
        artifact=release.artifact,
        artifact_type=release.artifact_type,
        commit=commit,
        target_id=target.id,
        soaks_from=soaks_from(release),
        author=neighbours.author(conn, source.id, release),
        created_by=by,
    )
    made = cast(PromotionRow, row)  # the lock keeps an equal one out
    audit.record(
        conn,
        by=by,
        action=f"{kind}.added" if kind is PromotionKind.ROLLBACK else "promotion.added",
        subject_type="promotion",
        subject_id=str(made.id),
        subject_name=f"{source.name} v{release.version} to {target.name}",
        after={
            "source": source.name,
            "version": release.version,
            "target": target.name,
            "reason": reason,
        },
    )
    return made
