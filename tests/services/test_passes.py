"""Passes: how often the database is asked for those who look, and how soon an end is known."""

from __future__ import annotations

from collections.abc import Collection

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
        return self.good & set(ids)


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
