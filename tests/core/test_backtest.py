"""A rule over history: what would have gone when, told by the same gates that decide live."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from listener.core.backtest import Case, Result, backtest
from listener.core.commits import Commit, Comparison, Relation
from listener.core.gates.options import NONE, Conditions, parse
from listener.core.promotion import PromotionKind, Status
from listener.core.release import History, Kind, Release
from listener.core.rule import OnNewer, Strategy
from tests.core.candidates import PROD, STAGING
from tests.core.played import BEFORE, BO, at, made, statuses, tried
from tests.core.releases import NOON, log


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
    ],
)
def test_words_decide_as_they_do_live(conditions: Any, status: Any) -> None:
    first = made(41, "B", 0, author="ana@acme.com", words="Deploy 1a5f89db")
    second = made(42, "C", 1, author=BO, words="Promote elsewhere v7")
    results = tried(first, second, **conditions)
    assert statuses(results) == status


@pytest.mark.parametrize(
    ("conditions", "unanswered"),
    [
        ({"approvals": 2, "soak": "1h"}, ("approvals",)),
        ({"approvals": 1, "brake": "1/24h"}, ("brake", "approvals")),
        ({"checks": ["https://staging.example.com/"]}, ("check",)),
        ({"github_checks": True, "checks_timeout": "1h"}, ("github-checks",)),
        ({"required_checks": ["test"]}, ("github-checks",)),
        ({"parity": ["config-names"]}, ("parity",)),
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


SHAS = {"A": "a" * 40, "B": "b" * 40, "C": "c" * 40}


def between(base: str, *messages: str) -> dict[tuple[str, str], Comparison]:
    """What was read from the commit of this artifact to that of C."""
    coming = tuple(Commit(f"{n}" * 40, each, "Bo") for n, each in enumerate(messages))
    found = Comparison(Relation.AHEAD, coming=coming, ahead_by=len(coming))
    return {(SHAS[base], SHAS["C"]): found}


def test_every_commit_that_was_read_decides_as_it_does_live() -> None:
    first, second = made(41, "B", 0), made(42, "C", 1)
    of_b = {(SHAS["A"], SHAS["B"]): Comparison(Relation.AHEAD, (Commit("1" * 40, "Go"),), (), 1)}
    told: dict[str, Any] = {
        "commits": SHAS,
        "ranges": {**of_b, **between("B", "wip: half of it", "Go on")},
    }
    results = tried(first, second, not_commit_messages=["*wip*"], **told)
    assert statuses(results) == {41: "shadowed", 42: "waiting"}
    assert results[42].message == (
        "2 commits ship with staging v42; by its message the rule stops 0000000 “wip: half of it”"
        " by Bo. It waits for a person's word, `autopromote promotions:approve`."
    )


def test_what_ships_goes_from_what_the_rule_would_have_brought() -> None:
    """Nothing was read from A to C, which is what would have shipped while B waits."""
    told: dict[str, Any] = {"commits": SHAS, "ranges": between("B", "Go on")}
    results = tried(made(41, "C", 0), commit_messages=["go*"], **told)
    assert (results[41].status, results[41].unanswered) == ("waiting", ())
    assert results[41].message == (
        "What ships with staging v41 is not told: nobody compared aaaaaaa and ccccccc. It waits for"
        " a person's word, `autopromote promotions:approve`."
    )


def test_a_rebuilt_commit_brings_nothing() -> None:
    results = tried(made(41, "B", 0), commits={"A": "a" * 40, "B": "a" * 40}, commit_authors=["x"])
    assert statuses(results) == {41: "shadowed"}


def test_a_new_build_of_what_production_was_rolled_back_from_waits_as_live() -> None:
    """In the histories, the target had left commit b for a before it all began."""
    back = (made(10, "B", -8), made(11, "A", -7), made(12, "Z", -6))
    commits = {**SHAS, "C": SHAS["B"], "Z": "e" * 40}
    held = tried(made(41, "C", 0), target=back, commits=commits)[41]
    assert held.status == "waiting"
    assert held.message == (
        "staging v41 is bbbbbbb, which prod was rolled back from at v11, in a new build. It waits"
        " for a person's word, `autopromote promotions:approve`."
    )
    lets: tuple[dict[str, Any], ...] = (
        {"on_same_commit": "go"},
        {"own": {"r11": PromotionKind.PROMOTE}},
    )
    for let in lets:
        assert tried(made(41, "C", 0), target=back, commits=commits, **let)[41].status == "shadowed"


def test_what_waits_for_two_is_told_when_both_let_it_go() -> None:
    """A longer soak seemed to let a release go sooner than the window would."""
    conditions: dict[str, Any] = {"soak": "60d", "windows": ["Mon-Fri 09:00-10:00 UTC"]}
    result = tried(made(41, "B", 0), **conditions)[41]
    assert (result.status, result.message) == ("waiting", "staging v41 soaks for 60d.")
    assert result.at == datetime(2026, 5, 4, 9, tzinfo=UTC)  # it has soaked on Friday at noon


def test_of_images_heroku_names_no_commit() -> None:
    (result,) = backtest(fir(parse({"not_commit_messages": ["x"]})), newest=1)
    assert (result.status, result.unanswered) == ("waiting", ())


def test_images_are_played_by_the_strategy_that_they_need() -> None:
    (result,) = backtest(fir(), newest=1)
    assert result.status is Status.SHADOWED


def fir(conditions: Conditions = NONE) -> Case:
    """An app of images, with one deploy that its target does not run yet."""
    new: Any = {"generation": "fir", "stack": None}
    image = {"artifact_type": "oci-image"}
    return Case(
        source=replace(STAGING, **new),
        target=replace(PROD, **new),
        source_history=log(made(40, "A", -10, **image), made(41, "B", 0, **image)),
        target_history=log(made(9, "A", -9, **image)),
        now=at(1),
        strategy=Strategy.PIPELINE,
        conditions=conditions,
    )


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
    begun = time.thread_time()  # whatever else this machine has to do
    assert len(backtest(case, newest=100)) == 100
    assert time.thread_time() - begun < 2  # a tenth of it where nothing else is to do


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


def test_a_target_that_had_no_release_then_was_not_there_yet() -> None:
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=log(made(40, "A", 0)),
        target_history=log(made(1, "A", 5)),
        now=at(10),
    )
    (result,) = backtest(case, newest=5)
    assert (result.status, result.message) == (None, "prod was not there yet.")


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


def before_its_target(*target: Release, source: tuple[Release, ...] = ()) -> dict[int, Result]:
    """What becomes of a source's releases that began before its target did."""
    begun = (made(1, None, 0), made(2, None, 0), made(3, "A", 1))
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=log(*begun, *source),
        target_history=log(*target),
        now=at(1000),
    )
    results = backtest(case, newest=len(begun) + len(source))
    return {result.release.version: result for result in results}


