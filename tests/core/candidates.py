"""Candidates to test with: one that is ready to go, and any that hypothesis thinks of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from listener.core.app import App
from listener.core.gates.base import (
    ActivePromotion,
    Candidate,
    Error,
    Hold,
    Pass,
    Reject,
    Verdict,
    Wait,
)
from listener.core.promotion import Status
from listener.core.release import History, Release
from listener.core.rule import OnNewer, Strategy
from tests.core.releases import NOON, log, release, release_logs

Change = dict[str, Any]

STAGING = App("s", "staging", "heroku-24")
PROD = App("t", "prod", "heroku-24")
A40, V42 = release(40, "A"), release(42, "B")
# Staging deployed A, then B; production got A from it.
READY = Candidate(
    release=V42,
    source=STAGING,
    target=PROD,
    source_history=log(A40, V42),
    target_history=log(release(9, "Z"), release(10, "A")),
    slug_stack="heroku-24",
)


# Production back to what it ran before A.
BACK = replace(
    READY,
    release=release(9, "Z"),
    source=PROD,
    source_history=READY.target_history,
    slug_stack=None,
    on_newer=OnNewer.KEEP,
    is_by_hand=True,
    may_return=True,
)


def staging(*later: Release, release_: Release = V42) -> Change:
    """Staging went on after the candidate."""
    return {"release": release_, "source_history": log(A40, release_, *later)}


def prod(*later: Release) -> Change:
    """Production went on after it got A in v10."""
    return {"target_history": log(release(9, "Z"), release(10, "A"), *later)}


def without_facts(verdict: Verdict) -> Verdict:
    """What the verdict says and does, apart from the facts it shows."""
    return replace(verdict, facts={})


MINUTES = st.integers(-120, 120).map(lambda minutes: NOON + timedelta(minutes=minutes))
HOLDS = st.builds(Hold, st.just("why"), st.just("ana"), st.none() | MINUTES, st.none() | MINUTES)
STACKS = st.sampled_from(("heroku-24", "heroku-24", "heroku-24", "heroku-22", None))
PIPELINES = st.sampled_from(("shop", "shop", "shop", "other", None))
TARGETS = st.builds(
    App,
    st.just("t"),
    st.just("prod"),
    STACKS,
    st.sampled_from(("cedar", "cedar", "fir")),
    st.sampled_from((False, False, True)),
)


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    """Any release of any source, on its way to any target."""
    releases = draw(release_logs().filter(bool))
    ran = draw(release_logs("ABX"))
    begun = [replace(r, created_at=draw(MINUTES), id=f"t{r.version}") for r in ran]
    return Candidate(
        release=draw(st.sampled_from(releases)),
        source=STAGING,
        target=draw(st.just(PROD) | TARGETS),
        source_history=History(releases),
        target_history=History(begun),
        slug_stack=draw(STACKS),
        strategy=draw(st.sampled_from(Strategy)),
        pipelines=(draw(PIPELINES), draw(PIPELINES)),
        on_newer=draw(st.sampled_from(OnNewer)),
        is_by_hand=draw(st.booleans()),
        may_return=draw(st.booleans()),
        holds=tuple(draw(st.lists(HOLDS, max_size=2))),
        rival=draw(st.none() | st.just(ActivePromotion("7", Status.RELEASING))),
        upstream=draw(st.none() | st.just(Status.SUCCEEDED) | st.sampled_from(Status)),
        newer=draw(st.none() | st.integers(43, 60)),
        is_allowed=draw(st.sampled_from((True, True, False))),
        own_releases=frozenset(draw(st.lists(st.integers(1, 60).map(lambda v: f"t{v}")))),
    )


VERDICTS: st.SearchStrategy[Verdict] = st.one_of(
    st.builds(Pass, st.text()),
    st.builds(Wait, st.text(), st.none() | MINUTES),
    st.builds(Reject, st.text()),
    st.builds(Error, st.text()),
)
