"""A rule over history: what would have gone when, told by the same gates that decide live."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.backtest import UNTOLD, Case, Result, backtest
from listener.conditions import Conditions, parse
from listener.decision import Candidate, Evaluation, Past, evaluate
from listener.gates.tables import asked
from listener.history import History, Kind, Release, as_of
from listener.promotion import Status
from listener.rules import OnNewer, Strategy
from tests.core.candidates import PROD, STAGING
from tests.core.releases import NOON, log, release, release_logs

BO = "bo@example.com"


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


def made(version: int, artifact: str | None, hours: float, **more: Any) -> Release:
    """A release made so many hours after noon."""
    return release(version, artifact, created_at=at(hours), **more)


BEFORE = made(9, "A", -9)  # what production ran when it all began


def tried(
    *source: Release,
    target: tuple[Release, ...] = (),
    on_newer: OnNewer = OnNewer.SUPERSEDE,
    said: dict[str, str] | None = None,
    **conditions: Any,
) -> dict[int, Result]:
    """What becomes of each release of a staging app that began with A."""
    history = log(made(40, "A", -10), *source)
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=history,
        target_history=log(BEFORE, *target),
        now=at(1000),
        on_newer=on_newer,
        conditions=parse(conditions),
        commit_messages=said or {},
    )
    results = backtest(case, newest=len(source))
    return {result.release.version: result for result in results}


def statuses(results: dict[int, Result]) -> dict[int, str | None]:
    """What would have become of each."""
    return {version: result.status for version, result in results.items()}


def test_every_deploy_would_have_gone_when_it_was_made() -> None:
    results = tried(made(41, "B", 0), made(42, "C", 1))

    assert statuses(results) == {41: "shadowed", 42: "shadowed"}
    assert [result.at for result in results.values()] == [at(0), at(1)]
    assert results[41].message == "It would have gone to prod."


@pytest.mark.parametrize(
    ("later", "kind"),
    [
        pytest.param(made(42, "B", 1, words="Set FOO config vars"), Kind.CONFIG, id="config"),
        pytest.param(made(42, "A", 1, words="Rollback to v40"), Kind.ROLLBACK, id="rollback"),
        pytest.param(made(42, "C", 1, status="failed"), Kind.UNSETTLED, id="failed"),
        pytest.param(made(42, None, 1), Kind.CONFIG, id="no code"),
    ],
)
def test_what_is_no_deploy_makes_no_candidate(later: Release, kind: Kind) -> None:
    result = tried(made(41, "B", 0), later)[42]
    assert (result.kind, result.status, result.at) == (kind, None, None)


def test_what_has_expired_since_had_not_then() -> None:
    results = tried(made(41, "B", 0, status="expired"), made(42, "C", 1))
    assert statuses(results) == {41: "shadowed", 42: "shadowed"}


def test_the_target_runs_what_the_rule_would_have_brought_it() -> None:
    """Really it got B by hand later, which changes nothing of what the rule would have done."""
    later = made(10, "B", 5)
    results = tried(made(41, "B", 0), made(42, "C", 1), target=(later,))

    assert statuses(results) == {41: "shadowed", 42: "shadowed"}
    assert results[41].arrived == replace(later, is_current=True)
    assert results[42].arrived is None


def test_what_the_target_ran_already_is_skipped() -> None:
    result = tried(made(41, "B", 0), target=(made(10, "B", -1),))[41]
    assert (result.status, result.message) == ("skipped", "prod already runs this slug, in v10.")


def test_what_followed_within_the_same_second_was_not_there_before() -> None:
    results = tried(made(41, "B", 0), target=(made(10, "B", 0),))
    assert statuses(results) == {41: "shadowed"}
    results = tried(made(41, "B", 0), target=(made(10, "X", 0), made(11, "Y", 0)))
    assert statuses(results) == {41: "shadowed"}


def test_what_waits_goes_when_its_time_comes_between_two_releases() -> None:
    results = tried(made(41, "B", 0), made(42, "C", 5), soak="2h")

    assert statuses(results) == {41: "shadowed", 42: "shadowed"}
    assert [result.at for result in results.values()] == [at(2), at(7)]


def test_a_newer_release_supersedes_what_still_waits() -> None:
    results = tried(made(41, "B", 0), made(42, "C", 1), soak="2h")

    assert statuses(results) == {41: "superseded", 42: "shadowed"}
    assert results[41].at == at(1)


def test_with_keep_each_goes_when_it_has_soaked() -> None:
    results = tried(made(41, "B", 0), made(42, "C", 1), soak="2h", on_newer=OnNewer.KEEP)

    assert statuses(results) == {41: "shadowed", 42: "shadowed"}
    assert [result.at for result in results.values()] == [at(2), at(3)]


def test_a_rollback_of_the_source_supersedes_what_waits() -> None:
    results = tried(made(41, "B", 0), made(42, "A", 1), soak="2h")
    assert statuses(results) == {41: "superseded", 42: None}


def test_a_release_soaks_from_when_its_release_phase_ended() -> None:
    """And what changed it days later, its expiry say, does not count."""
    phase = made(41, "B", 0, updated_at=at(0.5))
    expired = made(42, "C", 5, status="expired", updated_at=at(900))
    results = tried(phase, expired, soak="2h")
    assert [result.at for result in results.values()] == [at(2.5), at(7)]
    assert [result.has_waited for result in results.values()] == [True, True]


def test_outside_its_windows_a_release_goes_when_the_next_opens() -> None:
    results = tried(made(41, "B", 6), windows=["daily 09:00-17:00 UTC"])
    assert (results[41].status, results[41].at) == ("shadowed", at(21))


def test_a_gap_is_kept_to_what_would_have_gone() -> None:
    results = tried(made(41, "B", 0), made(42, "C", 1), made(43, "D", 2), min_gap="4h")
    assert statuses(results) == {41: "shadowed", 42: "superseded", 43: "shadowed"}
    assert [results[41].at, results[43].at] == [at(0), at(4)]


def test_no_more_go_in_a_day_than_would_have() -> None:
    releases = [made(41 + n, "BCDE"[n], n) for n in range(4)]
    results = tried(*releases, max_per_day=2, on_newer=OnNewer.KEEP)
    assert [result.at for result in results.values()] == [at(0), at(1), at(24), at(25)]


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"authors": ["*@acme.com"]}, {41: "shadowed", 42: "rejected"}),
        ({"not_authors": ["/^ana/"]}, {41: "rejected", 42: "shadowed"}),
        ({"descriptions": ["Deploy*"]}, {41: "shadowed", 42: "rejected"}),
        ({"not_commit_messages": ["*wip*"]}, {41: "rejected", 42: "shadowed"}),
    ],
)
def test_words_decide_as_they_do_live(conditions: Any, status: Any) -> None:
    first = made(41, "B", 0, author="ana@acme.com", words="Deploy 1a5f89db")
    second = made(42, "C", 1, author=BO, words="Promote elsewhere v7")
    results = tried(first, second, said={"B": "wip", "C": "done"}, **conditions)
    assert statuses(results) == status


@pytest.mark.parametrize(
    ("conditions", "unanswered"),
    [
        ({"approvals": 2, "soak": "1h"}, ("approvals",)),
        ({"approvals": 1, "brake": "1/24h"}, ("brake", "approvals")),
        ({"commit_messages": ["fix*"]}, ("commit-message",)),
        ({"soak": "1h"}, ()),
    ],
)
def test_what_history_cannot_answer_counts_as_passed_and_is_told(
    conditions: Any, unanswered: tuple[str, ...]
) -> None:
    result = tried(made(41, "B", 0), **conditions)[41]
    assert (result.status, result.unanswered) == ("shadowed", unanswered)
    had = f", had {' and '.join(unanswered)} passed" if unanswered else ""
    assert result.message == f"It would have gone to prod{had}."


def test_what_heroku_told_nothing_of_is_answered() -> None:
    result = tried(made(41, "B", 0), said={"B": ""}, commit_messages=["fix*"])[41]
    assert (result.status, result.unanswered) == ("rejected", ())


def test_images_are_played_by_the_strategy_that_they_need() -> None:
    fir: Any = {"generation": "fir", "stack": None}
    image = {"artifact_type": "oci-image"}
    case = Case(
        source=replace(STAGING, **fir),
        target=replace(PROD, **fir),
        source_history=log(made(40, "A", -10, **image), made(41, "B", 0, **image)),
        target_history=log(made(9, "A", -9, **image)),
        now=at(1),
        strategy=Strategy.PIPELINE,
    )
    (result,) = backtest(case, newest=1)
    assert result.status is Status.SHADOWED


def test_in_a_chain_the_author_is_that_of_the_first_release() -> None:
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=log(made(40, "A", -10), made(41, "B", 0, author="robot@acme.com")),
        target_history=log(BEFORE),
        now=at(1),
        conditions=parse({"authors": ["ana@*"]}),
        authors={"r41": "ana@acme.com"},
    )
    (result,) = backtest(case, newest=1)
    assert result.status is Status.SHADOWED


def test_a_hundred_of_a_thousand_releases_take_no_time() -> None:
    """Also where all of them wait to the end, and are decided again at each release."""
    releases = [made(41 + n, f"s{n // 2}", n) for n in range(1000)]
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=log(*releases),
        target_history=log(*(made(9 + n, f"t{n}", n - 9) for n in range(200))),
        now=at(1000),
        on_newer=OnNewer.KEEP,
        conditions=parse({"soak": "90d", "min_gap": "1h", "windows": ["Mon 09:00-10:00 UTC"]}),
    )
    begun = time.perf_counter()
    assert len(backtest(case, newest=100)) == 100
    assert time.perf_counter() - begun < 2  # a tenth of it on a machine that has nothing else to do


def test_a_real_rollback_of_the_target_holds_until_other_code_really_came() -> None:
    rolled_back = made(11, "A", 2, words="Rollback to v9", author=BO)
    real = (made(10, "B", 1), rolled_back, made(12, "D", 6))
    results = tried(made(41, "B", 0), made(42, "C", 3), made(43, "D", 4), target=real)

    assert statuses(results) == {41: "shadowed", 42: "superseded", 43: "shadowed"}
    assert results[43].at == at(6)


def test_a_real_rollback_after_which_nothing_came_holds_for_good() -> None:
    real = (made(10, "B", 1), made(11, "A", 2, author=BO))
    result = tried(made(41, "B", 0), made(42, "C", 3), target=real)[42]

    assert result.status is Status.WAITING
    assert result.message == f"prod is on hold by {BO}: {BO} rolled prod back in v11."


def test_a_target_that_had_no_release_then_cannot_be_told() -> None:
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=log(made(40, "A", 0)),
        target_history=log(made(1, "A", 5)),
        now=at(10),
    )
    (result,) = backtest(case, newest=5)
    assert (result.status, result.message) == ("errored", "prod shows no current release.")


@pytest.mark.parametrize("newest", [1, 2, 9])
def test_only_the_newest_are_tried_oldest_first(newest: int) -> None:
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=log(made(40, "A", 0), made(41, "B", 1), made(42, "C", 2)),
        target_history=log(made(9, "Z", -1)),
        now=at(10),
    )
    versions = [result.release.version for result in backtest(case, newest=newest)]
    assert versions == [40, 41, 42][-newest:]


def test_an_app_without_releases_has_no_results() -> None:
    none = Case(
        source=STAGING,
        target=PROD,
        source_history=History(),
        target_history=log(BEFORE),
        now=NOON,
    )
    assert backtest(none, newest=5) == ()


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
            for name in ("authors", "not_authors", "descriptions", "commit_messages")
        },
    },
).map(parse)
SAID = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from(("Deploy it", "")))


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
        commit_messages=draw(SAID),
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
        commit_message=case.commit_messages.get(result.release.artifact or "") or None,
    )
    gone = [r for r in results if r.status is Status.SHADOWED and r.at is not None and r.at < now]
    for earlier in sorted(gone, key=lambda r: r.at or now):
        candidate = promoted(candidate, earlier)
    untold = (
        UNTOLD if result.release.artifact in case.commit_messages else UNTOLD | {"commit-message"}
    )
    return evaluate(candidate, now, [gate for gate in asked(candidate) if gate[0] not in untold])


def promoted(candidate: Candidate, earlier: Result) -> Candidate:
    """The same after that release went to the target."""
    ran = candidate.target_history
    new = replace(earlier.release, version=ran.newest_version + 1, status="succeeded")
    history = as_of(History([*ran.releases, new]), at(1000))
    past = Past("1", Status.SUCCEEDED, earlier.at or NOON, was_released=True)
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
