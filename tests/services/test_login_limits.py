"""What strangers may cost who log in: tries of an address, what was refused, a place in line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from listener.errors import Busy, Unauthorized
from listener.services.login_limits import (
    AT_ONCE,
    EVERY,
    FAILURES,
    KEPT,
    MOST_KNOWN_WAITING,
    MOST_WAITING,
    READ_EVERY,
    AddressBudgets,
    KnownAddresses,
    Line,
    RememberedRefusals,
    party_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def failures(budgets: AddressBudgets, address: str | None, now: datetime) -> int:
    """How many tries an address has left at a time."""
    for number in range(FAILURES + 1):
        try:
            budgets.take(address, now)
        except Busy:
            return number
    raise AssertionError("there is no end of it")


def test_tries_come_back_with_time_and_never_more_than_there_were() -> None:
    budgets = AddressBudgets()
    assert failures(budgets, "192.0.2.1", NOON) == FAILURES
    assert failures(budgets, "192.0.2.1", NOON + EVERY / 2) == 0
    assert failures(budgets, "192.0.2.1", NOON + 3 * EVERY) == 3
    assert failures(budgets, "192.0.2.1", NOON + timedelta(days=1)) == FAILURES
    for moment in (NOON, NOON + timedelta(days=1)):  # a clock that goes back grants nothing
        assert failures(budgets, "192.0.2.1", moment) == 0


def test_a_refusal_says_when_to_come_again() -> None:
    budgets = AddressBudgets()
    failures(budgets, None, NOON)
    with pytest.raises(Busy) as refused:
        budgets.take(None, NOON + timedelta(seconds=2))
    assert refused.value.again_in == 4


def test_a_good_login_costs_nothing() -> None:
    budgets = AddressBudgets()
    for _ in range(3 * FAILURES):
        budgets.take("192.0.2.1", NOON)
        budgets.give_back("192.0.2.1")
    budgets.give_back("192.0.2.7")
    assert failures(budgets, "192.0.2.1", NOON) == FAILURES


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", None, False),
        (None, None, True),
    ],
)
def test_an_ipv6_address_counts_by_its_network(
    one: str | None, other: str | None, is_same: bool
) -> None:
    assert (party_of(one) == party_of(other)) is is_same


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    budgets, refusals = AddressBudgets(most=5), RememberedRefusals(most=5)
    for number in range(50):
        budgets.take(f"192.0.2.{number}", NOON)
        refusals.add(f"digest {number}", Unauthorized("No."), NOON)
    assert (len(budgets), len(refusals)) == (5, 5)
    refusals.check("digest 44", NOON)
    with pytest.raises(Unauthorized):
        refusals.check("digest 45", NOON)


def test_a_refusal_is_remembered_for_a_minute_in_heroku_s_words() -> None:
    refusals = RememberedRefusals()
    refusals.add("digest", Unauthorized("No.", id="refused"), NOON)
    with pytest.raises(Unauthorized) as said:
        refusals.check("digest", NOON + timedelta(seconds=59))
    assert (said.value.id, said.value.message) == ("refused", "No.")
    refusals.check("digest", NOON + timedelta(seconds=60))
    refusals.check("digest", NOON - timedelta(seconds=1))
    refusals.check("other", NOON)


def test_whoever_waits_gets_a_place_in_order_and_too_many_are_sent_away() -> None:
    line, go, end, order = Line(seconds=60), Event(), Event(), list[int]()

    def come(number: int) -> None:
        with line.place(f"192.0.2.{number}"):
            order.append(number)
            (go if number else end).wait(60)  # so all others share one place

    with ThreadPoolExecutor(20) as threads:
        asked = []
        for number in range(AT_ONCE + MOST_WAITING):
            asked.append(threads.submit(come, number))
            while len(order) + line.waiting < number + 1:
                go.wait(0.01)  # until this one stands in line
        with pytest.raises(Busy, match="Others are just logging in"), line.place("192.0.2.99"):
            pass
        go.set()
        for each in asked[1:]:
            each.result(60)
        end.set()
    assert order[AT_ONCE:] == list(range(AT_ONCE, AT_ONCE + MOST_WAITING))
    with line.place("192.0.2.99"):
        assert line.waiting == 0


def test_a_place_is_kept_for_those_who_are_known_however_many_strangers_come() -> None:
    line, go, order = Line(seconds=60), Event(), list[str]()

    def come(address: str, *, is_known: bool) -> None:
        with line.place(address, is_known=is_known):
            order.append(address)
            go.wait(60)

    strangers = [f"192.0.2.{number}" for number in range(AT_ONCE + MOST_WAITING)]
    known = [f"198.51.100.{number}" for number in range(KEPT + MOST_KNOWN_WAITING)]
    with ThreadPoolExecutor(20) as threads:
        asked = []
        for number, address in enumerate([*strangers, *known]):
            is_known = address in known
            asked.append(threads.submit(come, address, is_known=is_known))
            while len(order) + line.waiting < number + 1:
                go.wait(0.01)  # until this one stands in line
        while len(order) < AT_ONCE + KEPT:
            go.wait(0.01)
        assert order == [*strangers[:AT_ONCE], *known[:KEPT]]
        for is_known in (False, True):
            with pytest.raises(Busy), line.place("192.0.2.99", is_known=is_known):
                pass
        go.set()
        for each in asked:
            each.result(60)
    assert sorted(order) == sorted([*strangers, *known])
    with line.place("192.0.2.1"), line.place("192.0.2.2"):
        assert line.waiting == 0
        with line.place("198.51.100.1", is_known=True):
            assert line.waiting == 0


def test_who_is_known_takes_any_place_that_is_free() -> None:
    line = Line(seconds=0)
    with (
        line.place("198.51.100.1", is_known=True),
        line.place("198.51.100.2", is_known=True),
        line.place("198.51.100.3", is_known=True),
    ):
        with pytest.raises(Busy), line.place("198.51.100.4", is_known=True):
            pass
        with pytest.raises(Busy), line.place("192.0.2.1"):
            pass
    with line.place("192.0.2.1"), line.place("192.0.2.2"):
        pass


def test_addresses_are_known_for_a_while_and_no_more_than_so_many() -> None:
    told = [f"192.0.2.{number}" for number in range(9)]
    asked: list[int] = []

    def read() -> list[str]:
        asked.append(len(asked))
        return told

    known = KnownAddresses(read, most=5)
    assert "192.0.2.0" not in known
    for moment in (NOON, NOON + READ_EVERY - timedelta(seconds=1)):
        known.refresh(moment)
    assert (len(asked), len(known)) == (1, 5)
    assert ["192.0.2.4" in known, "192.0.2.5" in known] == [True, False]
    known.add("2001:db8::1")
    known.add(None)
    assert None not in known
    assert (len(known), "192.0.2.4" in known, "2001:db8::ffff:1" in known) == (5, False, True)
    known.refresh(NOON + READ_EVERY)
    assert ("192.0.2.4" in known, "2001:db8::1" in known) == (True, False)
    known.refresh(NOON)  # a clock that goes back
    assert len(asked) == 3


def test_addresses_that_could_not_be_read_are_read_by_the_next_one() -> None:
    answers: list[list[str]] = [["192.0.2.1"]]

    def read() -> list[str]:
        if len(answers) == 1:
            answers.append([])
            raise ZeroDivisionError
        return answers[0]

    known = KnownAddresses(read)
    with pytest.raises(ZeroDivisionError):
        known.refresh(NOON)
    known.refresh(NOON)
    assert "192.0.2.1" in known


def test_an_address_has_no_more_than_its_share() -> None:
    line = Line(seconds=120)
    with line.place("192.0.2.1"), line.place("192.0.2.1"), ThreadPoolExecutor() as threads:
        asked = threads.submit(line.place("192.0.2.1").__enter__)
        assert isinstance(asked.exception(60), Busy)  # without waiting


def test_whoever_waited_in_vain_is_sent_away() -> None:
    line = Line(seconds=0)
    with line.place("192.0.2.1"), line.place("192.0.2.1"):
        with pytest.raises(Busy), line.place("192.0.2.2"):
            pass
        assert line.waiting == 0
    with line.place("192.0.2.1"), line.place("192.0.2.2"):
        pass


def test_a_place_is_free_again_whatever_happened() -> None:
    line = Line(seconds=0)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), line.place("192.0.2.1"):
            raise ZeroDivisionError
