"""What one reading tells of what ships is stored for all that it is true of, in one step."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event, select, update

from listener.core.promotion import Status
from listener.core.rule import OnNewer
from listener.db import shipments, waiting_promotions
from listener.db.commit_tables import shipment
from listener.worker import shipments_alike
from listener.worker.queues import READING
from tests.worker import wire
from tests.worker.emulated import BO, EU, PROD
from tests.worker.shipping import LOGIN, at_github, calls_of, connect, push, read, shipped
from tests.worker.stage import Stage
from tests.worker.test_lock_order import somebody_waits
from tests.worker.test_read_shipment import ship, subjects

MORE = tuple(f"acme-prod-{number}" for number in range(3))
TARGETS = (PROD, EU, *MORE)


@pytest.fixture
def many(bare: Stage) -> Stage:
    """Five targets of one source, of which all run the same, and wait for people."""
    for name in MORE:
        bare.make_app(name)
    bare.add_rule(targets=TARGETS)
    connect(bare)
    bare.change_rule(on_newer=OnNewer.KEEP, conditions={"approvals": 1})
    bare.work()
    bare.wire.take_calls()
    return bare


def steps(stage: Stage) -> int:
    """Read what ships, and count the steps."""
    stage.shift(stage.seconds(3))
    count = 0
    while stage.step(READING):
        count += 1
    return count


def reasons(stage: Stage, *versions: int) -> set[str | None]:
    """Why nothing is told of what ships to any of the targets."""
    return {shipped(stage, each, target).untold for each in versions for target in TARGETS}


def due_in(stage: Stage, version: int, target: str) -> timedelta | None:
    """When what ships is read again, from now."""
    row = stage.promotion(version, target)
    with stage.database.begin() as conn:
        query = select(shipment.c.due_at).where(shipment.c.promotion_id == row.id)
        due_at = conn.execute(query).scalar_one()
        now = conn.exec_driver_sql("SELECT now()").scalar_one()
    return due_at - now if due_at is not None else None


def test_five_targets_take_one_step(many: Stage) -> None:
    version = ship(many)

    assert steps(many) == 1
    assert all(subjects(many, version, target) == ["Go on"] for target in TARGETS)
    assert all(due_in(many, version, target) is None for target in TARGETS)
    assert len(calls_of(many, "/compare")) == 2


def test_statements_read_the_same_for_any_number(many: Stage) -> None:
    with many.database.begin() as conn:
        assert statements(conn, 1) == statements(conn, 3)


def statements(conn: Connection, count: int) -> list[str]:
    """What PostgreSQL is asked about so many promotions, apps, slugs and commits."""
    heard: list[str] = []

    def hear(*said: Any) -> None:
        heard.append(said[2])

    ids, names = list(range(1, count + 1)), [f"name-{number}" for number in range(count)]
    event.listen(conn, "before_cursor_execute", hear)
    shipments.lock(conn, ids)
    shipments.commits_of(conn, names, names)
    shipments.told_slugs(conn, names, names)
    shipments.between(conn, names)
    event.remove(conn, "before_cursor_execute", hear)
    return heard


def test_what_only_one_target_ran_takes_a_step_of_its_own(many: Stage) -> None:
    [fix] = push(many, "Hotfix")
    many.deploy(EU, commit=fix, user=BO, description="Hotfix")
    many.look(EU)
    version = ship(many)

    assert steps(many) == 2
    assert subjects(many, version, EU) == ["Go on"]
    assert shipped(many, version, EU).base == fix
    for target in (PROD, *MORE):
        assert subjects(many, version, target) == ["Hotfix", "Go on"]


def test_whose_repository_nobody_tells_is_told_of_all_at_once(bare: Stage) -> None:
    for name in MORE:
        bare.make_app(name)
    bare.add_rule(targets=TARGETS, on_newer=OnNewer.KEEP, conditions={"approvals": 1})
    versions = [bare.deploy(commit=letter * 40) for letter in "abcd"]
    bare.look()
    bare.step(READING)  # what each of the targets ran was built from a commit of its own
    read(bare)
    more = [bare.deploy(commit=letter * 40) for letter in "ef"]
    bare.look()

    assert steps(bare) <= len(more)
    assert len(reasons(bare, *versions, *more)) == 1
    assert str(shipped(bare, more[0]).untold).startswith("Heroku does not tell the repository of")
    due = [due_in(bare, each, target) for each in more for target in TARGETS]
    assert all(each is not None and each > timedelta(hours=23) for each in due)


def test_where_heroku_compares_nothing_all_are_told_so_in_one_step(many: Stage) -> None:
    many.control("repositories-api", {"is": "forbidden"}, "PUT")
    try:
        versions = [ship(many, "One"), ship(many, "Two")]
        taken = steps(many)
    finally:
        many.control("repositories-api", {"is": "open"}, "PUT")

    assert taken == 2, "one is refused; of the other one, and of what is like it, that is known"
    (why,) = reasons(many, *versions)
    assert str(why).startswith("Heroku compares no commits of its pipeline: ")
    assert len(calls_of(many, "/compare")) == 1


def test_what_github_refuses_is_told_of_all_in_one_step(many: Stage) -> None:
    hub = at_github(many)
    version = many.deploy(commit="f" * 40)
    many.look()
    hub.take_calls()

    for _ in range(2):  # and once more when it may be asked for again
        assert steps(many) == 1
        assert len(hub.take_calls()) == 1
        (why,) = reasons(many, version)
        assert "GitHub answered 404" in str(why)
        many.shift(timedelta(minutes=10))


def test_a_slug_without_a_commit_is_none_of_any_target(many: Stage) -> None:
    version = many.deploy(commit="null")
    many.look()

    assert steps(many) == 1
    assert reasons(many, version) == {"Heroku names no commit of what goes."}


def test_what_is_read_stays_so_where_the_others_cannot_be_stored(
    many: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = ship(many)

    def broken(*_: object) -> None:
        raise ValueError("a bug of ours")

    monkeypatch.setattr(shipments_alike, "settle", broken)
    assert steps(many) == len(TARGETS), "each by a step of its own"
    assert all(subjects(many, version, target) == ["Go on"] for target in TARGETS)
    assert all(due_in(many, version, target) is None for target in TARGETS)


def test_a_target_that_moves_while_it_is_stored_is_read_anew(
    many: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody locks what is due, and stores what is true of what the target ran until then."""
    [fix] = push(many, "Hotfix")
    version = ship(many)
    many.shift(many.seconds(3))
    stored = shipments.store

    def slowly(conn: Connection, found: Iterable[Any]) -> None:
        moved.append(pool.submit(hotfix))
        wait_until_somebody_waits(many)
        stored(conn, found)

    def hotfix() -> None:
        many.deploy(EU, commit=fix, user=BO, description="Hotfix")
        many.look_only(EU)

    moved: list[Future[None]] = []
    monkeypatch.setattr(shipments, "store", slowly)
    with ThreadPoolExecutor(1) as pool:
        first = update(shipment).where(shipment.c.promotion_id == many.promotion(version).id)
        with many.database.begin() as conn:
            conn.execute(first.values(due_at=shipment.c.due_at - timedelta(seconds=1)))
        assert many.step(READING)
        moved[0].result()
    monkeypatch.undo()
    assert not shipped(many, version, EU).is_read
    read(many)

    assert shipped(many, version, EU).base == fix


