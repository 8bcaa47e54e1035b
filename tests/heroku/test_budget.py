"""The account's calls: who may spend them, and when those who may not are to come again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from listener.core import promotion
from listener.heroku import Spared, Spender, budget, on_behalf_of
from listener.heroku.budget import Budget

CY = Spender("cy@example.com", keeps=500, a_minute=3)
ANA = Spender("ana@example.com", keeps=100, a_minute=1000)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 6000.0

    def __call__(self) -> float:
        return self.now


def spend(account: Budget, who: Spender | None) -> None:
    """One call on somebody's behalf."""
    with on_behalf_of(who), account.call():
        pass


def refused(account: Budget, who: Spender) -> Spared:
    """Why somebody may spend no call."""
    with pytest.raises(Spared) as spared:
        spend(account, who)
    return spared.value


def test_nobody_is_refused_while_nothing_is_told() -> None:
    spend(Budget(), CY)


@pytest.mark.parametrize(
    ("left", "who", "again_in"), [(500, CY, 1), (425, CY, 61), (100, ANA, 1), (0, ANA, 81)]
)
def test_readings_end_where_the_rest_is_kept(left: int, who: Spender, again_in: int) -> None:
    account = Budget(clock := Clock())
    account.note(left)
    spared = refused(account, who)
    assert spared.again_in == again_in
    assert f"grants the listener's account {left} more requests for now; the last" in str(spared)
    clock.now += again_in
    spend(account, who)


def test_what_goes_on_nobody_s_behalf_may_be_the_last() -> None:
    account = Budget()
    account.note(0)
    spend(account, None)


def test_calls_that_are_under_way_count() -> None:
    account = Budget(Clock())
    account.note(502)
    with on_behalf_of(CY), account.call():
        spend(account, CY)
        with account.call():
            refused(account, CY)


def test_one_who_asks_much_leaves_the_minute_to_others() -> None:
    account = Budget(clock := Clock())
    clock.now += 20
    for _ in range(CY.a_minute):
        spend(account, CY)
    spared = refused(account, CY)
    assert (spared.again_in, str(spared)) == (
        60,
        "cy@example.com has had 3 requests of Heroku within a minute.",
    )
    spend(account, ANA)
    clock.now += 60
    spend(account, CY)


def test_a_minute_is_any_sixty_seconds() -> None:
    """At the turn of a minute nobody has twice as many."""
    account = Budget(clock := Clock())
    for seconds in (30, 29, 0.5):
        clock.now += seconds
        spend(account, CY)
    clock.now += 1
    assert refused(account, CY).again_in == 30
    clock.now += 30
    spend(account, CY)
    assert refused(account, CY).again_in == 29


def test_who_asks_no_more_is_forgotten() -> None:
    account = Budget(clock := Clock())
    for number in range(1000):
        spend(account, Spender(f"{number}@example.com", keeps=0, a_minute=3))
        clock.now += 1
    assert account.remembered <= 120


def test_a_thread_asks_for_whom_it_was_told_and_then_for_nobody() -> None:
    with on_behalf_of(CY):
        assert budget.spender() == CY
        with on_behalf_of(None):
            assert budget.spender() is None
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(budget.spender).result() is None
        assert budget.spender() == CY
    assert budget.spender() is None


def test_the_numbers_are_those_that_promotions_go_by() -> None:
    assert budget.BACK_A_MINUTE == promotion.CALLS_BACK_A_MINUTE
