"""A rule over history: what would have gone when, told by the same gates that decide live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.backtest import Case, Result, as_of, backtest
from listener.decision import Candidate, Gate, Pass, Verdict, Wait, evaluate
from listener.gates.tables import GATES, Gates
from listener.history import History, Kind, Release
from listener.promotion import Status
from listener.rules import OnNewer
from tests.core.candidates import PROD, STAGING
from tests.core.releases import NOON, log, release, release_logs

BO = "bo@example.com"


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


def made(version: int, artifact: str | None, hours: float, **more: str) -> Release:
    """A release made so many hours after noon."""
    return release(version, artifact, created_at=at(hours), **more)


BEFORE = made(9, "A", -9)  # what production ran when it all began


def tried(
    *source: Release,
    target: tuple[Release, ...] = (),
    gates: Gates = GATES,
    on_newer: OnNewer = OnNewer.SUPERSEDE,
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
    )
    results = backtest(case, newest=len(source), gates=gates)
    return {result.release.version: result for result in results}


def statuses(results: dict[int, Result]) -> dict[int, str | None]:
    """What would have become of each."""
    return {version: result.status for version, result in results.items()}


def soak(hours: float) -> Gate:
    """A gate that has every release wait so long."""

    def soaking(candidate: Candidate, now: datetime) -> Verdict:
        ends_at = (candidate.release.created_at or now) + timedelta(hours=hours)
        return Wait("soaking", ends_at) if now < ends_at else Pass("soaked")

    return soaking


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


def test_what_waits_goes_when_its_time_comes_between_two_releases() -> None:
    gates = (*GATES, ("soak", soak(2)))
    results = tried(made(41, "B", 0), made(42, "C", 5), gates=gates)

    assert statuses(results) == {41: "shadowed", 42: "shadowed"}
    assert [result.at for result in results.values()] == [at(2), at(7)]


def test_a_newer_release_supersedes_what_still_waits() -> None:
    gates = (*GATES, ("soak", soak(2)))
    results = tried(made(41, "B", 0), made(42, "C", 1), gates=gates)

    assert statuses(results) == {41: "superseded", 42: "shadowed"}
    assert results[41].at == at(1)


def test_with_keep_each_goes_when_it_has_soaked() -> None:
    gates = (*GATES, ("soak", soak(2)))
    results = tried(made(41, "B", 0), made(42, "C", 1), gates=gates, on_newer=OnNewer.KEEP)

    assert statuses(results) == {41: "shadowed", 42: "shadowed"}
    assert [result.at for result in results.values()] == [at(2), at(3)]


def test_a_rollback_of_the_source_supersedes_what_waits() -> None:
    gates = (*GATES, ("soak", soak(2)))
    results = tried(made(41, "B", 0), made(42, "A", 1), gates=gates)
    assert statuses(results) == {41: "superseded", 42: None}


def test_what_waits_without_a_time_waits_to_the_end() -> None:
    def approval(candidate: Candidate, now: datetime) -> Verdict:
        return Wait("nobody approved")

    result = tried(made(41, "B", 0), gates=(*GATES, ("approvals", approval)))[41]
    assert (result.status, result.message, result.at) == ("waiting", "nobody approved", None)


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


@given(release_logs().filter(bool), release_logs("ABX").filter(bool))
def test_back_test_and_live_decision_agree(source: list[Release], target: list[Release]) -> None:
    """Of the newest release, over what the target ran when it was made."""
    earlier = [replace(r, created_at=at(-9)) for r in target]
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=History(source),
        target_history=History(earlier),
        now=at(1),
    )
    (result,) = backtest(case, newest=1)
    history = as_of(case.source_history, NOON)
    newest = history.releases[-1]
    if not history.is_deploy(newest):
        assert result.status is None
        return
    live = Candidate(
        release=newest,
        source=STAGING,
        target=PROD,
        source_history=history,
        target_history=as_of(case.target_history, NOON),
        slug_stack="heroku-24",
    )
    objection = evaluate(live, NOON, GATES).objection
    assert (result.status is Status.SHADOWED) == (objection is None)
    assert objection is None or result.message == objection.message


@given(release_logs(), release_logs("ABX"), st.integers(1, 9), st.sampled_from(OnNewer))
def test_every_release_that_was_considered_has_one_result(
    source: list[Release], target: list[Release], newest: int, on_newer: OnNewer
) -> None:
    dated = [replace(r, created_at=at(r.version)) for r in source]
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=History(dated),
        target_history=History(replace(r, created_at=at(r.version * 1.5)) for r in target),
        now=at(100),
        on_newer=on_newer,
    )
    results = backtest(case, newest=newest, gates=(*GATES, ("soak", soak(3))))
    assert [result.release for result in results] == dated[-newest:]
    gone = [result.release.artifact for result in results if result.status is Status.SHADOWED]
    assert len(gone) == len(set(gone))
