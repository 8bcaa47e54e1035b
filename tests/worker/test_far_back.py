"""Lists of Heroku are read in short pages, and always back to what a decision needs of them."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import update

from listener.core.promotion import Status
from listener.core.rule import OnNewer
from listener.db import releases
from listener.db.tables import rule_target
from tests.worker import wire
from tests.worker.emulated import BO, EU, PROD, STAGING
from tests.worker.site import Site
from tests.worker.stage import Stage
from tests.worker.verified import answer, broken
from tests.worker.wire import Send

FAR = [25, 60, 130]


@pytest.fixture
def asking(bare: Stage) -> Stage:
    """A rule that asks for approval, under which every candidate goes."""
    bare.add_rule(conditions={"approvals": 1}, on_newer=OnNewer.KEEP, targets=(PROD, EU))
    return bare


def bury(stage: Stage, app: str, *, under: int) -> None:
    """So many releases come, and the listener knows of them."""
    stage.deploy(app)
    for _ in range(under - 1):
        stage.configure(app)
    stage.look(app)


def fail(stage: Stage, app: str, *, times: int) -> None:
    """So many releases fail, and the listener knows of them."""
    stage.phase(app)
    for _ in range(times):
        stage.finish(app, stage.deploy(app), "failed")
    stage.phase(app, none=True)
    stage.look(app)


def expire(stage: Stage, app: str, version: int) -> None:
    """Heroku destroys the slug of a release."""
    stage.control(f"apps/{app}/slugs/{stage.slug_of(app, version)}", method="DELETE")


def waiting(stage: Stage, *, under: int) -> int:
    """A promotion that waits for approval while so many releases come; answers its version."""
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.WAITING
    bury(stage, STAGING, under=under)
    stage.shift(stage.seconds(60))
    stage.wire.take_calls()
    return version


def lists(stage: Stage, app: str) -> int:
    """How many pages of an app's releases were read since the last time."""
    return stage.wire.take_calls().count(f"GET /apps/{stage.app(app).id}/releases")


def ranges(stage: Stage, app: str) -> list[str]:
    """What the next requests for an app's releases ask for, as they come."""
    asked: list[str] = []

    def noted(request: httpx.Request, send: Send) -> httpx.Response:
        asked.append(request.headers["range"])
        return send()

    stage.wire.put(noted, method="GET", path=f"/apps/{stage.app(app).id}/releases", times=99)
    return asked


@pytest.mark.parametrize("under", FAR)
def test_a_slug_that_expired_under_many_releases_goes_nowhere(asking: Stage, under: int) -> None:
    version = waiting(asking, under=under)
    expire(asking, STAGING, version)
    asking.approve(version, BO)
    asking.work()

    assert asking.promotion(version).status is Status.REJECTED
    assert "expired" in asking.promotion(version).reason
    assert asking.posts_sent() == 0


@pytest.mark.parametrize(("under", "pages"), [(25, 1), (130, 1), (230, 2)])
@pytest.mark.usefixtures("fresh_for_long")
def test_what_lies_far_back_goes_and_its_list_is_read_once_for_all_targets(
    asking: Stage, under: int, pages: int
) -> None:
    version = waiting(asking, under=under)
    with asking.database.begin() as conn:  # read long ago, however long a list is fresh here
        conn.exec_driver_sql("UPDATE app SET read_started_at = read_started_at - interval '1 hour'")
        conn.exec_driver_sql("UPDATE app SET read_at = read_at - interval '1 hour'")
    for target in (PROD, EU):
        asking.approvals.approve(str(asking.promotion(version, target).id), by=BO)
    asking.work()

    assert lists(asking, STAGING) == pages
    for target in (PROD, EU):
        assert asking.promotion(version, target).status is Status.SUCCEEDED
        assert asking.times_released(version, target) == 1


@pytest.mark.usefixtures("fresh_for_long")
def test_a_fresh_list_that_does_not_go_back_so_far_is_not_used(asking: Stage) -> None:
    version = waiting(asking, under=25)
    expire(asking, STAGING, version)
    asking.tell(asking.configure(STAGING), status="succeeded")
    asking.work()
    assert lists(asking, STAGING) == 1
    asking.approve(version, BO)
    asking.work()

    assert lists(asking, STAGING) == 1
    assert asking.promotion(version).status is Status.REJECTED


