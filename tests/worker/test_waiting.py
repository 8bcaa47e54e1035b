"""A promotion that goes on waiting: a gate waits, or Heroku cannot be read."""

from __future__ import annotations

import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

LIST = "/apps/[^/]+/releases"


def down(stage: Stage, status: int = 503, times: int = 500, path: str = ".*") -> None:
    """Heroku answers so to every read."""
    around = wire.answers(status, applied=False)
    stage.wire.put(around, method="GET", path=path, times=times)


def find(stage: Stage) -> int:
    """A deploy that was found and waits to be evaluated; answers its version."""
    version = stage.deploy()
    stage.tell(version, stack="heroku-24")
    while not any(row.version == version for row in stage.promotions()):
        assert stage.step(stage.looking)
    return version


# 4: a gate waits or errs.


def test_waits_while_somebody_else_releases_there(stage: Stage) -> None:
    stage.phase(PROD)
    pending = stage.hotfix()
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert f"releasing v{pending}" in row.reason
    assert stage.is_put_off(15)
    assert stage.posts_sent() == 0


def test_goes_when_the_release_of_somebody_else_failed(stage: Stage) -> None:
    stage.phase(PROD)
    pending = stage.hotfix()
    version = stage.deploy()
    stage.look()
    stage.finish(PROD, pending, "failed")
    stage.phase(PROD, none=True)
    stage.age(seconds=15)

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_does_not_wait_for_a_release_pending_for_more_than_75_minutes(stage: Stage) -> None:
    stage.phase(PROD)
    stage.hotfix()
    version = stage.deploy()
    stage.look()
    stage.phase(PROD, none=True)
    stage.age(minutes=76)

    assert stage.promotion(version).status is Status.SUCCEEDED


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 503])
def test_reads_that_fail_keep_it_waiting_with_the_error_as_verdict(
    stage: Stage, status: int
) -> None:
    version = find(stage)
    down(stage, status)
    stage.shift(stage.seconds(3))
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert [(gate["name"], gate["verdict"]) for gate in row.gates] == [("heroku", "error")]
    assert "Heroku's words." in row.reason
    assert stage.posts_sent() == 0


def test_errors_back_off_from_five_seconds_to_five_minutes(stage: Stage) -> None:
    version = find(stage)
    down(stage, times=200)  # of looks too, which the first error asks for
    stage.shift(stage.seconds(3))
    stage.work()

    for pause in (5, 10, 20, 40, 80, 160, 300, 300, 300):
        assert stage.is_put_off(pause, version)
        stage.age(seconds=stage.promotion_due_in(version))


def test_errors_for_24_hours_end_as_errored(stage: Stage) -> None:
    version = find(stage)
    down(stage, times=2000)
    stage.shift(stage.seconds(3))
    stage.work()
    stage.age(hours=23)
    assert stage.promotion(version).status is Status.WAITING
    stage.age(hours=2)

    assert stage.promotion(version).status is Status.ERRORED
    assert stage.held() == []


def test_errors_long_ago_do_not_count(stage: Stage) -> None:
    version = find(stage)
    down(stage, times=1)
    stage.shift(stage.seconds(3))
    stage.work()
    stage.put_hold()
    stage.age(hours=20)
    down(stage, times=1)
    stage.age(hours=20)

    assert stage.promotion(version).status is Status.WAITING
    assert "launch day" in stage.promotion(version).reason


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("app", [STAGING, PROD])
def test_an_app_that_is_gone_ends_as_rejected(stage: Stage, status: int, app: str) -> None:
    version = find(stage)
    down(stage, status, path=f"/apps/{stage.app(app).id}/.*")
    stage.shift(stage.seconds(3))
    stage.work()
    assert stage.promotion(version).status is Status.WAITING
    stage.age(seconds=100)
    assert stage.promotion(version).status is Status.WAITING
    stage.age(minutes=4)

    assert stage.promotion(version).status is Status.REJECTED


@pytest.mark.parametrize("between", [None, 503])
def test_an_app_that_is_not_found_once_ends_nothing(stage: Stage, between: int | None) -> None:
    """Nor do two such answers with another one between them."""
    version = find(stage)
    down(stage, 404, times=1)
    stage.shift(stage.seconds(3))
    stage.work()
    assert stage.promotion(version).status is Status.WAITING
    if between is not None:
        down(stage, between, times=1)
        stage.age(minutes=5)
        down(stage, 404, times=1)
        stage.age(minutes=5)
        assert stage.promotion(version).status is Status.WAITING
        assert stage.promotion(version).gone_since is not None
    stage.age(minutes=5)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.promotion(version).gone_since is None


def test_a_list_without_a_current_release_is_an_error(stage: Stage) -> None:
    def nothing_runs(found: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{**release, "current": False} for release in found]

    version = find(stage)
    stage.wire.put(wire.edited(nothing_runs), method="GET", path=LIST, times=9)
    stage.shift(stage.seconds(3))
    stage.work()

    assert stage.promotion(version).status is Status.WAITING
    assert "no current release" in stage.promotion(version).reason


def test_a_list_that_shows_other_code_than_was_found_is_an_error(stage: Stage) -> None:
    version = find(stage)

    def other_code(found: list[dict[str, object]]) -> list[dict[str, object]]:
        slug = {"id": "01234567-89ab-cdef-0123-456789abcdef"}
        return [{**r, "slug": slug} if r["version"] == version else r for r in found]

    path = f"/apps/{stage.app(STAGING).id}/releases"
    stage.wire.put(wire.edited(other_code), method="GET", path=path, times=9)
    stage.shift(stage.seconds(3))
    stage.work()

    assert stage.promotion(version).status is Status.WAITING
    assert "other code" in stage.promotion(version).reason
    assert stage.posts_sent() == 0
