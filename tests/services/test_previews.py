"""Previews on the page of a promotion: the same as by the whole history, by few rows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, delete, insert, update

from listener.core import rollback as core
from listener.core.commits import Relation
from listener.core.promotion import PromotionKind, Status
from listener.core.release import SUCCEEDED, History, Release
from listener.core.rollback import RollbackTo
from listener.core.shown import Shown, turned
from listener.db import lanes, promotions, release_requests, releases
from listener.db.lanes import RunningRow
from listener.db.promotions import PromotionRow
from listener.db.tables import app, hold, post, promotion, release
from listener.services import promotion_page, rollback, rollback_preview
from listener.services.holds import NewHold
from listener.services.promotion_page import PromotionPage
from listener.services.rollback_preview import RollbackForeseen
from tests.core.releases import with_current
from tests.db.reading import rows_read
from tests.services.office import ANA, PROD, STAGING, Office

SEEDS = 80
LENGTHS = (1, 1, 1, 2, 3, 20, 70, 600)  # releases that run the same, one after the other
WORDS = ("succeeded",) * 6 + ("expired", "failed")
SHIPS = Shown(base="b", head="h", relation=Relation.AHEAD, coming=2)
MANY = 10_000
MOST_READ = 800
POSTS = """
WITH other AS (
  INSERT INTO promotion (source_id, release_id, version, artifact, target_id, status, ended_at)
  SELECT source_id, 'old', 0, 'old', target_id, 'succeeded', now() FROM promotion
  RETURNING id, target_id
)
INSERT INTO post (promotion_id, target_id, kind, nonce, artifact, base_version, sent_at, outcome,
  release_id)
SELECT other.id, target_id, 'promote', release.id, release.artifact, version, now(), 'accepted',
  release.id
