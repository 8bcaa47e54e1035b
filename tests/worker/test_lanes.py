"""Nobody waits for somebody else's slow Heroku: half of the threads stay free of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from listener.core.promotion import Status
from listener.db import apps, queue
from listener.db.queue import NotificationListener, Share, WorkKind
from listener.worker import dispatch
from listener.worker.dispatch import Dispatcher
from listener.worker.heartbeat import Pulse
from listener.worker.lane import Lane, Pace, Task
from listener.worker.queues import PROBING, PROMOTING
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.stage import Stage
from tests.worker.test_runner import running, wait_for
from tests.worker.wire import Send

LOOKS = PROMOTING[1]
PATIENCE = 60.0
CROWD = 40
SLOW = [f"acme-slow-{number}" for number in range(3)]


class Dam:
    """Holds back answers about some apps until it is opened."""

    def __init__(self) -> None:
        self._is_open = threading.Event()
        self._held = 0
        self._changed = threading.Condition()

    def around(self, _: httpx.Request, send: Send) -> httpx.Response:
        """Answer once it is open."""
        with self._changed:
            self._held += 1
            self._changed.notify_all()
        self._is_open.wait(3 * PATIENCE)  # longer than anybody here waits for others
        return send()

    def wait_for(self, number: int) -> None:
        """Wait until so many requests are held back."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held >= number, PATIENCE)

    def open(self) -> None:
        """Let all go on."""
        self._is_open.set()


@pytest.fixture
def dam() -> Iterator[Dam]:
    made = Dam()
    yield made
    made.open()


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[WorkKind]:
    """Whatever was asked for work, each time."""
    found: list[WorkKind] = []
    claim_some = queue.claim_some

    def claiming(conn: Connection, kind: WorkKind, **more: Any) -> list[queue.Claim]:
        found.append(kind)
        return claim_some(conn, kind, **more)

    monkeypatch.setattr(queue, "claim_some", claiming)
    return found


def hear(stage: Stage, tried: list[WorkKind]) -> None:
    """Wait until the dispatcher has heard of all that was told until now."""
    webhooks = PROMOTING[3].kind
    before = tried.count(webhooks)
    with stage.database.begin() as conn:
        queue.notify(conn, webhooks.table.name)
    wait_for(stage, lambda: tried.count(webhooks) > before)


def slow_apps(stage: Stage, dam: Dam) -> None:
    """Three targets whose lists Heroku does not answer."""
    for name in SLOW:
        stage.make_app(name)
    for number, name in enumerate(SLOW):
        stage.add_rule(f"slow-{number}", targets=(name,))
        app = stage.app(name).id
        stage.wire.put(dam.around, method="GET", path=f"/apps/{app}/releases", times=50)


def test_slow_targets_delay_no_other_target(stage: Stage, dam: Dam) -> None:
    """Four threads, three targets that hang: the others are promoted meanwhile."""
    stage.add_rule("eu", targets=(EU,))
    slow_apps(stage, dam)
    with running(stage, promoting=4):
        dam.wait_for(1)
        version = stage.deploy()
        stage.tell(version)
        wait_for(stage, lambda: {PROD, EU} <= succeeded(stage, version))
        assert not succeeded(stage, version) & set(SLOW)
        dam.open()
        wait_for(stage, lambda: {PROD, EU, *SLOW} <= succeeded(stage, version))
    assert all(stage.times_released(version, app) == 1 for app in (PROD, EU, *SLOW))


@contextmanager
def looked_at(stage: Stage, dam: Dam) -> Iterator[int]:
    """Threads at work, one of them on a look at the source of this version, as long as it likes."""
    path = f"/apps/{stage.app(STAGING).id}/releases"
    stage.wire.put(dam.around, method="GET", path=path, times=1)
    with running(stage, promoting=4):
        version = stage.deploy()
        stage.tell(version)
        dam.wait_for(1)
        yield version


def test_deliveries_of_an_app_that_is_looked_at_ask_for_no_more_looks_meanwhile(
    stage: Stage, dam: Dam, tried: list[WorkKind]
) -> None:
    """A crowd of them made the dispatcher claim in vain for each; they are settled all the same."""
    with looked_at(stage, dam) as version:
        before = tried.count(LOOKS.kind)
        for number in range(CROWD):
            stage.tell(version, event=f"one of many, {number}")
        hear(stage, tried)
        assert tried.count(LOOKS.kind) - before < CROWD / 4
        dam.open()
        wait_for(stage, lambda: None not in stage.outcomes())
    assert stage.times_released(version) == 1


