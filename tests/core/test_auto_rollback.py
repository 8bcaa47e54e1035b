"""The way back: only while ours runs, only to what ran right before, and only if that can run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.auto_rollback import NoRollback, NotYet, OwnPromotion, RollbackAllowed, way_back
from listener.core.release import History, Release
from tests.core.releases import log, release, release_logs

BEFORE, MADE = release(9, "A"), release(10, "B")
OURS = OwnPromotion(MADE.id, "A")


def pending(version: int, slug: str) -> Release:
    """A release whose phase runs."""
    return replace(release(version, slug), status="pending")


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (log(BEFORE, MADE), RollbackAllowed(BEFORE)),
        (log(release(8, "A"), release(9, "A"), MADE), RollbackAllowed(BEFORE)),
        (log(BEFORE, MADE, replace(release(11, "C"), status="failed")), RollbackAllowed(BEFORE)),
        (log(BEFORE, replace(release(9, "X"), status="failed"), MADE), None),
        (log(BEFORE), NoRollback("The list of releases lacks ours.")),
        (log(MADE), NoRollback("It ran nothing before.")),
        (log(BEFORE, MADE, release(11, "C")), NoRollback("ana@example.com released v11 since.")),
        (log(BEFORE, MADE, release(11, "B")), NoRollback("ana@example.com released v11 since.")),
        (log(BEFORE, MADE, release(11, "A")), NoRollback("ana@example.com released v11 since.")),
        (log(BEFORE, MADE, pending(11, "C")), NoRollback("ana@example.com released v11 since.")),
        (
            log(release(8, "A"), release(9, "X"), MADE),
            NoRollback(
                "ana@example.com released v9 right before us,"
                " which is not what ran when this was decided."
            ),
        ),
        (
            log(replace(BEFORE, status="expired"), MADE),
            NoRollback("What it ran before, v9, cannot run again."),
        ),
        (
            log(replace(BEFORE, artifact_type="oci-image"), MADE),
            NoRollback("What it ran before, v9, cannot run again."),
        ),
    ],
)
def test_the_way_back(history: History, found: RollbackAllowed | NoRollback | None) -> None:
    wanted = found if found is not None else RollbackAllowed(BEFORE)
    assert way_back(OURS, history) == wanted


def test_what_ran_nothing_before_has_no_way_back() -> None:
    assert isinstance(way_back(OwnPromotion(MADE.id, None), log(BEFORE, MADE)), NoRollback)


def test_ours_must_be_what_runs() -> None:
    shown = [replace(BEFORE, is_current=True), replace(MADE, is_current=False)]
    assert way_back(OURS, History(shown)) == NotYet(
        "v10 is not shown as what runs, and nobody released since."
    )


@given(release_logs("ABX").filter(lambda log: any(r.artifact for r in log)), st.data())
def test_it_never_undoes_anybody_but_us(releases: list[Release], data: st.DataObject) -> None:
    made = data.draw(st.sampled_from([r for r in releases if r.artifact]))
    base = data.draw(st.sampled_from((*"ABX", None)))
    history = History(releases)
    found = way_back(OwnPromotion(made.id, base), history)
    if isinstance(found, RollbackAllowed):
        assert history.current == made
        assert found.release.artifact == base != made.artifact
        between = (r for r in releases if r.version > found.release.version and r.has_run)
        assert list(between) == [made]
