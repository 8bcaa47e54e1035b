"""Commits that targets left by a rollback, and that may come to them again in a new artifact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from listener.core.commits import Left, left_by_rollback
from listener.core.promotion import PromotionKind
from listener.db import release_requests, releases
from listener.db.commit_tables import shipment
from listener.db.fixed import Fixed
from listener.db.releases import Around
from listener.db.tables import promotion, release


@dataclass(frozen=True, slots=True)
class Coming:
    """A commit that is to come to a target, or came with its release `before`."""

    source_id: str
    target_id: str
    artifact: str
    commit: str
    before: int | None = None


def find(conn: Connection, coming: Coming) -> Left | None:
    """Tell whether a rollback took the commit from the target; mostly in one statement."""
    about = {"source_id": coming.source_id, "target_id": coming.target_id}
    rows = _ALIKE.rows(conn, **about, commit=coming.commit)
    return _find(conn, coming, {row.artifact for row in rows})


def of_each(conn: Connection, promotion_ids: Collection[int]) -> Mapping[int, Left]:
    """Tell it of what ships with these promotions; mostly in one statement for all of them."""
    c = promotion.c
    query = (
        select(c.id, c.source_id, c.target_id, c.artifact, c.target_version, shipment.c.head)
        .join(shipment, shipment.c.promotion_id == c.id)
        .where(c.id.in_(promotion_ids), c.kind == PromotionKind.PROMOTE)
        .where(_OTHER.exists())
    )
    found = {}
    for row in conn.execute(query):
        coming = Coming(row.source_id, row.target_id, row.artifact, row.head, row.target_version)
        if (left := find(conn, coming)) is not None:
            found[row.id] = left
    return found


def _find(conn: Connection, coming: Coming, alike: set[str]) -> Left | None:
    if alike <= {coming.artifact}:
        return None
    about = {"target_id": coming.target_id, "alike": sorted(alike), "before": coming.before}
    runs = _RUNS.first(conn, **about)
    if runs is None or runs.after is None:
        return None
    around = Around(None, frozenset({runs.artifact}), frozenset({runs.version, runs.after}))
    history = releases.near(conn, coming.target_id, around)
    ended_by = history.find(runs.after)
    post = ended_by and release_requests.of_release(conn, coming.target_id, ended_by)
    own = {ended_by.id: PromotionKind(post.kind)} if ended_by and post else {}
    return left_by_rollback(
        history,
        own,
        dict.fromkeys(alike, coming.commit),
        commit=coming.commit,
        artifact=coming.artifact,
        before=coming.before,
    )


_OTHER = (
    select(release.c.version)
    .where(release.c.app_id.in_([promotion.c.source_id, promotion.c.target_id]))
    .where(release.c.commit == shipment.c.head)
    .where(release.c.artifact != promotion.c.artifact)
    .correlate(promotion, shipment)
)
_ALIKE = Fixed("""
SELECT DISTINCT artifact FROM release WHERE app_id IN (:source_id, :target_id)
AND commit = :commit AND artifact IS NOT NULL
""")
# The last run of any of these artifacts, and the release that ended it.
_RUNS = Fixed("""
SELECT last.version, last.artifact, (
  SELECT version FROM release WHERE app_id = :target_id AND version > last.version
  AND artifact <> ALL(CAST(:alike AS text[])) AND gone_at IS NULL
  AND status IN ('succeeded', 'expired') ORDER BY version LIMIT 1
) AS after FROM release AS last
WHERE app_id = :target_id AND artifact = ANY(CAST(:alike AS text[])) AND gone_at IS NULL
AND status IN ('succeeded', 'expired') AND version < coalesce(CAST(:before AS integer), 2147483647)
ORDER BY version DESC LIMIT 1
""")
