"""What made a release, what ran before, and what nothing but the artifact may tell."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.history import History, Kind, Release
from tests.core.releases import log, release, release_logs, with_current

SHIPPED = release(1, "A", words="Deploy 1a5f89db")


@pytest.mark.parametrize(
    ("later", "kind"),
    [
        pytest.param([release(2, "B")], Kind.DEPLOY, id="a new slug"),
        pytest.param(
            [release(2, "B", words="Set FOO config vars")], Kind.DEPLOY, id="words decide nothing"
        ),
        pytest.param([release(2, "A", words="Set FOO config vars")], Kind.CONFIG, id="config"),
        pytest.param([release(2, "A", words="Deploy 1a5f89db")], Kind.CONFIG, id="same slug again"),
        pytest.param(
            [release(2, "A", words="Attach DATABASE (@ref:postgresql-round-1)")],
            Kind.ADDON,
            id="an add-on",
        ),
        pytest.param(
            [release(2, "A", words="Update DATABASE by heroku-postgresql")],
            Kind.ADDON,
            id="an add-on's own change",
        ),
        pytest.param(
            [release(2, "A", words="Retry of v1: Deploy 1a5f89db")],
            Kind.RETRY,
            id="a retry of what ran already",
        ),
        pytest.param([release(2, "B"), release(3, "A")], Kind.ROLLBACK, id="a rollback"),
        pytest.param(
            [release(2, "B"), release(3, "A", words="Deploy 1a5f89db")],
            Kind.ROLLBACK,
            id="a rollback that calls itself a deploy",
        ),
        pytest.param(
            [release(2, "B"), release(3, "A", words="Retry of v1: Deploy")],
            Kind.ROLLBACK,
            id="a retry of an older release",
        ),
        pytest.param(
            [release(2, "B"), release(3, "A"), release(4, "A", words="Set FOO config vars")],
            Kind.CONFIG,
            id="config after a rollback",
        ),
        pytest.param([release(2, "B", "failed")], Kind.UNSETTLED, id="release phase failed"),
        pytest.param([release(2, "B", "pending")], Kind.UNSETTLED, id="release phase runs"),
        pytest.param([release(2, "B", "building")], Kind.UNSETTLED, id="an unknown word"),
        pytest.param([release(2, "B", "expired")], Kind.DEPLOY, id="ran once, its slug is gone"),
        pytest.param(
            [release(2, "B", "failed"), release(3, "B", words="Retry of v2: Deploy")],
            Kind.DEPLOY,
            id="the retry of a failed release phase",
        ),
        pytest.param(
            [release(2, "B", "pending"), release(3, "A", words="Set FOO config vars")],
            Kind.CONFIG,
            id="config while a release phase runs",
        ),
        pytest.param(
            [release(2, "B", "building"), release(3, "B")],
            Kind.DEPLOY,
            id="an unknown word did not run before",
        ),
    ],
)
def test_the_artifact_tells_what_made_a_release(later: list[Release], kind: Kind) -> None:
    assert log(SHIPPED, *later).kind(later[-1]) is kind


@pytest.mark.parametrize(("status", "kind"), [("succeeded", Kind.CONFIG), ("pending", "unsettled")])
def test_a_release_without_code_is_no_deploy(status: str, kind: Kind) -> None:
    bare = release(2, None, status, "Set FOO config vars")
    assert log(release(1, None, words="Initial release"), bare).kind(bare) == kind
    assert log(bare).deploys_above(0) == []


def test_a_rollback_beyond_a_page_of_releases_is_no_deploy() -> None:
    many = [release(v, f"slug-{v}") for v in range(1, 301)]
    back = release(301, "slug-2")
    assert log(*many, back).kind(back) is Kind.ROLLBACK
    assert log(*many, back).deploys_above(299) == [many[-1]]
    assert log(*many, back).went_back_past(many[-1]) == log(*many, back).find(301)


def test_a_failed_then_retried_release_phase_is_one_deploy() -> None:
    failed, again = release(2, "B", "failed"), release(3, "B", words="Retry of v2: Deploy")
    assert [r.version for r in log(SHIPPED, failed, again).deploys_above(1)] == [3]


@pytest.mark.parametrize(
    ("status", "has_run", "is_settled"),
    [
        ("succeeded", True, True),
        ("expired", True, True),
        ("failed", False, True),
        ("pending", False, False),
        ("building", False, False),
    ],
)
def test_a_status_tells_whether_it_ran_and_whether_more_comes(
    status: str, has_run: bool, is_settled: bool
) -> None:
    assert (release(2, "B", status).has_run, release(2, "B", status).is_settled) == (
        has_run,
        is_settled,
    )
    assert not release(2, None, status).has_run
    assert release(2, None, status).is_settled is is_settled


@pytest.mark.parametrize("status", ["pending", "failed", "building"])
def test_what_did_not_succeed_does_not_run_whatever_the_list_says(status: str) -> None:
    current = release(1, "A", is_current=True)
    assert History([current, release(2, "B", status, is_current=True)]).current == current
    assert History([release(2, "B", status, is_current=True)]).current is None


def test_an_empty_history_answers_nothing() -> None:
    nothing = History()
    assert (nothing.current, nothing.newest_version, nothing.find(1)) == (None, 0, None)
    assert nothing.first_run("A") is None and nothing.first_run(None) is None
    assert nothing.deploys_above(0) == [] and nothing.has_left("A") is None


def test_an_artifacts_place_is_its_first_run() -> None:
    history = log(
        SHIPPED, release(2, "B", "failed"), release(3, "B"), release(4, "A"), release(5, "B")
    )
    assert [history.first_run(artifact) for artifact in ("A", "B", "C")] == [1, 3, None]
    assert history.newest_version == 5


C43 = release(43, "C")
BEFORE = (release(40, "A"), release(42, "B"), C43)


@pytest.mark.parametrize(
    ("later", "version"),
    [
        ([], None),
        ([release(44, "C", words="Set FOO config vars")], None),
        ([release(44, "D")], None),
        ([release(44, "B")], 44),
        ([release(44, "B", "failed")], None),
        ([release(44, "B", "pending")], None),
        ([release(44, "B", author="bob@example.com"), release(45, "B", words="Set FOO")], 44),
        ([release(44, "B"), release(45, "C")], 44),
        ([release(44, "B"), release(45, "A")], 45),
        ([release(44, "D"), release(45, "C")], None),
        ([release(44, "A"), release(45, "D")], 44),
    ],
)
def test_names_the_rollback_past_a_release(later: list[Release], version: int | None) -> None:
    back = log(*BEFORE, *later).went_back_past(C43)
    assert (back.version if back is not None else None) == version


def test_an_older_release_is_not_rolled_back_by_what_it_was_newer_than_before() -> None:
    assert log(*BEFORE, release(44, "B")).went_back_past(release(40, "A")) is None


@pytest.mark.parametrize(
    ("releases", "version"),
    [
        ([release(10, "A")], None),
        ([release(10, "B")], None),
        ([release(10, "B"), release(11, "A")], 10),
        ([release(10, "B", "expired"), release(11, "A")], 10),
        ([release(10, "B", "failed"), release(11, "A")], None),
        ([release(10, "B"), release(11, "B"), release(12, "A")], 11),
        ([release(10, "B"), release(11, "A"), release(12, "B")], None),
    ],
)
def test_knows_what_an_app_ran_and_left(releases: list[Release], version: int | None) -> None:
    left = log(*releases).has_left("B")
    assert (left.version if left is not None else None) == version


def test_the_earliest_change_is_named() -> None:
    history = log(
        release(10, "A"),
        release(11, "B", "failed"),
        release(12, "A"),
        release(13, "C"),
        release(14, "D"),
    )
    assert history.change_after(10, "A") == release(13, "C")
    assert history.change_after(13, "C") == history.find(14)
    assert history.change_after(14, "D") is None


def test_how_far_an_app_came_is_told_in_the_sources_order() -> None:
    source = log(release(40, "A"), release(42, "B"), release(43, "C"))
    target = log(
        release(8, "X"), release(9, "B"), release(10, "A"), release(11, "X"), release(12, "C")
    )
    assert [target.reached(source, by=by) for by in (8, 9, 11, 12)] == [0, 42, 42, 43]


@given(release_logs())
def test_an_artifact_is_deployed_once(releases: list[Release]) -> None:
    history = History(releases)
    deployed = [r.artifact for r in history.deploys_above(0)]
    assert len(deployed) == len(set(deployed))
    assert set(deployed) == {r.artifact for r in releases if r.has_run}
    assert all(history.kind(r) is Kind.DEPLOY for r in history.deploys_above(0))


@given(release_logs(), st.integers(0, 60), st.integers(0, 60))
def test_a_higher_baseline_leaves_a_tail(releases: list[Release], one: int, other: int) -> None:
    low, high = sorted((one, other))
    above_low, above_high = (History(releases).deploys_above(v) for v in (low, high))
    assert above_high == [r for r in above_low if r.version > high]
    assert [r.version for r in above_low] == sorted(r.version for r in above_low)


def answers(releases: list[Release]) -> list[object]:
    """Everything a history tells."""
    history = History(releases)
    every = sorted(releases, key=lambda r: r.version)
    return [
        history.releases,
        history.current,
        history.newest_version,
        history.deploys_above(0),
        [(history.kind(r), history.went_back_past(r), history.find(r.version)) for r in every],
        [(history.first_run(a), history.has_left(a), history.change_after(5, a)) for a in "ABCD"],
    ]


@given(release_logs(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(releases: list[Release], random: Random) -> None:
    shuffled = list(releases)
    random.shuffle(shuffled)
    assert answers(shuffled) == answers(releases)


@given(release_logs(), st.integers(0, 12))
def test_later_releases_change_no_kind(releases: list[Release], length: int) -> None:
    early = with_current(tuple(releases[:length]))
    then, now = History(early), History(releases)
    assert [then.kind(r) for r in early] == [now.kind(r) for r in early]


@given(release_logs())
def test_releases_that_did_not_run_change_no_kind(releases: list[Release]) -> None:
    ran = [r for r in releases if r.has_run]
    assert [History(ran).kind(r) for r in ran] == [History(releases).kind(r) for r in ran]
