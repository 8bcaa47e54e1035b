"""Several candidates: a newer one supersedes, or each goes when its own gates pass."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from listener.core.rule import OnNewer
from tests.worker import wire
from tests.worker.emulated import BO, PROD, STAGING
from tests.worker.stage import Stage


@pytest.fixture
def keeping(bare: Stage) -> Stage:
    """A rule under which every candidate goes."""
    bare.add_rule(on_newer=OnNewer.KEEP)
    return bare


def test_a_newer_candidate_supersedes_an_older_waiting_one(stage: Stage) -> None:
    stage.put_hold()
    older = stage.deploy()
    stage.look()
    newer = stage.deploy()
    stage.look()

    row = stage.promotion(older)
    assert row.status is Status.SUPERSEDED
    assert row.reason == f"{STAGING} v{newer} is newer and takes its place."
    assert stage.promotion(newer).status is Status.WAITING


def test_of_several_found_at_once_only_the_newest_goes(stage: Stage) -> None:
    versions = [stage.deploy() for _ in range(3)]
    stage.look()

    assert stage.runs(versions[-1])
    assert len(stage.ours()) == 1
    assert sorted(stage.statuses()) == [Status.SUCCEEDED, Status.SUPERSEDED, Status.SUPERSEDED]


def test_a_newer_one_that_is_skipped_supersedes_nothing_but_the_order_does(stage: Stage) -> None:
    stage.put_hold()
    older = stage.deploy()
    stage.look()
    newer = stage.deploy()
    stage.promote_by_dashboard(PROD, newer)
    stage.look()
    stage.release_hold()
    stage.work()

    assert stage.promotion(newer).status is Status.SKIPPED
    assert stage.promotion(older).status is Status.SUPERSEDED
    assert stage.posts_sent() == 0


def test_a_newer_one_that_is_rejected_takes_no_place_but_the_source_runs_it(stage: Stage) -> None:
    """Its slug is gone; the older one never goes, for the source does not stand by it any more."""
    stage.put_hold()
    older = stage.deploy()
    stage.look()
    stage.phase(STAGING)
    newer = stage.deploy()
    stage.finish(STAGING, newer)
    path = "/apps/[^/]+/slugs/.*"
    stage.wire.put(wire.answers(404, applied=False), method="GET", path=path, times=9)
    stage.look()
    stage.age(seconds=125)

    assert stage.promotion(newer).status is Status.REJECTED
    row = stage.promotion(older)
    assert row.status is Status.SUPERSEDED
    assert row.reason == f"{STAGING} runs newer code than v{older} by now, in v{newer}."


def test_an_older_one_found_later_is_born_superseded(stage: Stage) -> None:
    """The release phase of the older one took longer."""
    stage.phase(STAGING)
    older = stage.deploy()
    stage.phase(STAGING, none=True)
    newer = stage.deploy()
    stage.look()
    assert stage.promotion(newer).status is Status.SUCCEEDED
    stage.finish(STAGING, older)
    stage.look()

    row = stage.promotion(older)
    assert (row.status, row.evaluated_at) == (Status.SUPERSEDED, None)
    assert len(stage.ours()) == 1


def test_what_is_posting_is_never_superseded_and_the_newer_waits(stage: Stage) -> None:
    stage.phase(PROD)
    older = stage.deploy()
    stage.look()
    newer = stage.deploy()
    stage.look()
    assert stage.promotion(older).status is Status.RELEASING
    assert stage.promotion(newer).status is Status.WAITING


def test_with_keep_each_goes_in_order(keeping: Stage) -> None:
    keeping.phase(PROD)
    first = keeping.deploy()
    keeping.look()
    second = keeping.deploy()
    keeping.look()
    third = keeping.deploy()
    keeping.look()
    keeping.phase(PROD, none=True)
    keeping.finish(PROD, int(keeping.promotion(first).target_version or 0))
    keeping.age(seconds=2)

    assert keeping.promotion(first).status is Status.SUCCEEDED
    assert keeping.promotion(third).status is Status.SUCCEEDED
    assert keeping.promotion(second).status in {Status.SUCCEEDED, Status.SUPERSEDED}
    assert keeping.runs(third)


def test_with_keep_the_older_ends_superseded_once_a_newer_is_on_the_target(
    keeping: Stage,
) -> None:
    keeping.put_hold()
    older = keeping.deploy()
    keeping.look()
    newer = keeping.deploy()
    keeping.promote_by_dashboard(PROD, newer)
    keeping.shift(keeping.seconds(3))
    keeping.release_hold()
    keeping.work()

    assert keeping.promotion(older).status is Status.SUPERSEDED
    assert keeping.runs(newer)


def test_facts_of_before_our_own_release_are_not_fresh(keeping: Stage) -> None:
    """Production was read a second ago, and released on since: the reading is worth nothing."""
    keeping.put_hold()
    older = keeping.deploy()
    newer = keeping.deploy()
    keeping.look()
    keeping.cancel(keeping.promotion(older))
    keeping.release_hold()
    keeping.work()
    assert keeping.runs(newer)

    prod = keeping.app(PROD)
    keeping.desk.retry(str(keeping.promotion(older).id), by="ana@example.com")
    with keeping.database.begin() as conn:
        # As a reading that was under way while we released, and arrived just now.
        conn.exec_driver_sql(
            "DELETE FROM release WHERE app_id = %s AND version = %s",
            (prod.id, keeping.current()),
        )
        conn.exec_driver_sql(
            "UPDATE release SET is_current = true WHERE app_id = %s AND version = %s",
            (prod.id, keeping.current() - 1),
        )
        conn.exec_driver_sql("UPDATE app SET read_at = now() WHERE id = %s", (prod.id,))
    keeping.work()

    assert keeping.promotion(older).status is Status.SUPERSEDED
    assert keeping.runs(newer)


def test_a_list_that_lags_behind_our_own_release_is_not_believed(keeping: Stage) -> None:
    keeping.put_hold()
    older = keeping.deploy()
    newer = keeping.deploy()
    keeping.look()
    keeping.cancel(keeping.promotion(older))
    keeping.release_hold()
    keeping.work()
    released = keeping.current()
    prod = keeping.app(PROD)
    with keeping.database.begin() as conn:
        conn.exec_driver_sql(
            "DELETE FROM release WHERE app_id = %s AND version = %s", (prod.id, released)
        )

    def lagging(found: list[dict[str, object]]) -> list[dict[str, object]]:
        shown = [release for release in found if release["version"] != released]
        return [{**r, "current": r["version"] == released - 1} for r in shown]

    path = f"/apps/{prod.id}/releases"
    keeping.wire.put(wire.edited(lagging), method="GET", path=path, times=3)
    keeping.desk.retry(str(keeping.promotion(older).id), by="ana@example.com")
    keeping.shift(keeping.seconds(3))
    keeping.work()

    row = keeping.promotion(older)
    assert row.status is Status.WAITING
    assert "does not show yet what we released" in row.reason
    keeping.wire.troubles.clear()
    keeping.age(minutes=1)
    assert keeping.promotion(older).status is Status.SUPERSEDED
    assert (keeping.promotion(newer).status, keeping.runs(newer)) == (Status.SUCCEEDED, True)


def test_a_slug_that_expires_behind_many_releases_goes_nowhere(keeping: Stage) -> None:
    """Heroku takes slugs beyond the newest twenty releases: so many more are read each time."""
    keeping.change_rule(conditions={"approvals": 1})
    version = keeping.deploy()
    for _ in range(25):
        keeping.deploy()
    keeping.look()
    assert keeping.promotion(version).status is Status.WAITING

    def expire(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [r | {"status": "expired"} if r["version"] == version else r for r in found]

    path = f"/apps/{keeping.app(STAGING).id}/releases"
    keeping.wire.put(wire.edited(expire), method="GET", path=path, times=99)
    keeping.approve(version, BO)
    keeping.age(minutes=10)

    assert keeping.promotion(version).status is Status.REJECTED
    assert keeping.times_released(version) == 0
