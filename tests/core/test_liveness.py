"""Runners: stuck, dead and forgotten ones are told apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listener.core.liveness import Runner, fault

WELL = (0, 0)


def runners(*ages: tuple[float, float]) -> list[Runner]:
    """Runners by the seconds since their last round and since their process was seen."""
    return [
        Runner(
            name=f"a1b2c3:{number}",
            works_on="promotion",
            idle=timedelta(seconds=idle),
            unseen=timedelta(seconds=unseen),
        )
        for number, (idle, unseen) in enumerate(ages)
    ]


@pytest.mark.parametrize(
    "ages",
    [
        (),  # none ever began
        (WELL,),
        ((60, 0),),
        (WELL, (900, 900)),  # of a process that was killed, beside one that lives
        ((100_000, 100_000),),  # long since given up
    ],
)
def test_nothing_is_wrong(ages: tuple[tuple[float, float], ...]) -> None:
    assert fault(runners(*ages)) is None


def test_a_runner_without_a_round_for_a_minute_is_told() -> None:
    assert fault(runners(WELL, (61, 3))) == (
        "Runner a1b2c3:1 (promotion) made its last round 61 s ago."
        " Where that goes on: `heroku ps:restart -a LISTENER`."
    )


def test_where_all_are_dead_nobody_promotes() -> None:
    said = fault(runners((943, 943), (950, 943)))
    assert said is not None
    assert said.startswith("Nobody promotes: the last runner was at work 943 s ago.")
