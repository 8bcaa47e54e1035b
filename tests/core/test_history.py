"""What made a release, what ran before, and what nothing but the artifact may tell."""

from __future__ import annotations

import pytest

from listener.core.release import History, Kind, Release, as_of
from tests.core.releases import NOON, log, release

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
        pytest.param([release(2, "A", words="Remove add-on round-1")], Kind.ADDON, id="one less"),
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
    assert log(SHIPPED, bare).kind(bare) == kind


def test_the_kinds_have_names_for_people_and_programs() -> None:
    assert list(Kind) == ["deploy", "rollback", "config", "addon", "retry", "unsettled"]


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


def test_what_runs_is_what_the_list_says_not_the_newest_that_ever_ran() -> None:
    late = History([release(1, "A", is_current=True), release(2, "B")])
    assert late.current == release(1, "A", is_current=True)


def test_of_two_current_releases_the_newer_runs() -> None:
    both = [release(1, "A", is_current=True), release(2, "B", is_current=True)]
    assert History(both).current == both[1]


def test_an_empty_history_answers_nothing() -> None:
    nothing = History()
    assert (nothing.current, nothing.newest_version, nothing.find(1)) == (None, 0, None)
    assert nothing.first_run("A") is None
    assert nothing.first_run(None) is None
    assert nothing.deploys_above(0) == []
    assert nothing.has_left("A") is None


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


def test_a_rollback_concerns_only_newer_code_that_came_before_it() -> None:
    history = log(*BEFORE, release(44, "B"), release(45, "D"))
    assert history.went_back_past(release(40, "A")) is None
    assert history.went_back_past(release(45, "D")) is None
    back, forth = release(44, "A"), release(45, "B")
    assert log(*BEFORE, back, forth).went_back_past(back) is None


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
    assert history.change_after(13, "A") == history.find(14)
    assert history.change_after(14, "A") is None


def test_how_far_an_app_came_is_told_in_the_sources_order() -> None:
    source = log(release(40, "A"), release(42, "B"), release(43, "C"))
    target = log(
        release(8, "X"), release(9, "B"), release(10, "A"), release(11, "X"), release(12, "C")
    )
    assert [target.reached(source, by=by) for by in (8, 9, 11, 12)] == [0, 42, 42, 43]
    assert log(release(9, "B"), release(10, "C", "failed")).reached(source, by=10) == 42
    assert History().reached(source, by=10) == 0


@pytest.mark.parametrize(
    ("releases", "brings"),
    [
        ([release(1, "A")], True),
        ([release(1, "A"), release(2, "B")], True),
        ([release(1, "A"), release(2, "A")], False),
        ([release(1, "A"), release(2, "B", "failed"), release(3, "A")], False),
        ([release(1, "A"), release(2, "B"), release(3, "A")], True),
    ],
)
def test_a_release_brings_other_code_or_carries_it_on(
    releases: list[Release], brings: bool
) -> None:
    assert log(*releases).brings_other_code(releases[-1]) is brings


def test_an_app_without_code_yet_has_a_current_release_at_any_time() -> None:
    history = log(release(1, None), release(2, None))
    then = as_of(history, NOON, version=1)
    assert then.current is not None
    assert then.current.version == 1
