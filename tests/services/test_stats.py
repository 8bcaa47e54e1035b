"""Figures of real promotions: what counts, by which app, rule and day, and what is read for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import text, update

from listener.core.commits import Commit, Comparison, Relation
from listener.core.figures import SPANS, Failure
from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.db import figures as stored
from listener.db import repositories
from listener.db.tables import post, promotion, shipment
from listener.errors import NotFound
from listener.services import stats
from listener.services.promote import NewPromotions
from listener.services.rollback import NewRollback
from listener.services.stats import StatsView, Wish
from tests.db.reading import rows_read
from tests.services.office import ANA, EU, PROD, STAGING, Office

UTC_ZONE = ZoneInfo("UTC")


def read(office: Office, app: str | None = None, rule: str | None = None, **more: Any) -> StatsView:
    """The figures as somebody reads them who sees every app."""
    wish = Wish(app, rule, more.get("days", 30), more.get("zone", UTC_ZONE))
    return stats.read(office.context, wish)


def ship(office: Office, times: int = 1) -> int:
    """Have new code promoted; answers the id of the last promotion."""
    for _ in range(times):
        office.deploy(STAGING)
        office.look(STAGING)
    return office.found()[-1].id


def failures(view: StatsView) -> dict[Failure, int]:
    return dict(view.whole.now.failures)


def test_deployments_are_counted_by_app_by_rule_and_by_day(office: Office) -> None:
    office.add_rule(targets=(PROD, EU))
    last = ship(office, 2)
    office.deploy(EU)
    office.promotions.promote_by_hand(NewPromotions(source=EU, targets=(PROD,)), by=ANA)
    office.work()

    view = read(office)

    assert view.whole.now.deployments == 5
    assert view.whole.before.deployments == 0
    assert {group.name: group.figures.now.deployments for group in view.apps} == {PROD: 3, EU: 2}
    assert [(group.id, group.name, group.figures.now.deployments) for group in view.rules] == [
        ("1", "ship", 4),
        (None, "by hand", 1),
    ]
    today = view.days[-1]
    assert len(view.days) == 30
    assert today.date == datetime.now(UTC).date()
    assert {each.change.promotion for each in today.changes} >= {last}
    assert view.whole.now.lead_time.median is not None
    assert read(office, app=EU).whole.now.deployments == 2
    assert read(office, rule="ship").whole.now.deployments == 4


def test_what_releases_nothing_is_no_deployment(office: Office) -> None:
    office.add_rule(mode=Mode.SHADOW)
    ship(office)
    assert office.found()[-1].status is Status.SHADOWED
    assert read(office).whole.now.changes == 0


def test_a_refusal_of_herokus_is_no_change(office: Office) -> None:
    office.add_rule()
    office.break_heroku("/apps/.*/releases", 422, "POST")
    ship(office)
    assert office.found()[-1].status is Status.FAILED
    assert read(office).whole.now.changes == 0


def test_a_release_phase_that_fails_is_a_failure_that_never_ran(office: Office) -> None:
    office.add_rule()
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": True}}, "PATCH")
    ship(office)
    office.work_until(Status.FAILED)

    now = read(office).whole.now

    assert (now.deployments, now.changes, now.unrestored) == (0, 1, 0)
    assert now.failures == {Failure.RELEASE: 1}


def test_a_release_phase_that_runs_counts_once_it_is_over(office: Office) -> None:
    office.add_rule()
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 600}}, "PATCH")
    office.deploy(STAGING)
    office.look(STAGING)
    assert office.found()[-1].status is Status.RELEASING
    assert read(office).whole.now.changes == 0


def test_what_a_person_rolls_back_failed_and_was_restored(office: Office) -> None:
    office.add_rule()
    ship(office, 3)
    office.promotions.roll_back(NewRollback(app=PROD, to=None, reason="500s"), by=ANA)
    office.work()
    office.look(PROD)

    view = read(office)

    assert failures(view) == {Failure.TAKEN_BACK: 1}
    assert view.whole.now.deployments == 3  # the rollback is none
    assert (view.whole.now.restore.count, view.whole.now.unrestored) == (1, 0)
    assert view.days[-1].by_others == 0


def test_what_somebody_else_rolls_back_failed_as_well(office: Office) -> None:
    office.add_rule()
    ship(office, 2)
    before = office.releases(PROD)[-2]["slug"]["id"]
    office.control(f"apps/{PROD}/deploys", {"slug_id": before, "user": ANA})
    office.look(PROD)

    view = read(office)

    assert failures(view) == {Failure.TAKEN_BACK: 1}
    assert view.days[-1].by_others == 1


def test_a_hotfix_of_somebody_else_is_counted_apart(office: Office) -> None:
    office.add_rule()
    ship(office, 2)
    office.deploy(PROD)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})  # brings no code
    office.look(PROD)

    view = read(office)

    assert failures(view) == {}
    assert view.whole.now.deployments == 2
    assert view.days[-1].by_others == 1


def test_a_failure_that_was_tried_again_stays_one(office: Office) -> None:
    office.add_rule()
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": True}}, "PATCH")
    failed = ship(office)
    office.work_until(Status.FAILED)
    office.control(f"apps/{PROD}", {"release_phase": None}, "PATCH")
    office.promotions.retry(str(failed), by=ANA)
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED

    now = read(office).whole.now

    assert (now.deployments, now.changes, now.failures) == (1, 2, {Failure.RELEASE: 1})


def test_a_guards_hold_counts_for_the_promotion_that_it_came_with(office: Office) -> None:
    office.add_rule()
    first = ship(office, 2)
    with office.database.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO hold (app_id, kind, reason, by, created_at)"
                " SELECT target_id, 'guard', 'overtaken', 'autopromote', ended_at"
                " FROM promotion WHERE id = :id"
            ),
            {"id": first},
        )
    judged = {each.change.promotion: each.failure for each in read(office).days[-1].changes}
    assert judged.pop(first) is Failure.HELD
    assert set(judged.values()) == {None}


def test_a_stage_on_the_way_is_no_production_unless_it_is_asked_for(office: Office) -> None:
    office.add_rule("first", source=STAGING, targets=(EU,))
    office.add_rule("second", source=EU, targets=(PROD,))
    ship(office)
    office.look(EU)

    assert [group.name for group in read(office).apps] == [PROD]
    assert [group.name for group in read(office, app=EU).apps] == [EU]
    assert [group.name for group in read(office, rule="first").apps] == [EU]
    note = read(office, app=EU).note
    assert note is not None
    assert PROD in note
    assert read(office).note is None


def test_an_unknown_rule_is_not_found_and_an_unknown_app_has_no_figures(office: Office) -> None:
    with pytest.raises(NotFound):
        read(office, rule="nowhere")
    office.add_rule()
    ship(office)
    assert read(office, app="nowhere").whole.now.changes == 0


def test_the_time_before_is_as_long_and_told_apart(office: Office) -> None:
    office.add_rule()
    ship(office, 2)
    with office.database.begin() as conn:
        for table, columns in ((post, ("settled_at", "created_at")), (promotion, ("ended_at",))):
            values = {name: table.c[name] - timedelta(days=7) for name in columns}
            conn.execute(update(table).values(values))
    week, month = read(office, days=7), read(office, days=30)
    assert (week.whole.now.deployments, week.whole.before.deployments) == (0, 2)
    assert (month.whole.now.deployments, month.whole.before.deployments) == (2, 0)
    assert [len(read(office, days=days).days) for days in SPANS] == list(SPANS)


def test_lead_times_of_commits_are_those_that_are_known(office: Office) -> None:
    office.add_rule()
    sha = "c0ffee" * 6 + "c0ff"
    office.deploy(STAGING, commit=sha)
    office.look(STAGING)
    row = office.found()[-1]
    coming = tuple(
        Commit(str(number), "Words", at=datetime.now(UTC) - timedelta(hours=hours))
        for number, hours in enumerate((5, 3))
    )
    found = Comparison(Relation.AHEAD, (*coming, Commit("2", "Untold")), ahead_by=3)
    with office.database.begin() as conn:
        pair = repositories.Pair("a/b", "base", sha)
        id = repositories.add_comparison(conn, pair, found, told_by="github")
        conn.execute(update(shipment).values(comparison_id=id, head=sha))
    [change] = [each.change for each in read(office).days[-1].changes]
    assert change.promotion == row.id
    assert sorted(change.committed_at) == sorted(each.at for each in coming if each.at)
    with office.database.begin() as conn:  # what was read belongs to another commit
        conn.execute(update(shipment).values(head="other"))
    [change] = [each.change for each in read(office).days[-1].changes]
    assert change.committed_at == ()


def test_what_was_rolled_back_is_restored_before_its_release_is_read(office: Office) -> None:
    office.add_rule()
    ship(office, 1)
    with office.database.begin() as conn:
        back = "UPDATE promotion SET status = 'rolled_back', ended_at = now() + interval '1 hour'"
        conn.exec_driver_sql(back)
    found = read(office).whole.now
    assert (found.failures, found.unrestored) == ({Failure.ROLLED_BACK: 1}, 0)


# What it costs.


# Of five thousand promotions, the last fifty are of this month: one an hour.
PLANT = """
INSERT INTO release (app_id, version, id, status, artifact, created_at, is_decided)
SELECT app.id, 100 + number, app.name || ' ' || number, 'succeeded', 'slug ' || number,
  now() - made.ago, true
