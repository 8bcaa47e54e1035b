"""A release of ours and others beside it, in every order in which their phases may end.

Production ran B in v3, which is what we know. Ours is v4, with C. Nobody said in public which of
two release phases that ran at once decides what runs: the last to end, or the highest version.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from listener.core.drift import (
    Drift,
    LastKnown,
    NoDrift,
    OwnRelease,
    Standing,
    Unknown,
    detect_drift,
)
from listener.core.release import History, Release
from tests.core.releases import release

SOURCE = History([release(40, "A"), release(41, "B"), release(42, "C"), release(43, "D")])
BEFORE, KNOWN = release(3, "B", words="Deploy 1a5f89db"), LastKnown(3, "B")
OURS = release(4, "C", words="Promote acme-staging v42 (autopromote 7f3a9c21)")
ISSUED = frozenset({"7f3a9c21"})
CONFIG, ADDON = (
    release(5, "B", words=words) for words in ("Set FOO config vars", "Attach DATABASE")
)
PUSH, BACK = release(5, "X", words="Deploy 9f"), release(5, "A", words="Rollback to v2")
PENDING = "pending"


def read(*releases: Release, runs: int) -> History:
    """The list, in which this version is the current one."""
    return History(replace(r, is_current=r.version == runs) for r in (BEFORE, *releases))


def follow(*readings: History, is_confirmed: bool = False) -> Standing:
    """What the last of these readings says, when each of them was written down."""
    known, unsettled = KNOWN, frozenset[int]()
    standing: Standing = NoDrift(known)
    for reading in readings:
        standing = detect_drift(
            known,
            reading,
            SOURCE,
            issued=ISSUED,
            unsettled=unsettled,
            is_confirmed=is_confirmed and reading is readings[-1],
        )
        if isinstance(standing, NoDrift | OwnRelease):
            known = standing.known
            below = (r for r in reading.releases if r.version <= known.version)
            unsettled = frozenset(r.version for r in below if not r.is_settled)
    return standing


def still(item: Release) -> Release:
    """The same while its phase runs."""
    return replace(item, status=PENDING)


def ours(standing: Standing) -> LastKnown:
    """What is known to run from then on, since a release of ours runs."""
    assert isinstance(standing, OwnRelease)
    assert standing.release.version == OURS.version
    return standing.known


@pytest.mark.parametrize("beside", [CONFIG, ADDON], ids=["config", "add-on"])
class TestWhatBringsNoCode:
    """A config or add-on release while our phase runs changes no code, and holds nothing."""

    def test_ours_ends_last_and_runs(self, beside: Release) -> None:
        during, after = read(still(OURS), beside, runs=5), read(OURS, beside, runs=4)
        assert follow(during) == NoDrift(LastKnown(5, "B"))
        assert ours(follow(during, after)) == LastKnown(5, "C")

    def test_with_a_phase_of_its_own_that_ends_first(self, beside: Release) -> None:
        readings = [
            read(still(OURS), still(beside), runs=3),
            read(still(OURS), beside, runs=5),
            read(OURS, beside, runs=4),
        ]
        assert ours(follow(*readings)) == LastKnown(5, "C")

    def test_two_of_them(self, beside: Release) -> None:
        more = replace(beside, id="r6", version=6)
        during = read(still(OURS), beside, more, runs=6)
        assert ours(follow(during, read(OURS, beside, more, runs=4))) == LastKnown(6, "C")

    def test_nobody_looked_meanwhile(self, beside: Release) -> None:
        """It might be a person's way back whose `current` is late: that shows in a minute."""
        after = read(OURS, beside, runs=4)
        assert isinstance(follow(after), Unknown)
        assert ours(follow(after, is_confirmed=True)) == LastKnown(5, "C")

    def test_the_highest_version_runs(self, beside: Release) -> None:
        during, after = read(still(OURS), beside, runs=5), read(OURS, beside, runs=5)
        said = "v4 succeeded, but v5 is shown as what runs."
        assert follow(during, after) == Unknown(said, OURS, after.current)

    def test_then_ours_and_config_on_top(self, beside: Release) -> None:
        top = release(6, "C", words="Set BAR config vars")
        during = read(still(OURS), beside, runs=5)
        assert ours(follow(during, read(OURS, beside, top, runs=6))) == LastKnown(6, "C")


@pytest.mark.parametrize("beside", [PUSH, BACK], ids=["push", "rollback"])
class TestWhatBringsCode:
    """Whoever brings other code meanwhile is held, and never a stranger to ours."""

    def test_it_runs_while_our_phase_does(self, beside: Release) -> None:
        moved = follow(read(still(OURS), beside, runs=5))
        assert isinstance(moved, Drift)
        assert moved.change.version == 5

    def test_it_ends_after_ours(self, beside: Release) -> None:
        first = read(OURS, still(beside), runs=4)
        assert ours(follow(first)) == LastKnown(4, "C")
        moved = follow(first, read(OURS, beside, runs=5))
        assert isinstance(moved, Drift)
        assert moved.change.version == 5

    def test_it_ends_before_ours_unseen(self, beside: Release) -> None:
        for is_confirmed in (False, True):
            standing = follow(read(OURS, beside, runs=4), is_confirmed=is_confirmed)
            assert isinstance(standing, Unknown)
            assert standing.message == "v5 succeeded, but v4 is shown as what runs."


def test_a_rollback_to_the_code_of_before_is_no_config_change() -> None:
    back = release(5, "B", words="Rollback to v3")
    after = read(OURS, back, runs=4)
    assert isinstance(follow(after, is_confirmed=True), Unknown)


def test_a_way_back_of_ours_in_flight_is_ours_too() -> None:
    known, back = LastKnown(4, "C"), release(5, "B", words="Roll back to v3 (autopromote 7f3a9c21)")
    config = release(6, "C", words="Set FOO config vars")
    during, after = read(OURS, still(back), config, runs=6), read(OURS, back, config, runs=5)
    assert detect_drift(known, during, SOURCE, issued=ISSUED) == NoDrift(LastKnown(6, "C"))
    standing = detect_drift(LastKnown(6, "C"), after, SOURCE, issued=ISSUED, unsettled={5})
    assert isinstance(standing, OwnRelease)
    assert (standing.release.version, standing.known) == (5, LastKnown(6, "B"))


def test_a_late_current_after_ours_succeeded_names_nobody() -> None:
    late = read(OURS, runs=3)
    for known in (KNOWN, LastKnown(4, "C")):
        assert isinstance(detect_drift(known, late, SOURCE, issued=ISSUED), Unknown)
