"""Passes: how often the database is asked for those who look, and how soon an end is known."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from listener.services.passes import EVERY, MOST, Passes


class Rows:
    """Rows that are good, a clock, and what was asked."""

    def __init__(self, *ids: str) -> None:
        self.good = set(ids)
        self.now = 100.0
        self.asked: list[list[str]] = []
        self.passes = Passes(self.answer, clock=lambda: self.now)
        for id in ids:
            self.passes.note(id)

    def answer(self, ids: Collection[str]) -> set[str]:
        self.asked.append(sorted(ids))
        self.meanwhile()
        return self.good & set(ids)

    def meanwhile(self) -> None:
        """What happens while the database takes its time: nothing."""


def test_all_who_look_cost_one_question_in_half_a_second() -> None:
    rows = Rows("ana", "bo")

    for _ in range(20):
        assert rows.passes.is_good("ana")
        assert rows.passes.is_good("bo")
        rows.now += EVERY / 10

    assert rows.asked == [["ana", "bo"]] * 2


def test_what_ended_is_known_after_half_a_second_and_stays_so() -> None:
    rows = Rows("ana", "bo")
    assert rows.passes.is_good("ana")
    rows.good.remove("ana")

    rows.now += EVERY

    assert not rows.passes.is_good("ana")
    assert rows.passes.is_good("bo")
    rows.now += EVERY
    assert not rows.passes.is_good("ana")
    assert rows.asked[-1] == ["bo"]


def test_nobody_is_good_who_was_not_noted_and_nothing_is_asked_for_nobody() -> None:
    rows = Rows()

    assert not rows.passes.is_good("zoe")
    assert rows.asked == []


def test_a_crowd_takes_no_more_room_than_this() -> None:
    rows = Rows(*(str(number) for number in range(MOST + 1)))

    assert not rows.passes.is_good("0")
    assert rows.passes.is_good(str(MOST))
    assert len(rows.asked[0]) == MOST


def test_who_looks_while_the_database_takes_long_is_answered_at_once() -> None:
    rows = Rows("ana", "bo")
    seen = []
    rows.meanwhile = lambda: seen.append(rows.passes.is_good("bo"))  # type: ignore[method-assign]

    assert rows.passes.is_good("ana")
    assert (seen, rows.asked) == ([True], [["ana", "bo"]])


def test_after_a_question_that_failed_the_next_one_asks_again() -> None:
    rows = Rows("ana")

    def fail() -> None:
        raise ConnectionError

    rows.meanwhile = fail  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(ConnectionError):
            rows.passes.is_good("ana")

    assert len(rows.asked) == 2
