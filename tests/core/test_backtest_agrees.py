"""Whatever a rule asks for: a back-test says what was, or would have been, decided live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from listener.core.backtest import Case, Result, backtest
from listener.core.commits import (
    Commit,
    Comparison,
    Relation,
    Shipment,
    left_by_rollbacks,
    short,
    why_untold,
)
from listener.core.gates.base import Candidate, Evaluation, PastPromotion, evaluate
from listener.core.gates.options import Conditions, parse
from listener.core.gates.registry import asked
from listener.core.promotion import Status
from listener.core.release import History, as_of
from listener.core.rule import OnNewer
from tests.core.candidates import PROD, STAGING
from tests.core.played import at
from tests.core.releases import NOON, release_logs

WORDS = st.sampled_from(("Deploy*", "/^Set/", "ana@*", "bo@*", "*"))
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "soak": st.sampled_from(("30m", "2h", "36h")),
        "windows": st.lists(
            st.sampled_from(("daily 09:00-10:00 UTC", "Tue 23:00-02:00 Europe/London")),
            min_size=1,
            max_size=2,
        ),
        "min_gap": st.sampled_from(("1h", "5h")),
        "max_per_day": st.integers(1, 2),
        "approvals": st.integers(1, 2),
        "brake": st.just("1/24h"),
        **{
            name: st.lists(WORDS, min_size=1, max_size=2)
            for name in ("authors", "not_authors", "descriptions")
        },
        **{
            name: st.lists(st.sampled_from(("fix*", "*wip*", "bo", "*")), min_size=1, max_size=2)
            for name in (
                "commit_messages",
                "not_commit_messages",
                "commit_authors",
                "not_commit_authors",
            )
        },
        "on_same_commit": st.sampled_from(("hold", "go")),
    },
).map(parse)
SHAS = [mark * 40 for mark in "abcd"]
# Of several artifacts that were built from one commit, and of some nobody knows from which.
COMMITS = st.dictionaries(st.sampled_from("ABCDX"), st.sampled_from(SHAS))
RANGES = st.dictionaries(
    st.tuples(st.sampled_from(SHAS), st.sampled_from(SHAS)),
    st.builds(
        lambda coming, more: Comparison(Relation.AHEAD, tuple(coming), (), len(coming) + more),
        st.lists(
            st.builds(
                Commit,
                st.sampled_from(SHAS),
                st.sampled_from(("Fix it", "wip", "Fix the wip")),
                st.sampled_from(("Bo", None)),
            ),
            max_size=3,
        ),
        st.sampled_from((0, 0, 0, 1)),
    ),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any rule, over any source whose releases came hours apart and any target that stood still."""
    source = draw(release_logs().filter(bool))
    hours = sorted(draw(st.lists(st.integers(0, 60), min_size=len(source), max_size=len(source))))
    # Each at a minute of its own, at which nothing else comes due.
    times = [at(hour + number / 60) for number, hour in enumerate(hours)]
    dated = [replace(r, created_at=time) for r, time in zip(source, times, strict=True)]
    target = draw(release_logs("ABX").filter(bool))
    return Case(
        source=STAGING,
        target=PROD,
        source_history=History(dated),
        target_history=History(replace(r, created_at=at(-9)) for r in target),
        now=at(100),
        on_newer=draw(st.sampled_from(OnNewer)),
        conditions=draw(ASKED),
        commits=draw(COMMITS),
        comparisons=draw(RANGES),
        worded=draw(st.frozensets(st.sampled_from(SHAS))),
    )


def live(case: Case, result: Result, results: tuple[Result, ...], now: datetime) -> Evaluation:
    """What is decided live of that release at that moment, what went before having gone."""
    arrived = [r for r in case.source_history.releases if (r.created_at or now) <= now]
    source = as_of(case.source_history, now, version=arrived[-1].version)
    candidate = Candidate(
        release=source.find(result.release.version) or result.release,
        source=STAGING,
        target=PROD,
        source_history=source,
        target_history=as_of(case.target_history, at(0)),
        slug_stack="heroku-24",
        on_newer=case.on_newer,
        conditions=case.conditions,
        found_at=result.release.created_at,
        soaks_from=result.release.created_at,
        author=result.release.author,
        commit=case.commits.get(result.release.artifact or ""),
        worded=case.worded,
        left=left_by_rollbacks(
            as_of(case.target_history, at(0)),
            case.own,
            case.commits,
            artifact=result.release.artifact or "",
        ),
    )
    gone = [r for r in results if r.status is Status.SHADOWED and r.at is not None and r.at < now]
    for earlier in sorted(gone, key=lambda r: r.at or now):
        candidate = promoted(candidate, earlier)
    candidate = replace(candidate, shipment=shipped(case, candidate))
    return evaluate(candidate, now, [gate for gate in asked(candidate) if gate.is_in_history])


def shipped(case: Case, candidate: Candidate) -> Shipment:
    """What a reader would store of it, if it knew all that was read."""
    current = candidate.target_history.current
    runs = current.artifact if current is not None else None
    base, head = case.commits.get(runs or ""), candidate.commit
    if base is None or head is None:
        why = why_untold(base, head, target=PROD.name)
        return Shipment(head, base, runs, untold=why)
    if base == head:
        return Shipment(head, base, runs, comparison=Comparison(Relation.IDENTICAL))
    found = case.comparisons.get((base, head))
    why = f"nobody compared {short(base)} and {short(head)}." if found is None else None
    return Shipment(head, base, runs, comparison=found, untold=why)


def promoted(candidate: Candidate, earlier: Result) -> Candidate:
    """The same after that release went to the target."""
    ran = candidate.target_history
    new = replace(earlier.release, version=ran.newest_version + 1, status="succeeded")
    history = as_of(History([*ran.releases, new]), at(1000))
    past = PastPromotion("1", Status.SUCCEEDED, earlier.at or NOON, was_released=True)
    return replace(candidate, target_history=history, past=(*candidate.past, past))


@given(cases())
def test_back_test_and_live_decision_agree(case: Case) -> None:
    """Of whatever was decided, at the moment at which it was, and of what waited until then."""
    results = backtest(case, newest=100)
    ends = [r.at for r in results]
    for result in results:
        if result.at is None or ends.count(result.at) > 1:
            continue  # of two at one moment only the play knows which went first
        told = live(case, result, results, result.at).objection
        if result.status in (Status.SHADOWED, Status.WAITING):
            assert told is None
        else:
            assert told is not None
            assert told.message == result.message
        if result.has_waited:
            before = result.at - timedelta(seconds=1)
            assert live(case, result, results, before).objection is not None


@given(cases(), st.integers(1, 9))
def test_every_release_that_was_considered_has_one_result(case: Case, newest: int) -> None:
    results = backtest(case, newest=newest)
    assert [r.release for r in results] == list(case.source_history.releases)[-newest:]
    gone = [r.release.artifact for r in results if r.status is Status.SHADOWED]
    assert len(gone) == len(set(gone))


@given(cases())
def test_a_rule_that_asks_for_more_lets_nothing_go_earlier(case: Case) -> None:
    """Of what would have gone by the rule that asks for nothing; nothing else would go at all."""
    case = replace(case, on_newer=OnNewer.KEEP)
    bare = {r.release: r for r in backtest(replace(case, conditions=Conditions()), newest=100)}
    for result in backtest(case, newest=100):
        if result.status is Status.SHADOWED:
            without = bare[result.release]
            assert without.at is not None
            assert result.at is not None
            assert without.at <= result.at
