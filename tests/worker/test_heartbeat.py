"""The pulse: what runners did last is known to every process, and what is dead goes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from listener.db import runners
from listener.db.engine import open_database
from listener.db.state_tables import runner
from listener.worker.heartbeat import Pulse
from listener.worker.runner import start_runners
from tests.worker.stage import Stage

PATIENCE = 60.0


def seen(stage: Stage) -> dict[str, float]:
    """The seconds since each runner's last round."""
    with stage.database.begin() as conn:
        return {each.name: each.idle.total_seconds() for each in runners.list_(conn)}


def test_every_runner_has_a_row_while_its_process_works(stage: Stage) -> None:
    started = start_runners(stage.context, promoting=2)
    try:
        with stage.database.begin() as conn:
            found = runners.list_(conn)
        works_on = sorted(each.works_on for each in found)
        assert works_on == [
            *("checks", "notice", "promotion", "promotion", "shipment", "word", "word")
        ]
        assert all(each.is_alive for each in found)
        assert len({each.name for each in found}) == len(works_on)
    finally:
        assert started.stop(PATIENCE)
    assert seen(stage) == {}


def test_a_runner_that_makes_no_round_grows_old_though_its_process_lives(stage: Stage) -> None:
    passed = [0.0]
    pulse = Pulse(stage.database, "host:1:aa", clock=lambda: passed[0])
    pulse.add("promotion")
    busy = pulse.add("look")
    pulse.beat()
    passed[0] = 61
    pulse.round_made(busy)
    pulse.beat()

    ages = seen(stage)
    assert 61 <= ages["aa:0"] < 61 + PATIENCE
    assert ages["aa:1"] < PATIENCE


def test_rows_of_a_dead_process_go_with_the_next_beat_of_a_living_one(stage: Stage) -> None:
    dead, living = Pulse(stage.database, "host:1:aa"), Pulse(stage.database, "host:2:bb")
    for pulse in (dead, living):
        pulse.add("promotion")
    dead.beat()
    stage.shift(timedelta(seconds=61))
    living.beat()
    with stage.database.begin() as conn:
        assert conn.execute(select(runner.c.process)).scalars().all() == ["host:2:bb"]


def test_a_beat_that_finds_no_database_is_left_out(stage: Stage) -> None:
    away = open_database("postgres://ana:pw@127.0.0.1:9/acme")
    pulse = Pulse(away, "host:1:aa")
    pulse.add("promotion")
    pulse.beat()
    pulse.end()
    assert seen(stage) == {}
