"""What the lanes show of many apps at once: what runs, how far behind it is, what ended last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Connection, Text, any_, select

from listener.core.commits import Commit
from listener.core.gates.review import WENT_WRONG
from listener.core.promotion import UNFINISHED, PromotionKind, Status
from listener.core.shown import newest_of
from listener.db.fixed import Fixed, value
from listener.db.promotions import PromotionRow, row_of
from listener.db.running import running as running_now
from listener.db.tables import app

MOST_BEHIND = 100  # deploys are counted no further
LAST_ENDED = 5  # of each target


@dataclass(frozen=True, slots=True)
class RunningRow:
    """What an app runs."""

    app_id: str
    name: str
    version: int | None
    artifact: str | None
    commit: str | None
    author: str | None
    description: str | None
    made_at: datetime | None
    release_id: str | None  # of the app's own release, as Heroku lists it


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Where what a target runs stands among the source's releases; no version: nowhere."""

    target_id: str
    version: int | None
    commit: str | None
    author: str | None
    release_id: str | None
    behind: int


@dataclass(frozen=True, slots=True)
class EndedRow:
    """How a promotion ended."""

    id: int
    rule_id: int | None
    kind: PromotionKind
    source_id: str
    target_id: str
    release_id: str  # of the source
    version: int
    status: Status
    reason: str
    ended_at: datetime


def running(conn: Connection, app_ids: Collection[str]) -> dict[str, RunningRow]:
    """Return what each of these apps runs, by its id."""
    found = (RunningRow(*row) for row in _RUNNING.rows(conn, app_ids=list(app_ids)))
    return {row.app_id: row for row in found}


def _running() -> Fixed:
    found = running_now("id", "artifact", "commit", "author", "description", "created_at")
    listed, column = found.current.c, found.column
    shown = (
        column(app.c.known_version, "version"),
        column(app.c.known_artifact, "artifact"),
        listed.commit,
        listed.author,
        listed.description,
        column(app.c.known_at, "created_at"),
        listed.id.label("release_id"),
    )
    is_one = app.c.id == any_(value("app_ids", ARRAY(Text)))
    return Fixed(select(app.c.id, app.c.name, *shown).select_from(found.apps).where(is_one))


_RUNNING = _running()


def places(conn: Connection, ways: Sequence[tuple[str, str, str]]) -> dict[str, PlaceRow]:
    """Return for ways of a source, a target and its artifact where that stands, by the target."""
    sources, targets, artifacts = (
        (list(each) for each in zip(*ways, strict=True)) if ways else ([], [], [])
    )
    rows = _PLACES.rows(
        conn, sources=sources, targets=targets, artifacts=artifacts, most=MOST_BEHIND
    )
    return {row.target_id: PlaceRow(*row) for row in rows}


_PLACES = Fixed("""
SELECT way.target_id, first.version, first.commit, first.author, first.id AS release_id, (
  SELECT count(*) FROM (
    SELECT FROM release later WHERE later.app_id = way.source_id AND later.version > first.version
      AND later.gone_at IS NULL AND later.status IN ('succeeded', 'expired')
      AND NOT EXISTS (SELECT FROM release before WHERE before.app_id = later.app_id
        AND before.artifact = later.artifact AND before.version < later.version
        AND before.status IN ('succeeded', 'expired'))
    LIMIT CAST(:most AS integer)
  ) AS deploys
) AS behind
FROM unnest(CAST(:sources AS text[]), CAST(:targets AS text[]), CAST(:artifacts AS text[]))
  AS way (source_id, target_id, artifact)
LEFT JOIN LATERAL (
  SELECT version, commit, author, id FROM release WHERE app_id = way.source_id
    AND artifact = way.artifact AND status IN ('succeeded', 'expired') ORDER BY version LIMIT 1
) first ON true
""")


def commits(conn: Connection, release_ids: Collection[str]) -> dict[str, Commit]:
    """Return the commits of a source's releases by their ids, as far as somebody told them.

    A comparison that was stored by now keeps its newest commit apart; of an older one all are read.
    """
    rows = _COMMITS.rows(conn, release_ids=list(release_ids))
    found = {row.id: newest_of(row.newest) for row in rows}
    return {release_id: commit for release_id, commit in found.items() if commit is not None}


_COMMITS = Fixed("""
SELECT wanted.id, told.newest
FROM unnest(CAST(:release_ids AS text[])) AS wanted (id), LATERAL (
  SELECT CASE WHEN c.summary->'shown' ? 'newest' THEN c.summary->'shown'->'newest'
    ELSE c.content->'coming'->-1 END AS newest
  FROM promotion p JOIN shipment s ON s.promotion_id = p.id
  JOIN comparison c ON c.id = s.comparison_id AND c.head = s.head
  WHERE p.release_id = wanted.id AND p.kind = 'promote'
    AND c.summary->>'relation' IN ('ahead', 'diverged')
  ORDER BY p.id DESC LIMIT 1
) told
""")


def unfinished(conn: Connection, target_ids: Collection[str]) -> list[PromotionRow]:
    """Return what waits for these targets or is under way there, newest release first."""
    return [row_of(row) for row in _UNFINISHED.rows(conn, target_ids=list(target_ids))]


_OPEN = ", ".join(f"'{status}'" for status in sorted(UNFINISHED))
_UNFINISHED = Fixed(f"""
SELECT * FROM promotion WHERE target_id = ANY(CAST(:target_ids AS text[])) AND status IN ({_OPEN})
ORDER BY version DESC, id DESC
""")  # noqa: S608 - words of our own


def ended(
    conn: Connection, target_ids: Collection[str], since: datetime
) -> dict[str, list[EndedRow]]:
    """Return what ended last on each of these targets, the last one first.

    That is what ended since then, of the last few, and the last that went well or wrong.
    """
    found: dict[str, list[EndedRow]] = {each: [] for each in target_ids}
    for row in _ENDED.rows(conn, target_ids=list(target_ids), most=LAST_ENDED, since=since):
        found[row.target_id].append(
            EndedRow(
                row.id,
                row.rule_id,
                PromotionKind(row.kind),
                row.source_id,
                row.target_id,
                row.release_id,
                row.version,
                Status(row.status),
                row.reason,
                row.ended_at,
            )
        )
    return found


WELL_OR_WRONG = frozenset({Status.SUCCEEDED, *WENT_WRONG})
_OUTCOMES = ", ".join(f"'{status}'" for status in sorted(WELL_OR_WRONG))
_ENDED = Fixed(f"""
SELECT p.id, p.rule_id, p.kind, p.source_id, p.target_id, p.release_id, p.version, p.status,
  p.reason, p.ended_at
FROM unnest(CAST(:target_ids AS text[])) AS wanted (id), LATERAL (
  SELECT few.*, row_number() OVER (
    PARTITION BY status IN ({_OUTCOMES}) ORDER BY ended_at DESC
  ) AS place
  FROM (
    SELECT id, rule_id, kind, source_id, target_id, release_id, version, status, reason, ended_at
    FROM promotion WHERE target_id = wanted.id AND ended_at IS NOT NULL
    ORDER BY ended_at DESC LIMIT CAST(:most AS integer)
  ) few
) p
WHERE p.ended_at > CAST(:since AS timestamptz) OR (p.place = 1 AND p.status IN ({_OUTCOMES}))
ORDER BY p.target_id, p.ended_at DESC
""")  # noqa: S608 - words of our own
