"""What holds for every release log, in whatever order it arrives."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from listener.core.release import History, Kind, Release
from tests.core.releases import release_logs, with_current


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
