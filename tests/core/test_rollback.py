"""Where a rollback by hand goes: the newest code that no rollback left, and no further."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.promotion import PromotionKind
from listener.core.release import History, Release
from listener.core.rollback import (
    AlreadyRolledBack,
    NothingBefore,
    RollbackTo,
    TooShort,
    destination,
    running,
    step_back,
)
from tests.core.releases import log, release, release_logs

OURS = {
    "7f3a9c21": PromotionKind.ROLLBACK,
    "r25": PromotionKind.ROLLBACK,
    "c0ffee11": PromotionKind.PROMOTE,
    "r35": PromotionKind.PROMOTE,
}
BACK = "Roll back to v23 (autopromote 7f3a9c21)"
PROMOTED = "Promote acme-staging v7 (autopromote c0ffee11)"
A, B, C = release(22, "A"), release(23, "B"), release(24, "C")


def goes_to(*releases: Release) -> int | None:
    """The version that a rollback goes to, or that it names as further back; None for nowhere."""
    match destination(log(*releases), OURS):
        case RollbackTo(found):
            return found.version
        case AlreadyRolledBack(further=further):
            return -further.version if further is not None else -1
        case NothingBefore():
            return None


@pytest.mark.parametrize(
    ("history", "version"),
    [
        pytest.param([], None, id="no releases"),
        pytest.param([release(1, None)], None, id="no code"),
        pytest.param([A], None, id="one code"),
        pytest.param([A, release(23, "A")], None, id="one code and a config change"),
        pytest.param([A, B], 22, id="what ran before"),
        pytest.param([A, release(23, "A"), C], 23, id="with the newest config of then"),
        pytest.param([A, B, C], 23, id="only one step"),
        pytest.param([A, replace(B, status="failed"), C], 22, id="not to what failed"),
        pytest.param([A, replace(B, status="expired"), C], 22, id="not to what is gone"),
        pytest.param([A, B, replace(C, status="failed")], 22, id="from what runs"),
        pytest.param([A, B, replace(C, status="pending")], 22, id="not from what is pending"),
        pytest.param([replace(A, status="expired"), B], None, id="all gone"),
    ],
)
def test_goes_to_the_newest_other_code_that_can_run(
    history: list[Release], version: int | None
) -> None:
    assert goes_to(*history) == version


ROLLED_BACK = [A, B, C, release(25, "B", words=BACK)]


@pytest.mark.parametrize(
    ("history", "further"),
    [
        pytest.param(ROLLED_BACK, 22, id="ours, by its nonce"),
        pytest.param([A, B, C, release(25, "B")], 22, id="ours, by its release"),
        pytest.param([A, B, C, release(26, "B")], 22, id="Heroku's own, by somebody else"),
        pytest.param([*ROLLED_BACK, release(26, "B")], 22, id="a config change after it"),
        pytest.param([B, C, release(25, "B")], -1, id="nothing is further back"),
        pytest.param([replace(A, status="expired"), B, C, release(25, "B")], -1, id="it is gone"),
        pytest.param(
            [A, B, C, release(26, "B"), release(27, "A")], -1, id="twice, as far as it goes"
        ),
        # The undo of a rollback brings newer code; what it left is what is further back.
        pytest.param(
            [A, B, C, release(26, "B"), release(27, "C", words=BACK)], 26, id="an undone one"
        ),
        pytest.param(
            [A, B, C, release(26, "A"), release(27, "C", words=BACK)], 26, id="an undone jump"
        ),
    ],
)
def test_a_second_rollback_does_not_bring_back_what_the_first_one_left(
    history: list[Release], further: int
) -> None:
    assert goes_to(*history) == -further if further > 0 else goes_to(*history) == -1


@pytest.mark.parametrize(
    ("history", "version"),
    [
        pytest.param([*ROLLED_BACK, release(26, "D")], 25, id="new code after it"),
        pytest.param(
            [*ROLLED_BACK, release(26, "D"), release(27, "E")], 26, id="twice new code after it"
        ),
        pytest.param(
            [A, B, C, release(26, "A"), release(27, "D")], 26, id="not to what it jumped over"
        ),
        # Somebody brought the left code back by hand, and means it.
        pytest.param(
            [*ROLLED_BACK, release(35, "C", words=PROMOTED), release(36, "D")],
            35,
            id="a promotion of ours clears the mark",
        ),
        pytest.param(
            [*ROLLED_BACK, release(35, "C", words=PROMOTED)], 25, id="and can be rolled back"
        ),
        pytest.param([A, B, release(35, "A")], 23, id="a promotion of ours to older code is none"),
        pytest.param(
            [A, B, C, release(26, "B"), replace(release(27, "D"), status="failed")],
            -22,
            id="new code that failed is none",
        ),
    ],
)
def test_what_comes_after_a_rollback_can_be_rolled_back(
    history: list[Release], version: int
) -> None:
    assert goes_to(*history) == version


def test_it_tells_what_was_rolled_back_from_where_to_where() -> None:
    config, back = release(27, "C"), release(28, "B", words=BACK)
    found = destination(log(A, B, C, config, back, release(29, "B")), OURS)
    assert found == AlreadyRolledBack(rollback=back, left=config, back_to=B, further=A)


def test_a_current_that_is_late_sends_nobody_a_step_too_far() -> None:
    """v24 runs, and Heroku shows v23 as current still: one step back is v23, not v22."""
    late = replace(B, is_current=True)
    assert destination(History([A, late, C]), {}) == RollbackTo(late)
    assert running(History([A, late, C])) == C
    config = replace(C, artifact="B")
    assert destination(History([A, late, config]), {}) == RollbackTo(A)
    assert running(History([A, late, config])) == late
    back = release(25, "A", words=BACK)
    assert isinstance(destination(History([A, late, C, back]), OURS), AlreadyRolledBack)


@given(release_logs(), st.sets(st.integers(1, 60)))
def test_it_never_goes_to_what_runs_nor_to_what_cannot_run(
    releases: list[Release], ours: set[int]
) -> None:
    own = {f"r{version}": PromotionKind.ROLLBACK for version in ours}
    history = History(releases)
    found = destination(history, own)
    if isinstance(found, RollbackTo):
        assert found.release.status == "succeeded"
        assert history.current is not None
        assert found.release.artifact not in (None, history.current.artifact)


@given(release_logs())
def test_asked_again_after_it_went_it_goes_nowhere(releases: list[Release]) -> None:
    found = destination(History(releases), {})
    if isinstance(found, RollbackTo):
        version = max(r.version for r in releases) + 1
        back = replace(release(version, found.release.artifact, words=BACK), id="of its own")
        again = destination(log(*(replace(r, is_current=False) for r in releases), back), OURS)
        assert isinstance(again, AlreadyRolledBack)


@given(release_logs(), st.sets(st.integers(1, 60)), st.integers(1, 61))
def test_what_ran_since_a_version_tells_the_same_or_does_not_tell(
    releases: list[Release], ours: set[int], since: int
) -> None:
    own = {f"r{version}": PromotionKind.ROLLBACK for version in ours}
    whole = History(releases)
    first = {whole.first_run(r.artifact) for r in releases if r.version >= since}
    near = [r for r in releases if r.version >= since or r.version in first or r.is_current]
    found = destination(whole, own)
    goes_to = found.release if isinstance(found, RollbackTo) else None
    assert step_back(whole, own, since=None) == goes_to
    with suppress(TooShort):
        assert step_back(History(near), own, since=since) == goes_to
