"""What holds for every candidate, whatever the apps went through."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.gates.base import (
    Candidate,
    Evaluation,
    Hold,
    Pass,
    Reject,
    Verdict,
    Wait,
    evaluate,
    longest_wait,
)
from listener.core.gates.registry import ALWAYS, OF_ROLLBACK, SOURCE
from listener.core.promotion import BLOCKED_STEP, ENDED, RELEASE_PHASE_FOR
from listener.core.rule import OnNewer
from tests.core.candidates import HOLDS, MINUTES, READY, VERDICTS, candidates
from tests.core.releases import NOON, log, release

EVERY_GATE = (*ALWAYS, *OF_ROLLBACK)
# A release phase begun at most two hours after noon, waited for from two hours before noon on.
MOST_STEPS = (RELEASE_PHASE_FOR + timedelta(hours=4)) // BLOCKED_STEP + 10


@given(candidates(), MINUTES)
def test_a_timed_wait_ends_in_the_future(candidate: Candidate, now: datetime) -> None:
    for _, verdict in evaluate(candidate, now, EVERY_GATE).verdicts:
        if isinstance(verdict, Wait) and verdict.until is not None:
            assert verdict.until > now


@given(candidates())
def test_a_rejection_is_an_end(candidate: Candidate) -> None:
    for _, verdict in evaluate(candidate, NOON, EVERY_GATE).verdicts:
        if isinstance(verdict, Reject):
            assert verdict.status in ENDED


@given(st.lists(VERDICTS))
def test_only_passes_let_a_candidate_go_and_one_objection_decides(verdicts: list[Verdict]) -> None:
    evaluation = Evaluation(
        tuple((replace(SOURCE, name=str(place)), v) for place, v in enumerate(verdicts))
    )
    objections = [place for place, v in enumerate(verdicts) if not isinstance(v, Pass)]
    if not objections:
        assert (evaluation.objection, evaluation.decided_by) == (None, None)
    else:
        first, rejected = verdicts[objections[0]], [v for v in verdicts if isinstance(v, Reject)]
        waits_in_vain = isinstance(first, Wait) and rejected
        assert evaluation.objection is (rejected[0] if waits_in_vain else first)
        assert evaluation.decided_by is not None
        assert verdicts[int(evaluation.decided_by.name)] is evaluation.objection


@given(candidates(), HOLDS, MINUTES)
def test_one_more_hold_only_ever_stops(candidate: Candidate, more: Hold, now: datetime) -> None:
    before = evaluate(candidate, now, ALWAYS).objection
    after = evaluate(replace(candidate, holds=(*candidate.holds, more)), now, ALWAYS).objection
    if before is not None:
        assert after == before
    else:
        assert (after is None) == (not more.is_in_force(now))
        assert after is None or isinstance(after, Wait)


@given(st.lists(HOLDS, max_size=3), MINUTES)
def test_a_hold_stops_a_ready_candidate_exactly_while_it_lasts(
    holds: list[Hold], now: datetime
) -> None:
    objection = evaluate(replace(READY, holds=tuple(holds)), now, ALWAYS).objection
    assert (objection is None) == (not any(h.is_in_force(now) for h in holds))


@given(candidates(), MINUTES)
def test_waiting_out_every_timed_wait_ends(candidate: Candidate, now: datetime) -> None:
    alone = replace(candidate, rival=None)
    for _ in range(MOST_STEPS):
        match evaluate(alone, now, ALWAYS).objection:
            case Wait(until=datetime() as until):
                now = until
            case _:
                return
    raise AssertionError("still waiting")


SLUGS = {40: "A", 41: "B", 42: "C", 43: "D"}
PLACES = st.lists(st.sampled_from(sorted(SLUGS)), min_size=1, max_size=5)


@given(
    st.sampled_from(sorted(SLUGS)), PLACES, st.booleans(), st.booleans(), st.sampled_from(OnNewer)
)
def test_what_goes_is_newer_stood_by_and_never_left(
    version: int, ran: list[int], went_back: bool, is_by_hand: bool, on_newer: OnNewer
) -> None:
    deploys = [release(v, artifact) for v, artifact in SLUGS.items()]
    later = [release(44, "B")] if went_back else []
    candidate = replace(
        READY,
        release=deploys[version - 40],
        source_history=log(*deploys, *later),
        target_history=log(*(release(9 + n, SLUGS[place]) for n, place in enumerate(ran))),
        on_newer=on_newer,
        is_by_hand=is_by_hand,
        may_return=is_by_hand,
    )
    goes = evaluate(candidate, NOON, ALWAYS).objection is None
    runs, left = ran[-1], set(ran[:-1])
    stands_by = not went_back or version <= 41
    follows = on_newer is OnNewer.KEEP or is_by_hand or version == (41 if went_back else 43)
    may_return = is_by_hand or version not in left
    assert goes == (version > runs and stands_by and follows and may_return)


@given(candidates(), MINUTES)
def test_what_goes_passed_everything(candidate: Candidate, now: datetime) -> None:
    ready = replace(candidate, target=READY.target, slug_stack="heroku-24", is_allowed=True)
    ready = replace(ready, rival=None, upstream=None, newer=None, holds=())
    current, mine = ready.target_history.current, ready.release.artifact
    if evaluate(ready, now, ALWAYS).objection is None:
        assert ready.release.status == "succeeded"
        assert mine is not None
        assert current is not None
        assert current.artifact != mine
        assert ready.may_return or mine not in {
            r.artifact for r in ready.target_history.releases if r.has_run
        }


@given(MINUTES, st.none() | MINUTES, st.timedeltas(timedelta(seconds=1), timedelta(hours=1)))
def test_a_waiting_promotion_is_looked_at_later(
    now: datetime, until: datetime | None, otherwise: timedelta
) -> None:
    again_at = longest_wait(until, now, otherwise)
    assert again_at > now
    assert again_at in (until, now + otherwise)


@pytest.mark.parametrize(("ahead", "expected"), [(5, 5), (0, 60), (-5, 60), (None, 60)])
def test_looks_again_at_the_known_time_else_after_a_while(ahead: int | None, expected: int) -> None:
    until = NOON + timedelta(seconds=ahead) if ahead is not None else None
    again_at = longest_wait(until, NOON, timedelta(seconds=60))
    assert again_at == NOON + timedelta(seconds=expected)