def wait_until_somebody_waits(stage: Stage) -> None:
    """Wait until a transaction waits for what this one has locked."""
    for _ in range(6000):
        if somebody_waits(stage):
            return
        time.sleep(0.01)  # of locks nobody is told
    raise AssertionError("in vain")


def test_calls_that_are_kept_for_others_put_off_all_who_would_ask(many: Stage) -> None:
    version = ship(many)
    many.control("rate-limits", {"email": "robot@example.com", "remaining": 900})
    many.look(PROD)
    many.wire.take_calls()

    assert steps(many) == 1
    assert calls_of(many) == []
    assert all("are kept for what must go on" in str(why) for why in reasons(many, version))
    pauses = [due_in(many, version, target) for target in TARGETS]
    assert all(each is not None and timedelta(0) < each < timedelta(hours=1) for each in pauses)

    many.control("rate-limits", {"email": "robot@example.com", "remaining": 4000})
    many.look(PROD)
    many.shift(timedelta(hours=1))
    read(many)
    assert all(subjects(many, version, target) == ["Go on"] for target in TARGETS)
    assert reasons(many, version) == {None}


def test_a_limit_of_github_puts_off_all_who_would_ask_it(many: Stage) -> None:
    hub = at_github(many)
    first = ship(many, "One")
    read(many)
    limits = {"login": LOGIN, "remaining": 0, "seconds": 600}
    many.control("github/rate-limits", limits)
    hub.take_calls()
    second = ship(many, "Two")

    assert steps(many) == 1
    assert len(hub.take_calls()) == 1
    assert all("GitHub takes no more requests" in str(why) for why in reasons(many, second))
    assert reasons(many, first) == {None}