FROM other JOIN release ON app_id = target_id AND version < 0
"""


def by_the_whole(conn: Connection, row: PromotionRow, runs: RunningRow) -> RollbackForeseen | None:
    """The preview by every release that the target ever had, and by every post."""
    assert runs.version is not None
    history = releases.history(conn, row.target_id)
    if history.find(runs.version) is None:
        ours = Release(row.target_release_id or "", runs.version, SUCCEEDED, row.artifact)
        before = [replace(each, is_current=False) for each in history.releases]
        history = History([*before, replace(ours, is_current=True)])
    way = core.destination(history, release_requests.kinds(conn, row.target_id))
    left = core.running(history)
    if left is None or not isinstance(way, RollbackTo):
        return None
    ran = [r for r in history.releases if r.version < (row.target_version or 0) and r.has_run]
    is_way_back = bool(ran) and ran[-1].artifact == way.release.artifact
    seen = rollback.seen(history, way.release)
    return RollbackForeseen(left, way.release, turned(SHIPS) if is_way_back else None, seen)


def made_up(random: Random) -> list[Release]:
    """What an app may have been through, in stretches that are short or long."""
    found: list[Release] = []
    for _ in range(random.randint(1, 7)):
        artifact = random.choice([None, "A", "B", "C", "D", "E"])
        for _ in range(random.choice(LENGTHS)):
            version = len(found) + 1
            words = random.choice(WORDS)
            found.append(Release(f"r{version}", version, words, artifact))
    if random.random() < 0.2:  # Heroku is late to say what runs
        late = random.randint(1, len(found))
        return [replace(r, is_current=r.version == late) for r in found]
    return with_current(tuple(found))


def shipped(office: Office) -> PromotionRow:
    """A promotion that went well."""
    office.add_rule()
    office.deploy(STAGING)
    office.look(STAGING)
    row = office.found()[-1]
    assert row.status is Status.SUCCEEDED
    return row


def put(conn: Connection, target_id: str, history: list[Release]) -> None:
    """Have an app run through this, and nothing else."""
    conn.execute(delete(release).where(release.c.app_id == target_id))
    if history:
        conn.execute(insert(release), [{"app_id": target_id, **asdict(r)} for r in history])


def scene(conn: Connection, random: Random, row: PromotionRow) -> PromotionRow:
    """A history of its target, who made which release, and what the promotion brought."""
    history = made_up(random)
    put(conn, row.target_id, history)
    conn.execute(delete(post))
    ours = random.sample(history, min(len(history), random.choice([0, 5, 300])))
    made = [
        {
            "promotion_id": row.id,
            "target_id": row.target_id,
            "kind": random.choice(list(PromotionKind)),
            "nonce": f"{random.random()}",
            "artifact": r.artifact or "",
            "base_version": 0,
            "sent_at": row.created_at,
            "outcome": "accepted",
            "release_id": r.id,
        }
        for r in ours
    ]
    if made:
        conn.execute(insert(post), made)
    newest = len(history)
    is_unlisted = random.random() < 0.3
    known = newest + 1 if is_unlisted else random.randint(1, newest)
    conn.execute(
        update(app)
        .where(app.c.id == row.target_id)
        .values(known_version=known, known_artifact=random.choice("ABCDEF"))
    )
    runs = lanes.running(conn, [row.target_id])[row.target_id]
    values = {
        "artifact": runs.artifact or "A",
        "target_version": random.choice([runs.version, random.randint(1, newest + 1)]),
        "target_release_id": f"r{runs.version}" if not is_unlisted else "not listed",
    }
    conn.execute(update(promotion).where(promotion.c.id == row.id).values(values))
    return promotions.get(conn, row.id)


def test_a_rollback_is_foreseen_as_by_the_whole_history(office: Office) -> None:
    row = shipped(office)
    found = {True: 0, False: 0}
    for seed in range(SEEDS):
        with office.database.begin() as conn:
            its_own = scene(conn, Random(seed), row)  # noqa: S311 - to test with
            runs = lanes.running(conn, [row.target_id])[row.target_id]
            if runs.artifact is None:
                continue
            foreseen = rollback_preview.foresee(conn, its_own, runs, SHIPS)
            assert foreseen == by_the_whole(conn, its_own, runs), seed
            found[foreseen is not None] += 1
    assert min(found.values()) > 5, found


def plant(office: Office, target_id: str) -> None:
    """Have ten thousand releases before all that Heroku shows, all by another promotion."""
    old = [
        Release(f"old {n}", -n, "succeeded", f"slug {n}", description=f"Deploy {n}")
        for n in range(1, MANY)
    ]
    with office.database.begin() as conn:
        conn.execute(insert(release), [{"app_id": target_id, **asdict(each)} for each in old])
        conn.exec_driver_sql(POSTS)
    with office.database.lend() as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")


def held(office: Office) -> PromotionRow:
    """A promotion that waits at a hold for a release of somebody else, long ago."""
    office.add_rule()
    office.holds.put(NewHold(app=PROD, reason="launch"), by=ANA)
    office.deploy(STAGING)
    office.look(STAGING)
    row = office.found()[-1]
    assert row.status is Status.WAITING
    foreign = {"id": "old 9000", "version": -9000, "author": ANA, "description": "Deploy 9000"}
    with office.database.begin() as conn:
        conn.execute(update(hold).values(foreign_release=foreign, foreign_at=row.created_at))
    return row


def _rolls_back(page: PromotionPage) -> bool:
    return page.back is not None


def _names_the_foreign_release(page: PromotionPage) -> bool:
    return page.freed is not None and "v-9000 “Deploy 9000”" in page.freed.message


@pytest.mark.parametrize(
    ("begin", "is_told"), [(shipped, _rolls_back), (held, _names_the_foreign_release)]
)
def test_a_look_reads_few_of_ten_thousand_releases(
    office: Office,
    begin: Callable[[Office], PromotionRow],
    is_told: Callable[[PromotionPage], bool],
) -> None:
    row = begin(office)
    plant(office, row.target_id)
    before = rows_read(office.database)
    page = promotion_page.read(office.context, str(row.id), ANA)
    after = rows_read(office.database)
    assert is_told(page)
    read = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    assert read["release"] > 0  # it counts at all
    assert sum(read.values()) < MOST_READ, read


MORE = """
INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact, target_id,
  status, evaluated_at, gates)
SELECT rule_id, rule_revision, source_id, release_id || number, version + number, 'new ' || number,
  target_id, 'waiting', now(), gates
FROM promotion, generate_series(1, 30) AS number
"""


def looked(office: Office, row: PromotionRow) -> tuple[int, PromotionPage]:
    """How many statements a look at a promotion takes, and what it shows."""
    said: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        said.append(str(query))
        return execute(cursor, query, *args, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", noted)
        page = promotion_page.read(office.context, str(row.id), ANA)
    return len(said), page


def test_a_look_takes_as_many_statements_however_many_wait(office: Office) -> None:
    row = held(office)
    looked(office, row)  # what is asked only once is asked here
    few, page = looked(office, row)
    assert page.freed is not None
    assert len(page.freed.freed[0].waiting) == 1

    with office.database.begin() as conn:
        conn.exec_driver_sql(MORE)
    many, page = looked(office, row)

    assert page.freed is not None
    assert len(page.freed.freed[0].waiting) == 31
    assert many == few > 5