def test_what_a_look_finds_far_back_is_read_again(bare: Stage) -> None:
    """The look reads a short list for the new deploy, and goes on at once with the oldest one."""
    version = bare.deploy()
    bare.deploy()
    for _ in range(25):
        bare.configure(STAGING)
    bare.add_rule(on_newer=OnNewer.KEEP)
    with bare.database.begin() as conn:
        slug, source = bare.slug_of(STAGING, version), bare.app(STAGING).id
        releases.set_slug_facts(conn, source, slug, commit="c0ffee", stack="heroku-24")
        conn.execute(update(rule_target).values(baseline=version - 1))
    expire(bare, STAGING, version)
    bare.tell(bare.deploy(), status="succeeded", commit="c0ffee", stack="heroku-24")
    bare.work()

    oldest, *newer = bare.promotions()
    assert (oldest.version, oldest.status) == (version, Status.REJECTED)
    assert [each.status for each in newer] == [Status.SUCCEEDED] * 2
    assert bare.life(version) == ["waiting", "rejected"]
    assert str(oldest.ended_at) < str(newer[0].ended_at)


def test_nothing_is_posted_where_heroku_does_not_list_so_far_back(asking: Stage) -> None:
    version = waiting(asking, under=25)
    path = f"/apps/{asking.app(STAGING).id}/releases"
    asking.wire.put(wire.edited(lambda found: found[:20]), method="GET", path=path, times=9)
    asking.approve(version, BO)
    asking.work()

    assert asking.promotion(version).status is Status.WAITING
    assert f"{STAGING} was not read as far back as v{version}" in asking.promotion(version).reason
    assert asking.posts_sent() == 0


@pytest.mark.parametrize("times", FAR)
def test_what_runs_is_found_under_many_failed_releases(stage: Stage, times: int) -> None:
    fail(stage, PROD, times=times)
    asked = ranges(stage, PROD)
    version = stage.deploy()
    stage.tell(version, status="succeeded", commit="c0ffee", stack="heroku-24")
    stage.work()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert [each.rpartition("max=")[2].split(",")[0] for each in asked] == ["17", "200"]


@pytest.mark.parametrize("times", FAR)
def test_a_release_phase_of_ours_is_followed_under_many_releases(stage: Stage, times: int) -> None:
    stage.phase(PROD)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.RELEASING
    stage.phase(PROD, none=True)
    for _ in range(times):
        stage.configure(PROD)
    stage.look(PROD)
    stage.finish(PROD, stage.ours()[0], "failed")
    stage.age(seconds=16)

    assert stage.promotion(version).status is Status.FAILED


@pytest.mark.parametrize("times", FAR)
def test_a_release_phase_of_a_deploy_is_followed_under_many_releases(
    stage: Stage, times: int
) -> None:
    stage.phase(STAGING)
    version = stage.deploy()
    stage.tell(version, status="pending")
    stage.work()
    stage.phase(STAGING, none=True)
    bury(stage, STAGING, under=times)
    stage.finish(STAGING, version)
    stage.tell(version, status="succeeded")
    stage.work()

    assert stage.promotion(version).reason


@pytest.mark.parametrize("times", FAR)
def test_nothing_is_rolled_back_to_what_expired_under_many_releases(
    rolling: Stage, site: Site, times: int
) -> None:
    ran = rolling.current()
    fail(rolling, PROD, times=times)
    version = broken(rolling, site)
    expire(rolling, PROD, ran)
    answer(rolling, site, 503)

    assert rolling.promotion(version).status is Status.FAILED
    assert f"v{ran}, cannot run again" in rolling.promotion(version).reason
    assert len(rolling.posts()) == 1


@pytest.mark.parametrize("under", FAR)
def test_a_rollback_by_hand_goes_nowhere_where_its_slug_expired_meanwhile(
    stage: Stage, under: int
) -> None:
    ran = stage.current()
    bury(stage, PROD, under=under)
    stage.ask_rollback(to=ran)
    expire(stage, PROD, ran)
    stage.work()

    assert stage.promotions()[-1].status is Status.REJECTED
    assert stage.posts_sent() == 0


def test_a_burst_that_deliveries_told_of_is_read_in_one_page(stage: Stage) -> None:
    for _ in range(30):
        stage.tell(stage.configure(STAGING), status="succeeded")
    stage.work()
    assert lists(stage, STAGING) == 1


def test_what_nobody_told_of_is_read_in_long_pages(stage: Stage) -> None:
    for _ in range(190):
        stage.configure(STAGING)
    stage.look()
    assert lists(stage, STAGING) == 2
