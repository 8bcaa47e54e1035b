"""Several processes at once: never two releases, whoever is faster."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from listener.core.promotion import ENDED, Status
from listener.core.rule import OnNewer
from listener.worker.queues import PROMOTING
from tests.worker.emulated import EU, PROD
from tests.worker.stage import Stage

RACERS = 3
PATIENCE = 60.0


def race(stage: Stage, *, racers: int = RACERS) -> None:
    """Threads that take steps of the same database until nothing is left to do."""
    begin = threading.Barrier(racers)

    def run(number: int) -> None:
        begin.wait()
        idle, ends_at = 0, time.monotonic() + PATIENCE
        while time.monotonic() < ends_at:
            idle = 0 if stage.step(PROMOTING, owner=f"racer {number}") else idle + 1
            if idle > 5 and not stage.is_busy():
                return
        raise AssertionError(f"still due: {stage.promotions()}")

    with ThreadPoolExecutor(racers) as pool:
        for racer in [pool.submit(run, number) for number in range(racers)]:
            racer.result()


def test_racing_runners_release_each_slug_once(bare: Stage) -> None:
    bare.add_rule(targets=(PROD, EU))
    bare.add_rule("twin", targets=(PROD,))
    for _ in range(4):
        version = bare.deploy()
        for event in ("create", "update"):
            bare.tell(version, event=f"{version} {event}")
        race(bare)
        bare.age(seconds=16)

        assert bare.times_released(version, PROD) == 1
        assert bare.times_released(version, EU) == 1
    assert {row.status for row in bare.promotions()} <= ENDED
    assert bare.held(PROD) == []


def test_racing_candidates_of_one_target_never_move_it_back(bare: Stage) -> None:
    bare.add_rule(on_newer=OnNewer.KEEP)
    bare.put_hold()
    versions = []
    for _ in range(5):
        versions.append(bare.deploy())
        bare.look()
    bare.release_hold()
    race(bare)
    bare.age(seconds=16)

    released = [version for version in versions if bare.times_released(version)]
    slugs = [bare.slug_of(PROD, version) for version in bare.ours()]
    assert slugs == [bare.release("acme-staging", version)["slug"]["id"] for version in released]
    assert bare.runs(versions[-1])
    assert {row.status for row in bare.promotions()} <= {Status.SUCCEEDED, Status.SUPERSEDED}


def test_people_and_runners_at_once_get_along(bare: Stage) -> None:
    """Holds on everything, put and released while several steps are taken."""
    bare.add_rule(targets=(PROD, EU), on_newer=OnNewer.KEEP)
    bare.put_hold(None)
    for _ in range(4):
        bare.deploy()
        bare.look()

    def wave() -> None:
        for _ in range(6):
            bare.release_hold(None)
            bare.put_hold(None)
        bare.release_hold(None)

    with ThreadPoolExecutor(1) as pool:
        waving = pool.submit(wave)
        race(bare, racers=2)
        waving.result()
    for _ in range(3):
        bare.age(seconds=16)

    assert {row.status for row in bare.promotions()} <= {Status.SUCCEEDED, Status.SUPERSEDED}
    newest = bare.current("acme-staging")
    assert (bare.runs(newest, PROD), bare.runs(newest, EU)) == (True, True)
    assert len(bare.posts()) == bare.posts_sent()
