"""Waiting tells each change once, bears a listener that is away, and stops nothing by stopping."""

from __future__ import annotations

from itertools import islice

import pytest

from cli.errors import Failure, Refused, Unfinished, Unreachable
from cli.resources import Promotion
from cli.watch import PATIENCE, Watch, pauses
from tests.cli.program import barred


def promotion(
    status: str, *, id: str = "42", reason: str | None = None, version: int | None = None
) -> Promotion:
    """Return a promotion as the listener shows it."""
    return {
        "id": id,
        "status": status,
        "reason": reason,
        "due_at": None,
        "rule": None,
        "gates": [],
        "created_at": "2015-11-17T17:37:41Z",
        "updated_at": "2015-11-17T17:37:41Z",
        "source": {
            "app": {"id": "a", "name": "example-app-staging"},
            "release": {"id": "r", "version": 42},
            "slug": None,
        },
        "target": {
            "app": {"id": "b", "name": "example-app"},
            "release": {"id": "x", "version": version} if version else None,
        },
    }


def watch(*answers: Promotion | BaseException) -> tuple[Watch, list[float]]:
    """Return a watch that meets these answers, one a look, and the pauses it makes."""
    made: list[float] = []
    remaining = iter(answers)

    def look(_: str) -> Promotion:
        answer = next(remaining)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return Watch(look, pause=made.append), made


def test_each_change_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [
        promotion("waiting", reason="soaks"),
        promotion("posting"),
        promotion("posting"),
        promotion("succeeded", version=52),
    ]
    watching, made = watch(*looks)

    assert watching.until_the_end([promotion("waiting", reason="soaks")]) == [looks[-1]]
    assert capsys.readouterr() == (
        "",
        (
            "Promotion 42 of example-app-staging v42 to example-app: waiting (soaks)\n"
            "Promotion 42 of example-app-staging v42 to example-app: posting\n"
            "Promotion 42 of example-app-staging v42 to example-app v52: succeeded\n"
        ),
    )
    assert len(made) == 4


def test_a_rollback_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    watching, _ = watch()
    watching.until_the_end([promotion("succeeded", version=53) | {"kind": "rollback"}])
    assert capsys.readouterr().err == "Rollback 42 of example-app v53: succeeded\n"


def test_what_has_ended_is_not_asked_for_again() -> None:
    watching, made = watch(promotion("failed", id="43"))
    ended = promotion("skipped", id="42")
    assert watching.until_the_end([ended, promotion("posting", id="43")]) == [
        ended,
        promotion("failed", id="43"),
    ]
    assert len(made) == 1


@pytest.mark.parametrize(
    "status",
    [
        "succeeded",
        "failed",
        "errored",
        "rolled_back",
        "superseded",
        "cancelled",
        "rejected",
        "skipped",
    ],
)
def test_every_end_is_an_end(status: str) -> None:
    watching, made = watch()
    watching.until_the_end([promotion(status)])
    assert made == []


@pytest.mark.parametrize("status", ["waiting", "posting", "releasing", "verifying", "rolling_back"])
def test_everything_else_goes_on(status: str) -> None:
    watching, made = watch(promotion("succeeded"))
    watching.until_the_end([promotion(status)])
    assert len(made) == 1


def test_pauses_are_short_at_first_and_never_long() -> None:
    first = list(islice(pauses(), 20))
    assert first[0] == 0.3
    assert first == sorted(first)
    assert first[-1] == 2.0


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable("away"),
        Refused("away", id=None, status=503),
        Refused("away", id="busy", status=429),
    ],
)
def test_a_listener_that_is_away_for_a_moment_is_borne(
    capsys: pytest.CaptureFixture[str], trouble: Failure
) -> None:
    watching, _ = watch(trouble, trouble, promotion("succeeded"))
    watching.until_the_end([promotion("waiting")])
    assert capsys.readouterr().err.count(barred("Warning: away", "Trying on.")) == 1


def test_a_listener_that_stays_away_is_given_up() -> None:
    watching, made = watch(*[Unreachable("away")] * (PATIENCE + 1))
    with pytest.raises(Unreachable):
        watching.until_the_end([promotion("waiting")])
    assert len(made) == PATIENCE + 1


def test_patience_begins_anew_with_each_answer() -> None:
    away = [Unreachable("away")] * PATIENCE
    watching, _ = watch(*away, promotion("posting"), *away, promotion("succeeded"))
    assert watching.until_the_end([promotion("waiting")]) == [promotion("succeeded")]


def test_a_no_is_not_borne() -> None:
    watching, _ = watch(Refused("gone", id="promotion_not_found", status=404))
    with pytest.raises(Refused):
        watching.until_the_end([promotion("waiting")])


def test_an_interrupt_stops_the_waiting_and_nothing_else() -> None:
    watching, _ = watch(KeyboardInterrupt())
    with pytest.raises(Unfinished) as raised:
        watching.until_the_end([promotion("waiting"), promotion("skipped", id="43")])
    assert raised.value.exit_code == 130
    assert raised.value.message == (
        "No longer waiting; what was begun goes on by itself.\n"
        "Run `autopromote promotions:info 42` to look again.\n"
        "Run `autopromote promotions:info 43` to look again."
    )