FROM generate_series(1, 5000) AS number, app, LATERAL (
  SELECT CASE WHEN number <= 4950 THEN interval '400 days' ELSE interval '0' END
    + (5001 - number) * interval '1 hour' AS ago
) AS made WHERE app.name IN ('acme-staging', 'acme-prod');

ANALYZE release;

INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact, target_id,
  target_release_id, target_version, status, evaluated_at, ended_at)
SELECT rule.id, 1, made.app_id, made.id, made.version, made.artifact, there.app_id, there.id,
  there.version, 'succeeded', there.created_at, there.created_at
FROM rule, release AS made JOIN release AS there USING (version)
WHERE starts_with(made.id, 'acme-staging ') AND starts_with(there.id, 'acme-prod ')
  AND rule.name = 'ship';

INSERT INTO post (promotion_id, target_id, kind, nonce, artifact, base_version, sent_at, created_at,
  settled_at, outcome, release_id, release_version)
SELECT id, target_id, 'promote', lpad(to_hex(id), 8, '0'), artifact, version, ended_at, ended_at,
  ended_at, 'accepted', target_release_id, target_version
FROM promotion;
"""
MOST_READ = 1500  # some fifteen rows a release of this month and of the month before
MOST_STATEMENTS = 10


def test_only_what_the_time_holds_is_read_in_a_fixed_number_of_statements(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_rule()
    with office.database.begin() as conn:
        for one in PLANT.split(";"):  # each has a limit of its own
            if one.strip():
                conn.exec_driver_sql(one)
    with office.database.lend() as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
    said: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        said.append(str(query))
        return execute(cursor, query, *args, **more)

    before = rows_read(office.database)
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", noted)
        view = read(office)
    after = rows_read(office.database)

    assert view.whole.now.deployments == 50
    counted = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    assert 200 < sum(counted.values()) < MOST_READ, counted
    assert len(said) <= MOST_STATEMENTS, said


def test_no_more_than_so_many_are_read_and_that_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_rule()
    ship(office, 2)
    monkeypatch.setattr(stored, "MOST_CHANGES", 2)
    view = read(office)
    assert view.whole.now.changes == 2
    assert view.note == "Only the 2 newest releases are counted."
    monkeypatch.setattr(stored, "MOST_CHANGES", 3)
    assert read(office).note is None
