"""A commit that production was rolled back from goes back, though it comes in a new slug."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listener.core.commits import Left, Shipment, left_by_rollback
from listener.core.promotion import PromotionKind
from listener.core.release import Release
from tests.core.releases import log, release

BAD = "b" * 40
COMMITS = {"A": "a" * 40, "B": BAD, "C": BAD, "D": "d" * 40}
A, B, BACK = release(10, "A"), release(11, "B"), release(12, "A")
OURS = {"r13": PromotionKind.PROMOTE, "r12": PromotionKind.ROLLBACK}


def left(*releases: Release, commit: str = BAD, before: int | None = None) -> Left | None:
    """Whether a rollback took the commit, which comes as C."""
    history = log(*releases)
    return left_by_rollback(history, OURS, COMMITS, commit=commit, artifact="C", before=before)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        pytest.param([A, B, BACK], Left("B", 11, 12), id="a rollback"),
        pytest.param([A, B, replace(BACK, id="x")], Left("B", 11, 12), id="anybody's rollback"),
        pytest.param([A, B, BACK, release(13, "D")], Left("B", 11, 12), id="something since"),
        pytest.param([A, B, release(12, "B"), release(14, "A")], Left("B", 12, 14), id="config"),
        pytest.param([A, B], None, id="it runs"),
        pytest.param([A], None, id="it never ran"),
        pytest.param([], None, id="nothing ran"),
        pytest.param([A, B, release(14, "D")], None, id="something newer took its place"),
        pytest.param([A, B, release(13, "A")], None, id="a promotion of ours took its place"),
        pytest.param([A, B, BACK, release(14, "B"), release(15, "D")], None, id="it came again"),
        pytest.param([A, B, BACK, release(14, "C")], None, id="the same slug is another matter"),
        pytest.param(
            [A, B, BACK, release(14, "C"), release(15, "A")], None, id="the same slug was left"
        ),
        pytest.param([A, replace(B, status="failed"), BACK], None, id="its release failed"),
        pytest.param([A, B, replace(BACK, status="pending")], None, id="not rolled back yet"),
    ],
)
def test_the_last_run_of_the_commit_decides(history: list[Release], found: Left | None) -> None:
    assert left(*history) == found


def test_what_happened_before_the_commit_came_again_decides() -> None:
    assert left(A, B, BACK, release(14, "C"), before=14) == Left("B", 11, 12)


def test_another_commit_is_none_of_it() -> None:
    assert left(A, B, BACK, commit="e" * 40) is None


def test_what_comes_again_goes_back() -> None:
    coming = Shipment(head=BAD, base="a" * 40, base_artifact="A")

    assert not coming.goes_back
    assert replace(coming, left=Left("B", 11, 12)).goes_back