def test_before_its_first_release_a_target_is_not_there_yet_and_the_play_starts_with_it() -> None:
    born = (made(1, None, 5), made(2, None, 5))
    results = before_its_target(*born, source=(made(4, "B", 6),))

    assert statuses(results) == {1: None, 2: None, 3: None, 4: "shadowed"}
    assert {results[v].message for v in (1, 2, 3)} == {"prod was not there yet."}
    assert [results[v].was_tried for v in (1, 2, 3, 4)] == [False, False, False, True]


def test_apps_that_were_born_in_the_same_second_were_both_there() -> None:
    results = before_its_target(made(1, None, 0), made(2, None, 0))

    assert statuses(results) == {1: None, 2: None, 3: "shadowed"}
    assert all(result.was_tried for result in results.values())


def test_a_target_without_any_release_is_not_there_yet() -> None:
    assert {r.message for r in before_its_target().values()} == {"prod was not there yet."}


def test_what_the_target_ran_longer_ago_than_heroku_tells_cannot_be_told() -> None:
    results = before_its_target(made(70, "X", 5), source=(made(4, "B", 6),))

    assert statuses(results) == {1: "errored", 2: "errored", 3: "errored", 4: "shadowed"}
    assert results[3].message == "Heroku does not tell any more what prod ran then."
