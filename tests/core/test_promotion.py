"""The ways between the status words are the protocol's, and its times are kept."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core import promotion
from listener.core.drift import nonce_of
from listener.core.promotion import (
    ACTIVE,
    ENDED,
    RETRYABLE,
    TRANSITIONS,
    PromotionKind,
    Status,
    back_off,
    can_transition,
    description_of,
    next_look,
    release_poll,
)
from tests.core.releases import NOON

WORDS = (
    "waiting posting releasing verifying rolling_back"
    " succeeded failed errored rolled_back superseded cancelled rejected skipped shadowed"
)

# The protocol's table, row by row: from → to. A rollback by hand passes its gates as row 11 has
# it, and its post lives in rolling_back.
TABLE = {
    4: ("waiting", "waiting"),
    5: ("waiting", "waiting"),
    6: ("waiting", "rejected"),
    7: ("waiting", "skipped"),
    8: ("waiting", "superseded"),
    9: ("waiting", "cancelled"),
    10: ("waiting", "shadowed"),
    11: ("waiting", "posting rolling_back"),
    12: ("waiting", "errored"),
    13: ("posting", "releasing"),
    14: ("posting", "succeeded verifying"),
    15: ("posting", "failed"),
    16: ("posting", "waiting"),
    17: ("posting", "posting"),
    18: ("posting", "releasing succeeded verifying failed errored"),
    19: ("posting", "posting"),
    20: ("posting", "waiting"),
    21: ("posting", "errored"),
    22: ("releasing", "releasing"),
    23: ("releasing", "succeeded verifying"),
    24: ("releasing", "failed"),
    25: ("releasing", "errored"),
    26: ("verifying", "succeeded"),
    27: ("verifying", "failed"),
    28: ("verifying", "rolling_back"),
    29: ("rolling_back", "rolling_back waiting rolled_back failed errored"),
    30: ("failed errored cancelled rejected", "waiting"),
}


def test_the_status_words_are_the_contracts() -> None:
    assert " ".join(Status) == WORDS
    assert list(PromotionKind) == ["promote", "rollback"]


@pytest.mark.parametrize("before", Status)
def test_a_promotion_goes_the_ways_of_the_table_and_no_other(before: Status) -> None:
    listed = {to for came, goes in TABLE.values() if before in came.split() for to in goes.split()}
    assert {after for after in Status if can_transition(before, after)} == listed


@pytest.mark.parametrize("row", TABLE)
def test_every_row_of_the_table_may_be_gone(row: int) -> None:
    came, goes = TABLE[row]
    assert all(can_transition(Status(a), Status(b)) for a in came.split() for b in goes.split())


def test_every_status_that_works_on_the_target_can_end() -> None:
    assert {"posting", "releasing", "verifying", "rolling_back"} == ACTIVE
    for status in [*ACTIVE, Status.WAITING]:
        assert TRANSITIONS[status] & ENDED
        assert Status.ERRORED in TRANSITIONS[status] or status is Status.VERIFYING


def test_only_a_retry_leaves_an_end() -> None:
    assert {before for before in ENDED if TRANSITIONS.get(before)} == RETRYABLE
    assert {"failed", "errored", "cancelled", "rejected"} == RETRYABLE


def test_a_post_is_never_left_for_an_end_that_says_nothing_was_sent() -> None:
    for sent in (Status.POSTING, Status.RELEASING, Status.ROLLING_BACK):
        assert not TRANSITIONS[sent] & {
            "superseded",
            "cancelled",
            "rejected",
            "skipped",
            "shadowed",
        }


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("SEND_WITHIN", 5),
        ("FRESH_FOR", 2),
        ("BLOCKED_STEP", 15),
        ("UNREADABLE_FOR", 60 * 60),
        ("RELEASE_PHASE_FOR", 75 * 60),
        ("ERRORS_FOR", 24 * 60 * 60),
    ],
)
def test_the_times_are_the_protocols(name: str, seconds: int) -> None:
    assert getattr(promotion, name) == timedelta(seconds=seconds)


def test_a_post_goes_out_twice_at_most_and_a_row_is_tried_twenty_times() -> None:
    assert (promotion.MOST_POSTS, promotion.MOST_ATTEMPTS) == (2, 20)


def test_waits_for_the_refill_when_the_rate_limit_is_reached() -> None:
    assert promotion.RATE_LIMIT_WAIT * 75 / timedelta(minutes=1) >= 75


@pytest.mark.parametrize(
    ("left", "ago", "seconds"),
    [(100, 0, 0), (4500, 0, 0), (99, 0, 0.8), (25, 0, 60), (0, 0, 80), (25, 45, 15), (25, 61, 0)],
)
def test_a_reserve_is_whole_again_by_the_refill(left: int, ago: float, seconds: float) -> None:
    back_in = promotion.reserve_back_in(left, timedelta(seconds=ago))
    assert back_in.total_seconds() == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("after", "look"),
    [
        (-1, 0),
        (0, 5),
        (4.9, 5),
        (5, 15),
        (15, 30),
        (29.9, 30),
        (30, 60),
        (59.9, 60),
        (60, None),
        (3600, None),
    ],
)
def test_looks_for_a_post_of_unknown_fate(after: float, look: int | None) -> None:
    expected = NOON + timedelta(seconds=look) if look is not None else None
    assert next_look(NOON, NOON + timedelta(seconds=after)) == expected


def test_looks_five_times_and_for_a_minute() -> None:
    looks = [NOON]
    while (look := next_look(NOON, looks[-1])) is not None:
        looks.append(look)
    assert [(look - NOON).total_seconds() for look in looks] == [0, 5, 15, 30, 60]


@given(st.timedeltas(timedelta(days=-1), timedelta(days=1)))
def test_the_next_look_lies_ahead(after: timedelta) -> None:
    look = next_look(NOON, NOON + after)
    assert (look is None) == (after >= timedelta(seconds=60))
    assert look is None or look > NOON + after


@given(st.integers(-5, 10**6))
def test_backs_off_between_five_seconds_and_five_minutes(attempt: int) -> None:
    assert timedelta(seconds=5) <= back_off(attempt) <= timedelta(minutes=5)
    assert back_off(attempt) <= back_off(attempt + 1)


def test_backs_off_twice_as_long_each_time() -> None:
    assert [back_off(n).total_seconds() for n in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]


@given(st.timedeltas(timedelta(days=-1), timedelta(days=1)))
def test_polls_a_release_phase_every_1_to_15_seconds(since: timedelta) -> None:
    assert timedelta(seconds=1) <= release_poll(since) <= timedelta(seconds=15)
    assert release_poll(since) <= release_poll(since + timedelta(seconds=1))


def test_polls_a_young_release_phase_often() -> None:
    polls = [release_poll(timedelta(seconds=s)).total_seconds() for s in (0, 4, 8, 60, 3600)]
    assert polls == [1, 1, 2, 15, 15]
    assert all(earlier <= later for earlier, later in pairwise(polls))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (PromotionKind.PROMOTE, "Promote acme-staging v42 (autopromote 7f3a9c21)"),
        (PromotionKind.ROLLBACK, "Roll back to v42 (autopromote 7f3a9c21)"),
    ],
)
def test_the_targets_release_log_says_what_we_did(kind: PromotionKind, words: str) -> None:
    assert description_of("acme-staging", 42, "7f3a9c21", kind=kind) == words


NONCES = st.text("0123456789abcdef", min_size=8, max_size=32)
APPS = st.from_regex(r"[a-z][a-z0-9-]{1,28}[a-z0-9]", fullmatch=True)


@given(APPS, st.integers(1, 10**6), NONCES, st.sampled_from(PromotionKind))
def test_a_nonce_is_read_back_from_the_description(
    source: str, version: int, nonce: str, kind: PromotionKind
) -> None:
    assert nonce_of(description_of(source, version, nonce, kind=kind)) == nonce
