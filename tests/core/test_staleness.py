"""An answer about releases that comes from before what is known tells nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.release import History, Release
from listener.core.staleness import behind, is_gone, missing
from tests.core.releases import NOON, log, release, release_logs

ONE, TWO, THREE = (release(number, f"slug-{number}") for number in (1, 2, 3))
KNOWN = log(ONE, TWO, THREE)


def running(version: int, *releases: Release) -> History:
    """A history in which this version is the current one."""
    return History(replace(r, is_current=r.version == version) for r in releases)


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (KNOWN, None),
        (log(ONE, TWO, THREE, release(4, "slug-4")), None),
        (log(TWO, THREE), None),  # a shorter walk back
        (log(ONE, TWO), "shows nothing newer than v2, and showed v3"),
        (log(ONE, THREE), "does not show v2 any more"),
        (running(2, ONE, TWO, THREE), "shows v2 as current, and v3 was"),
        (
            running(2, ONE, TWO, replace(THREE, status="pending")),
            "shows v3 as pending, which was succeeded",
        ),
        (
            log(ONE, replace(TWO, id="other"), THREE),
            "shows another release as v2 than before",
        ),
        (log(ONE, TWO, replace(THREE, status="expired")), None),
    ],
)
def test_what_lies_behind(shown: History, why: str | None) -> None:
    assert behind(shown, KNOWN) == why


def test_an_older_release_may_become_current_whose_phase_ran_still() -> None:
    """Heroku's rule may be that the last to end is current."""
    pending = running(3, ONE, replace(TWO, status="pending"), THREE)
    assert behind(running(2, ONE, TWO, THREE), pending) is None
    assert behind(running(1, ONE, TWO, THREE), pending) is not None


def test_what_we_released_ourselves_must_be_there() -> None:
    assert behind(KNOWN, KNOWN, released=4) == "does not show yet what we released, v4"
    assert behind(KNOWN, KNOWN, released=3) is None


def test_a_current_that_nothing_tells_is_not_behind() -> None:
    assert behind(History([ONE, TWO, THREE]), KNOWN) is None
    assert behind(KNOWN, History()) is None


@pytest.mark.parametrize(
    ("minutes", "times", "is_it"), [(10, 3, True), (10, 2, False), (9.9, 3, False), (60, 9, True)]
)
def test_gone_is_what_three_readings_over_ten_minutes_lack(
    minutes: float, times: int, is_it: bool
) -> None:
    assert is_gone(NOON, times, NOON + timedelta(minutes=minutes)) is is_it


@given(release_logs())
def test_what_is_known_is_never_behind_itself(releases: list[Release]) -> None:
    known = History(releases)
    assert behind(known, known) is None
    assert missing(known, known) == []


@given(release_logs(), st.data())
def test_what_lacks_a_release_is_behind_unless_it_is_cut_off_at_its_old_end(
    releases: list[Release], data: st.DataObject
) -> None:
    known = History(releases)
    if not releases:
        return
    left_out = data.draw(st.integers(0, len(releases) - 1))
    shown = History(r for i, r in enumerate(known.releases) if i != left_out)
    is_cut_off = left_out == 0 and len(releases) > 1
    lacks_current = known.releases[left_out] is known.current
    assert (behind(shown, known) is None) is is_cut_off or lacks_current
