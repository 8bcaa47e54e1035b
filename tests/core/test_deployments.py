"""Every status is told to GitHub in its words: no Deployment and no status is left as it was."""

from __future__ import annotations

import pytest

from listener.core.deployments import CommitState, State, commit_state_of, said, state_of
from listener.core.promotion import ENDED, UNFINISHED, PromotionKind, Status


@pytest.mark.parametrize("status", sorted(Status))
def test_each_status_has_its_states_and_its_words(status: Status) -> None:
    for kind in PromotionKind:
        assert state_of(kind, status) is not None
    assert said(status, version=None) != "Not told."


@pytest.mark.parametrize("status", sorted(ENDED))
def test_what_ended_is_not_shown_as_if_it_went_on(status: Status) -> None:
    for kind in PromotionKind:
        assert state_of(kind, status) not in {State.QUEUED, State.IN_PROGRESS}
    assert commit_state_of(status) is not CommitState.PENDING


def test_what_a_rule_in_shadow_left_is_over_and_nobodys_fault() -> None:
    assert state_of(PromotionKind.PROMOTE, Status.SHADOWED) is State.INACTIVE
    assert commit_state_of(Status.SHADOWED) is CommitState.SUCCESS


@pytest.mark.parametrize("status", sorted(UNFINISHED))
def test_what_goes_on_is_pending(status: Status) -> None:
    assert commit_state_of(status) is CommitState.PENDING
