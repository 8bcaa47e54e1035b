"""Waiting tells each change once, bears a listener that is away, and stops nothing by stopping."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from autopromote.commands.promotions.watch import FIRST_PAUSE, LAST_PIECES, PATIENCE, Watch, pauses
from autopromote.errors import Failure, NotAListener, Refused, Unfinished, Unreachable
from autopromote.resources import Output, Promotion, PromotionInFull, ReleaseRef
from tests.cli.answers import full
from tests.cli.program import barred


def promotion(
    status: str, *, id: str = "42", reason: str | None = None, version: int | None = None
) -> Promotion:
    """Return a promotion as the listener shows it."""
    known: dict[str, Any] = {
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
            "slug": {"id": "s", "commit": None},
        },
        "target": {
            "app": {"id": "b", "name": "example-app"},
            "release": {"id": "x", "version": version} if version else None,
        },
    }
    return full(PromotionInFull, known)


def piece(offset: int, text: str, *, is_over: bool = False) -> Output:
    """Return a piece of an output as the listener shows it."""
    release: ReleaseRef = {"id": "x", "version": 52}
    return {
        "offset": offset,
        "text": text,
        "is_over": is_over,
        "release": release,
        "message": None,
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
            "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app: waiting (soaks)\n"
            "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app: posting\n"
            "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app v52: succeeded\n"
        ),
    )
    assert len(made) == 4


def test_a_rollback_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    watching, _ = watch()
    watching.until_the_end([promotion("succeeded", version=53) | {"kind": "rollback"}])
    assert capsys.readouterr().err == "Rollback 42 of ⬢ example-app v53: succeeded\n"


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
    begun: Promotion = promotion("waiting") | {"page_url": PAGE}
    with pytest.raises(Unfinished) as raised:
        watching.until_the_end([begun, promotion("skipped", id="43")])
    assert raised.value.exit_code == 130
    assert raised.value.message == (
        "No longer waiting; what was begun goes on by itself.\n"
        "Run `autopromote promotions:info 42` to look again.\n"
        "Run `autopromote promotions:info 43` to look again.\n"
        f"See {PAGE}"
    )


class Clock:
    """A clock that goes on by what is paused."""

    def __init__(self) -> None:
        self.now = 1000.0

    def pause(self, seconds: float) -> None:
        self.now += seconds


def waiting(**gate: str | None) -> Promotion:
    """Return a promotion that waits for a gate, and for somebody to approve."""
    soak = {"name": "soak", "verdict": "wait", "message": "v42 soaks for 2h.", **gate}
    asks = {"name": "approvals", "verdict": "wait", "message": "0 of 1 approvals."}
    passed = {"name": "order", "verdict": "pass", "message": "v42 is newer."}
    return promotion("waiting", reason="v42 soaks for 2h.") | {"gates": [passed, soak, asks]}  # type: ignore[return-value]


def test_what_it_waits_for_is_told_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock, ends = Clock(), promotion("succeeded", version=52)
    looks = [*[waiting()] * 100, *[promotion("releasing", reason="it runs")] * 50, ends]
    watching, _ = watch(*looks)
    watching.clock, watching.pause = lambda: clock.now, clock.pause
    assert watching.until_the_end([waiting()]) == [ends]
    still = "Promotion 42 to ⬢ example-app: still"
    asked = "for soak: v42 soaks for 2h.; approvals: 0 of 1 approvals."
    assert capsys.readouterr().err.splitlines() == [
        f"{LINE}: waiting (v42 soaks for 2h.)",
        f"{still} waiting after 1m {asked}",
        f"{still} waiting after 2m {asked}",
        f"{still} waiting after 3m {asked}",
        f"{LINE}: releasing (it runs)",
        f"{still} releasing after 4m: it runs",
        f"{LINE} v52: succeeded",
    ]


def test_when_the_time_is_up_it_says_what_for_and_nothing_is_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock, until = Clock(), "2015-11-17T17:37:41Z"
    stands = waiting(until=until)
    watching, _ = watch(*[stands] * 100)
    watching.clock, watching.pause, watching.limit = lambda: clock.now, clock.pause, 45.0
    assert watching.until_the_end([waiting(), promotion("skipped", id="43")])[0] == stands
    assert clock.now == 1045.0
    *_, waits, ends, look = capsys.readouterr().err.splitlines()
    assert waits.startswith(
        "Promotion 42 to ⬢ example-app: still waiting after 45s"
        " for soak: v42 soaks for 2h. Until 2015-11-17 "
    )
    assert ends == "No longer waiting; what was begun goes on by itself."
    assert look == "Run `autopromote promotions:info 42` to look again."


def test_what_ends_in_time_is_followed_to_its_end() -> None:
    clock, ends = Clock(), promotion("succeeded", version=52)
    watching, _ = watch(promotion("posting"), ends)
    watching.clock, watching.pause, watching.limit = lambda: clock.now, clock.pause, 45.0
    assert watching.until_the_end([promotion("waiting")]) == [ends]


def test_a_rollback_that_waits_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    watching, _ = watch(*[promotion("waiting") | {"kind": "rollback"}] * 9)
    watching.clock, watching.pause, watching.limit = lambda: clock.now, clock.pause, 3.0
    watching.until_the_end([promotion("waiting") | {"kind": "rollback"}])
    assert "\nRollback 42 to ⬢ example-app: still waiting after 3s\n" in capsys.readouterr().err


def reader(*pieces: Output | Failure) -> tuple[Callable[[str, int], Output], list[tuple[str, int]]]:
    """Return what reads these pieces of an output, the last one for ever, and what is asked."""
    asked: list[tuple[str, int]] = []
    remaining = list(pieces)

    def read(id: str, offset: int) -> Output:
        asked.append((id, offset))
        found = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(found, Failure):
            raise found
        return found

    return read, asked


PAGE = "https://autopromote.example.com/promotions/42"
LINE = "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app"


def test_what_the_release_phase_prints_is_shown_between_the_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watching, made = watch(
        promotion("releasing"), promotion("releasing"), promotion("succeeded", version=52)
    )
    watching.read, asked = reader(
        piece(4, "one\n"), piece(6, "tw"), piece(8, "o\n"), piece(8, "", is_over=True)
    )
    watching.until_the_end([promotion("posting")])
    assert capsys.readouterr().err == (
        f"{LINE}: posting\n{LINE}: releasing\none\ntwo\n{LINE} v52: succeeded\n"
    )
    assert asked == [("42", 0), ("42", 4), ("42", 6), ("42", 8)]
    assert made[1:] == [FIRST_PAUSE, FIRST_PAUSE], "reading on is a pause in itself"


def test_a_phase_that_ended_between_two_looks_is_shown_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    moments = [{"at": "noon", "event": "releasing", "message": "released"}]
    ended = promotion("failed") | {"timeline": moments}
    watching, _ = watch(ended)  # type: ignore[arg-type]
    watching.read, _ = reader(piece(3, "one", is_over=True))
    watching.until_the_end([promotion("posting")])
    assert capsys.readouterr().err == f"{LINE}: posting\none\n{LINE}: failed\n"


def test_without_a_release_no_output_is_asked_for() -> None:
    watching, _ = watch(promotion("rejected"))
    watching.read, asked = reader(piece(0, ""))
    watching.until_the_end([promotion("waiting")])
    assert asked == []


def test_of_several_each_line_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    watching, _ = watch(promotion("releasing"), promotion("succeeded"))
    watching.read, _ = reader(piece(4, "one\n"), piece(4, "", is_over=True))
    watching.until_the_end([promotion("posting"), promotion("skipped", id="43")])
    assert "\n⬢ example-app: one\n" in capsys.readouterr().err


def test_an_output_without_end_does_not_keep_anybody() -> None:
    watching, _ = watch(promotion("releasing"), promotion("succeeded"))
    watching.read, asked = reader(piece(4, "one\n"))
    watching.until_the_end([promotion("posting")])
    assert len(asked) == 1 + LAST_PIECES


@pytest.mark.parametrize(
    ("trouble", "warning"),
    [
        (Unreachable("away"), ""),
        (Refused("busy", id="busy", status=429), ""),
        (Refused("no", id="forbidden", status=403), "no"),
        (NotAListener("odd"), "odd"),
        (Refused("There is nothing", id="not_found", status=404), ""),
    ],
)
def test_an_output_that_cannot_be_read_spoils_nothing(
    capsys: pytest.CaptureFixture[str], trouble: Failure, warning: str
) -> None:
    watching, _ = watch(promotion("releasing"), promotion("releasing"), promotion("succeeded"))
    watching.read, _ = reader(trouble, piece(3, "one", is_over=True))
    watching.until_the_end([promotion("posting")])
    said = barred(f"Warning: The output of the release phase can't be shown: {warning}")
    is_given_up = not isinstance(trouble, Unreachable) and getattr(trouble, "status", 0) != 429
    assert capsys.readouterr().err == (
        f"{LINE}: posting\n{LINE}: releasing\n"
        + (said if warning else "")
        + ("" if is_given_up else "one\n")
        + f"{LINE}: succeeded\n"
    )


def test_an_output_that_cannot_be_read_to_its_end_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watching, _ = watch(promotion("releasing"), promotion("succeeded"))
    watching.read, _ = reader(piece(3, "one"), Unreachable("away"))
    watching.until_the_end([promotion("posting")])
    warning = barred("Warning: The output of the release phase can't be shown: away")
    assert f"{warning}one\n{LINE}: succeeded\n" in capsys.readouterr().err
