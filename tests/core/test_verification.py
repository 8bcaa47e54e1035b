"""Verification after a promotion: when it asks, what it comes to, and that it always ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.gates.options import NONE, OnFailure, parse
from listener.core.verification import (
    LAST_IN_A_ROW,
    MOST_KEPT,
    Answer,
    Outcome,
    Probe,
    Verification,
    plan,
    read,
)
from tests.core.releases import NOON

URL = "https://prod.example.com/healthz"
SAID = f"{URL} answered 503"
ANSWERS = {
    "+": Probe(URL, True, "answered 200"),
    "-": Probe(URL, False, "answered 503"),
    "x": Probe(URL, False, "was not asked: it is private", was_asked=False),
}


def verification(lasts: timedelta = timedelta(seconds=50)) -> Verification:
    """What is verified for so long."""
    return Verification(urls=(URL,), lasts=lasts, on_failure=OnFailure.ROLLBACK)


def answered(answers: str, lasts: timedelta = timedelta(seconds=50)) -> Verification:
    """After these answers, the last at the very end."""
    seen = verification(lasts)
    for number, word in enumerate(answers, start=1):
        now = NOON + lasts * number / len(answers)
        seen = seen.after([ANSWERS["+"], ANSWERS[word]], NOON, now)
    return seen


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ("+++++", Outcome.GOOD),
        ("--+++", Outcome.GOOD),
        ("+-+++", Outcome.GOOD),
        ("---+++", Outcome.GOOD),
        ("----+++", Outcome.BAD),  # fewer than half
        ("---++", Outcome.BAD),
        ("++++-", Outcome.BAD),
        ("+++-++", Outcome.BAD),
        ("-----", Outcome.BAD),
        ("x----", Outcome.BAD),
        ("xxxxx", Outcome.UNKNOWN),
        ("xx+++", Outcome.GOOD),
        ("+++xx", Outcome.BAD),
        ("+", None),  # we were away: that says nothing yet
        ("--", None),
        ("---", Outcome.BAD),
    ],
)
def test_the_end_counts_and_half_of_all(answers: str, outcome: Outcome | None) -> None:
    assert answered(answers).outcome is outcome


def test_nothing_is_decided_before_the_end() -> None:
    seen = verification()
    for seconds in (10, 20, 30, 40, 49.99):
        seen = seen.after([ANSWERS["-"]], NOON, NOON + timedelta(seconds=seconds))
        assert seen.outcome is None
    assert seen.after([ANSWERS["-"]], NOON, NOON + timedelta(seconds=50)).outcome is Outcome.BAD


@pytest.mark.parametrize(
    ("lasts", "every", "planned"),
    [(1, 0.2, 5), (2, 0.4, 5), (50, 10, 5), (55, 10, 6), (300, 10, 30), (7200, 10, 720)],
)
def test_asks_every_ten_seconds_or_a_fifth(lasts: float, every: float, planned: int) -> None:
    seen = verification(timedelta(seconds=lasts))
    assert (seen.every.total_seconds(), seen.planned) == (every, planned)


def test_asks_at_equal_steps_and_at_the_very_end() -> None:
    seen, asked = verification(timedelta(seconds=55)), [NOON]
    while asked[-1] < NOON + timedelta(seconds=55):
        asked.append(seen.next_at(NOON, asked[-1] + timedelta(milliseconds=3)))
    assert [(at - NOON).total_seconds() for at in asked] == [0, 10, 20, 30, 40, 50, 55]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ("+++", f"3 of 3 answers of {URL} were good, the last 3 in a row."),
        (
            "-++",
            f"2 of 3 answers of {URL} were good, the last 2 in a row, the last bad one: {SAID}.",
        ),
    ],
)
def test_says_how_many_were_good(answers: str, words: str) -> None:
    assert answered(answers).words == words


TIMES = st.timedeltas(timedelta(seconds=1), timedelta(hours=2))
LATE = st.timedeltas(timedelta(), timedelta(hours=9))
ROUNDS = st.lists(st.sampled_from("+-x"), max_size=40).map("".join)


@given(TIMES, LATE)
def test_the_next_question_lies_ahead_and_never_beyond_the_end(
    lasts: timedelta, late: timedelta
) -> None:
    seen, now = verification(lasts), NOON + late
    at = seen.next_at(NOON, now)
    assert now < at <= max(NOON + lasts, now + seen.every)


@given(TIMES, st.lists(LATE, min_size=3, max_size=12), st.data())
def test_it_always_ends_however_late_we_are(
    lasts: timedelta, delays: list[timedelta], data: st.DataObject
) -> None:
    seen, now = verification(lasts), NOON
    for number in range(seen.planned + len(delays) + LAST_IN_A_ROW):
        if seen.outcome is not None:
            return
        now = seen.next_at(NOON, now) + (delays[number] if number < len(delays) else timedelta())
        seen = seen.after([ANSWERS[data.draw(st.sampled_from("+-x"))]], NOON, now)
    assert seen.outcome is not None


@given(ROUNDS.filter(lambda answers: len(answers) >= LAST_IN_A_ROW))
def test_one_more_good_answer_makes_nothing_worse(answers: str) -> None:
    if answered(answers).outcome is Outcome.GOOD:
        assert answered(f"{answers}+").outcome is Outcome.GOOD
    if answered(answers).outcome is not Outcome.GOOD:
        assert answered(f"{answers}-").outcome is not Outcome.GOOD


@given(ROUNDS.filter(lambda answers: len(answers) >= LAST_IN_A_ROW))
def test_what_went_bad_at_the_end_is_never_good(answers: str) -> None:
    assert answered(f"{answers}-").outcome is not Outcome.GOOD
    assert answered(f"{answers}x").outcome is not Outcome.GOOD


@given(ROUNDS, TIMES)
def test_it_survives_being_written_and_read(answers: str, lasts: timedelta) -> None:
    seen = answered(answers, lasts) if answers else verification(lasts)
    assert read(seen.as_json()) == seen


def test_what_a_rule_asks_for_is_planned() -> None:
    asked = parse({"verify": [URL], "verify_for": "2s", "on_failure": "notify"})
    planned = plan(asked)
    assert planned is not None
    assert (planned.urls, planned.lasts, planned.on_failure) == (
        (URL,),
        timedelta(seconds=2),
        OnFailure.NOTIFY,
    )
    assert plan(NONE) is None


def test_each_answer_is_kept_in_order_and_the_last_bad_one_in_full() -> None:
    good, bad = Probe(URL, True, "answered 200", code=200, took=0.112), ANSWERS["-"]
    body = Probe(URL, False, "answered 503", code=503, took=0.03, text='{"status":"down"}')
    lost = Probe(URL, False, "did not answer in time", took=5)
    seen = verification()
    for probes in ([good], [good, body], [lost, good], [good]):
        seen = seen.after(probes, NOON, NOON)

    assert seen.answers == (
        Answer(200, 112),
        Answer(503, 30, "answered 503"),
        Answer(None, 5000, "did not answer in time"),
        Answer(200, 112),
    )
    assert (seen.text, read(seen.as_json())) == ("", seen)
    assert seen.after([body], NOON, NOON).text == '{"status":"down"}'
    for _ in range(MOST_KEPT + 1):
        seen = seen.after([bad], NOON, NOON)
    assert (len(seen.answers), seen.asked) == (MOST_KEPT, MOST_KEPT + 5)


def test_what_an_older_listener_keeps_has_no_single_answers() -> None:
    kept = verification().as_json()
    del kept["answers"], kept["text"]

    assert read(kept) == verification()