def test_an_error_of_one_answer_puts_off_nobody_else(many: Stage) -> None:
    """It may be about these two commits alone."""
    version = ship(many)
    many.wire.put(wire.refused, method="GET", path=".*/compare", times=1)

    assert steps(many) == 2
    told = [target for target in TARGETS if shipped(many, version, target).comparison]
    assert len(told) == len(TARGETS) - 1
    assert reasons(many, version) == {None}


def test_who_waits_for_it_goes_on(many: Stage) -> None:
    many.change_rule(conditions={"approvals": 0, "commit_authors": ["Bo"]})
    version = ship(many)
    waiting = [many.promotion(version, target).status for target in TARGETS]
    assert waiting == [Status.WAITING] * len(TARGETS)

    assert steps(many) == 1
    many.work()
    assert all(many.runs(version, target) for target in TARGETS)


def test_people_are_asked_where_nobody_may_be_asked_for_long(many: Stage) -> None:
    """Each of them, and none has to find out by a step of its own."""
    many.change_rule(conditions={"approvals": 0, "commit_authors": ["Bo"]})
    hub = at_github(many)
    hub.put(_limiting, method="GET", times=9)
    version = ship(many)

    assert steps(many) == 1
    many.work()
    for target in TARGETS:
        assert "GitHub takes no more requests" in many.promotion(version, target).reason
    assert len(many.told("approval")) == len(TARGETS)


def _limiting(_: httpx.Request, send: wire.Send) -> httpx.Response:
    return httpx.Response(429, json={}, headers={"Retry-After": "3000"})


def test_whoever_is_locked_or_read_already_is_left_alone(many: Stage) -> None:
    version = ship(many)
    locked, leased = (many.promotion(version, name).id for name in MORE[:2])
    first = update(shipment).where(shipment.c.promotion_id == many.promotion(version).id)
    with many.database.begin() as conn:
        conn.execute(first.values(due_at=shipment.c.due_at - timedelta(seconds=1)))
        busy = update(shipment).where(shipment.c.promotion_id == leased)
        later = {"lease_owner": "other", "lease_until": shipment.c.due_at + timedelta(minutes=5)}
        conn.execute(busy.values(later))
    many.shift(many.seconds(3))
    with many.database.begin() as conn:
        waiting_promotions.lock(conn, locked)
        assert many.step(READING)

    told = {target: shipped(many, version, target).comparison is not None for target in TARGETS}
    assert [told[name] for name in (PROD, EU, MORE[2])] == [True] * 3
    assert [told[name] for name in MORE[:2]] == [False] * 2
    assert steps(many) == 1  # of the one that was locked
