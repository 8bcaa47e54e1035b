"""Asking Heroku while a person waits: what its troubles are called, and when it is too late."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event

import pytest

from listener import heroku
from listener.errors import HerokuUnreadable, Spared
from listener.heroku import (
    BadAnswer,
    Doubtful,
    HerokuError,
    NotSent,
    RateLimited,
    Refused,
    Spender,
    on_behalf_of,
    spender,
)
from listener.inventory.shared import MOST_KEPT, SharedAnswers, TooLate
from listener.services import backtests, diff, pipelines, rule_files
from listener.services.diff import Comparison
from listener.services.heroku_calls import HerokuCall, gather, was_refused
from listener.services.rule_definition import NewRule, RuleChange
from listener.services.rule_plan import NewFile
from tests.services.office import EU, PROD, STAGING, Office

BUT = "Nothing happened."


def answering(error: HerokuError) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotSent("Heroku could not be reached."), "Heroku could not be reached."),
        (Doubtful("Heroku answered 503.", status=503), "Heroku answered 503."),
        (BadAnswer("No list."), "No list."),
        (
            Refused("Payment is due.", status=402, id="delinquent"),
            "Heroku refused (402 delinquent): Payment is due. Nothing happened.",
        ),
        (RateLimited("Slow down.", status=429, id="rate_limit"), "(429 rate_limit): Slow down."),
    ],
)
def test_heroku_is_quoted_with_what_follows(error: HerokuError, message: str) -> None:
    with pytest.raises(HerokuUnreadable) as refusal:
        HerokuCall(BUT)(answering, error)
    assert message in refusal.value.message
    assert refusal.value.message.endswith(f" {BUT}")
    assert was_refused(refusal.value) is isinstance(error, Refused)


@pytest.mark.parametrize(
    ("id_", "advice"),
    [
        ("unauthorized", "`heroku authorizations:create`"),
        ("forbidden", "`heroku access:add`"),
        ("two_factor", "a second factor"),
    ],
)
def test_a_refusal_comes_with_advice(id_: str, advice: str) -> None:
    with pytest.raises(HerokuUnreadable, match=advice):
        HerokuCall(BUT)(answering, Refused("No.", status=403, id=id_))


def test_what_is_gone_is_none_and_nothing_else_is() -> None:
    ask = HerokuCall(BUT)
    assert ask.unless_gone(answering, Refused("Gone.", status=404, id="not_found")) is None
    assert ask.unless_gone(int, "7") == 7
    for error in (Refused("No.", status=403, id="forbidden"), Doubtful("503", status=404)):
        with pytest.raises(HerokuUnreadable):
            ask.unless_gone(answering, error)


def test_nothing_more_is_asked_when_it_would_take_too_long() -> None:
    began_at = time.monotonic() - 11
    asked: list[int] = []
    for ask in (HerokuCall(BUT, began_at=began_at), HerokuCall("", began_at=began_at).now(BUT)):
        with pytest.raises(HerokuUnreadable, match=f"takes too long to answer. {BUT}"):
            ask(asked.append, 1)
    assert asked == []


# What people look at is read once for all of them.


class Heroku:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.writes = 0
        self.looks = 0
        self.goes_on = Event()
        self.goes_on.set()

    def app(self, name: str) -> str:
        """An app."""
        self.asked.append(name)
        assert self.goes_on.wait(60)
        if name == "dear":
            raise heroku.Spared("Few are left.", again_in=7)
        if name == "gone":
            raise Refused("Couldn't find that app.", status=404, id="not_found")
        return name.upper()

    def written(self) -> int:
        """How many changes there were; asked by everybody who looks."""
        self.looks += 1
        return self.writes

    def factors(self, names: list[str]) -> int:
        """Something about several apps."""
        self.asked.append(names)
        return len(names)


@pytest.fixture
def counting() -> Heroku:
    """A Heroku that counts what it is asked."""
    return Heroku()


def sharing(heroku: Heroku, seconds: float = 10) -> SharedAnswers:
    """What people share of it."""
    return SharedAnswers(heroku.written, seconds=seconds)


def look(
    shared: SharedAnswers, heroku: Heroku, name: str = "one", *, until: float | None = None
) -> str:
    """Look at an app that is shared."""
    return shared(partial(heroku.app, name), until=until or time.monotonic() + 20)


def looking(shared: SharedAnswers, heroku: Heroku, name: str) -> list[BaseException | None]:
    """Three who look at once, of whom two wait for what the first one is told."""
    heroku.goes_on.clear()
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(look, shared, heroku, name) for _ in range(3)]
        while heroku.looks < 3:
            pass
        heroku.goes_on.set()
        return [each.exception() for each in waiting]


def test_an_answer_is_shared_by_all_who_look(counting: Heroku) -> None:
    shared = sharing(counting)
    for _ in range(3):
        ask = HerokuCall("", shared=shared)
        assert ask(counting.app, "one") == "ONE"
        assert gather(ask, {1: partial(counting.app, "one")}) == {1: "ONE"}
        assert gather(ask, {1: partial(counting.factors, ["x"])}) == {1: 1}
    assert counting.asked == ["one", ["x"]]


def test_after_a_change_and_after_a_while_it_is_asked_again(counting: Heroku) -> None:
    shared = sharing(counting)
    look(shared, counting)
    counting.writes += 1
    look(shared, counting)
    brief = sharing(counting, seconds=0)
    look(brief, counting)
    look(brief, counting)
    assert len(counting.asked) == 4


def test_whoever_comes_meanwhile_waits_for_the_answer(counting: Heroku) -> None:
    shared = sharing(counting)
    counting.goes_on.clear()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(look, shared, counting) for _ in range(4)]
        while not counting.asked:
            pass
        counting.goes_on.set()
        assert [each.result() for each in waiting] == ["ONE"] * 4
    assert counting.asked == ["one"]


def test_who_waits_is_told_heroku_s_error_and_the_next_one_asks_again(counting: Heroku) -> None:
    shared = sharing(counting)
    assert all(isinstance(each, Refused) for each in looking(shared, counting, "gone"))
    assert counting.asked == ["gone"]
    with pytest.raises(Refused):
        look(shared, counting, "gone")
    assert counting.asked == ["gone"] * 2


def test_who_waits_asks_where_the_asker_was_only_spared(counting: Heroku) -> None:
    found = looking(sharing(counting), counting, "dear")
    assert all(isinstance(each, heroku.Spared) for each in found)
    assert counting.asked == ["dear"] * 3


def test_nobody_waits_for_another_s_answer_longer_than_for_an_own_one(counting: Heroku) -> None:
    shared = sharing(counting)
    counting.goes_on.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(look, shared, counting)
        while not counting.asked:
            pass
        late = HerokuCall(BUT, shared=shared, began_at=time.monotonic() - 9.9)
        with pytest.raises(HerokuUnreadable, match=f"takes too long to answer. {BUT}"):
            late(counting.app, "one")
        counting.goes_on.set()
        assert slow.result() == "ONE"
    assert counting.asked == ["one"]


def test_nothing_shared_is_asked_too_late(counting: Heroku) -> None:
    with pytest.raises(TooLate):
        look(sharing(counting), counting, until=time.monotonic() - 1)
    assert counting.asked == []


def test_of_many_questions_the_latest_are_kept(counting: Heroku) -> None:
    shared = sharing(counting)
    for number in range(MOST_KEPT + 5):
        look(shared, counting, str(number))
    look(shared, counting, str(number))
    assert len(counting.asked) == MOST_KEPT + 5


def test_whoever_looks_again_costs_no_call(office: Office) -> None:
    office.add_rule()
    office.deploy(STAGING)
    shared = SharedAnswers(lambda: office.context.heroku.writes)
    context = replace(office.context, shared=shared)

    def look() -> None:
        pipelines.list_(context)
        diff.compare(context, Comparison(source=STAGING, targets=(PROD,)))
        backtests.of_rule(context, "ship", newest=10)
        backtests.of_change(context, "ship", RuleChange(conditions={"soak": "1h"}), newest=10)
        rule = NewRule(name="new", source=STAGING, targets=(EU,))
        rule_files.plan(context, NewFile(rules=(rule,)))

    office.calls()
    look()
    assert office.calls()
    look()
    assert office.calls() == []


# On whose behalf Heroku is asked.


def test_it_is_asked_on_behalf_of_whoever_asks_us_unless_that_is_vital() -> None:
    cy = Spender("cy@example.com", keeps=500, a_minute=1)
    with on_behalf_of(cy):
        ask, vital = HerokuCall("Nothing."), HerokuCall("Nothing.", vital=True)
        assert vital(spender) is None
        assert vital.now("Still.")(spender) is None
    assert gather(ask, {1: spender}) == {1: cy}
    assert ask.now("Still.")(spender) == cy


def test_what_was_not_asked_says_when_to_try_again() -> None:
    def ask_too_much() -> None:
        raise heroku.Spared("Few are left.", again_in=7)

    ask = HerokuCall("Nothing was tried.")
    with pytest.raises(Spared) as spared:
        gather(ask, {1: ask_too_much})
    assert spared.value.again_in == 7
    assert spared.value.message == "Few are left. Try again in 7 s. Nothing was tried."