def test_an_app_that_was_told_of_during_a_look_is_looked_at_after_a_pause_alone(
    stage: Stage, dam: Dam, tried: list[WorkKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each group of a crowd has a look of its own. No pause ends here before it is told to."""
    for seconds in ("SOON_SECONDS", "AFTER_WORK_SECONDS", "POLL_SECONDS"):
        monkeypatch.setattr(dispatch, seconds, 10 * PATIENCE)
    with looked_at(stage, dam) as version:
        stage.tell(version, event="during the look")
        hear(stage, tried)
        dam.open()
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
        before = tried.count(LOOKS.kind)
        stage.tell(version, event="after it")
        hear(stage, tried)
        assert tried.count(LOOKS.kind) == before
        assert None in stage.outcomes()
        with stage.database.begin() as conn:
            queue.notify(conn)
        wait_for(stage, lambda: None not in stage.outcomes())


def test_who_was_told_of_once_during_a_look_is_not_held_back_in_peace(stage: Stage) -> None:
    """Its look had ended before others were claimed, so no pause ever began that would end."""
    ear, lane = NotificationListener(stage.database), lane_of(stage, threads=4)
    dispatcher = Dispatcher(stage.context, [lane], ear, "test", Pulse(stage.database, "test"))
    claim = claim_look(stage)
    task = Task(LOOKS, claim)
    lane.expect(task)
    for subject in (claim.key, stage.app(PROD).id):  # stored in one transaction
        ear.ring(f"app:{subject}")
    dispatcher._round()  # noqa: SLF001 - its thread would not meet this very moment
    lane.forget(task)
    dispatcher._round()  # noqa: SLF001
    with stage.database.begin() as conn:
        queue.give_back(conn, claim)
    ear.ring(f"app:{claim.key}")
    dispatcher._round()  # noqa: SLF001
    assert lane.at_work(LOOKS) == {claim.key}


def succeeded(stage: Stage, version: int) -> set[str]:
    """The targets to which a version was promoted."""
    found = [r for r in stage.promotions() if r.version == version]
    return {
        name
        for name in (PROD, EU, *SLOW)
        if stage.app(name).id in {r.target_id for r in found if r.status is Status.SUCCEEDED}
    }


def test_of_what_was_slow_only_a_share_is_claimed(stage: Stage) -> None:
    """Two looks are due: the slow one waits where no thread may be used for it."""
    slow, quick = stage.app(STAGING).id, stage.app(PROD).id
    with stage.database.begin() as conn:
        for app_id in (slow, quick):
            apps.ask_look(conn, app_id)
    with stage.database.begin() as conn:
        for few, found in ((0, [quick]), (1, [slow]), (1, [])):
            share = Share(LOOKS.subject, [slow], [slow], few)
            claims = queue.claim_some(conn, LOOKS.kind, owner="test", most=4, share=share)
            assert [claim.key for claim in claims] == found


def test_what_answers_late_is_slow_until_it_is_quick_again(stage: Stage) -> None:
    """Heroku's answers say it; a step that took long for want of a processor says nothing."""
    claim = claim_look(stage)
    took: dict[str, float] = {}
    pace = Pace(took)
    assert not pace.is_quick(LOOKS, claim)
    took[claim.key] = 1.5
    assert pace.slow(LOOKS) == pace.slow(PROMOTING[0]) == {claim.key}
    assert pace.slow(PROBING[0]) == set()
    took[claim.key] = 0.1
    pace.note(LOOKS, claim, 5.0)
    assert pace.slow(LOOKS) == set()
    assert pace.is_quick(LOOKS, claim)


def test_a_url_is_as_slow_as_its_step(stage: Stage) -> None:
    stage.deploy()
    stage.promote()
    with stage.database.begin() as conn:
        [claim] = queue.claim_some(conn, PROMOTING[0].kind, owner="test", most=1)
    pace = Pace({})
    pace.note(PROBING[0], claim, 1.5)
    assert pace.slow(PROBING[0]) == {PROBING[0].subject_of(claim)}
    pace.note(PROBING[0], claim, 0.1)
    assert pace.is_quick(PROBING[0], claim)


def test_a_step_at_hand_makes_nobody_slow(stage: Stage) -> None:
    """It ends while the threads are counted: what was counted as slow must not stay so."""
    claim = claim_look(stage)
    stage.context.heroku.app(claim.key)
    lane = lane_of(stage, threads=2)
    task = Task(LOOKS, claim, begun=time.monotonic() - 10)
    lane.expect(task)
    assert lane.share(LOOKS) == Share(LOOKS.subject, [claim.key], [], 0)
    lane.forget(task)
    assert lane.share(LOOKS) == Share(LOOKS.subject, [], [], 1)


def test_no_second_thread_works_for_an_app(stage: Stage) -> None:
    """Three targets hung, and four threads: two of them waited for the same target."""
    claim = claim_look(stage)
    lane, took = lane_of(stage, threads=4), dict[str, float]()
    lane.pace = Pace(took)
    lane.expect(Task(LOOKS, claim, begun=time.monotonic() + PATIENCE))
    share = lane.share(PROMOTING[0])
    assert (share.slow, share.few, share.most_slow) == ([claim.key], [], 1)
    took[claim.key] = 0.1
    share = lane.share(PROMOTING[0])
    assert (share.slow, share.few, share.most_slow) == ([claim.key], [], 2)
    took["another"] = 1.5
    share = lane.share(PROMOTING[0])
    assert (share.slow, share.few) == (sorted([claim.key, "another"]), ["another"])


def test_none_is_claimed_of_what_is_worked_for(stage: Stage) -> None:
    slow = stage.app(STAGING).id
    with stage.database.begin() as conn:
        apps.ask_look(conn, slow)
        share = Share(LOOKS.subject, [slow], [], 1)
        assert not queue.claim_some(conn, LOOKS.kind, owner="test", most=4, share=share)


def lane_of(stage: Stage, *, threads: int) -> Lane:
    """A lane whose threads have not begun."""
    names = [f"runner-{number}" for number in range(threads)]
    return Lane(stage.context, PROMOTING, names, Pulse(stage.database, "test"), lambda: None)


def claim_look(stage: Stage) -> queue.Claim:
    """The claim of a look at the source."""
    with stage.database.begin() as conn:
        apps.ask_look(conn, stage.app(STAGING).id)
    with stage.database.begin() as conn:
        [claim] = queue.claim_some(conn, LOOKS.kind, owner="test", most=1)
    return claim
