"""Who moved the target: what is explained goes on, what a person did is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from listener.core.drift import (
    Drift,
    LastKnown,
    ManualForward,
    NoDrift,
    OwnRelease,
    Standing,
    Unknown,
    UnmarkedRequest,
    detect_drift,
    is_ours,
    nonce_of,
)
from listener.core.release import History, Release
from tests.core.releases import log, release

KNOWN = LastKnown(10, "B")
SOURCE = log(release(40, "A"), release(41, "B"), release(42, "C"), release(43, "D"))
OURS = "Promote acme-staging v42 (autopromote 7f3a9c21)"
THEIRS = "Promote acme-staging v42 (autopromote 0badc0de)"
ISSUED = frozenset({"7f3a9c21", "r77"})


def target(*later: Release) -> History:
    """A target that ran A in v9, and B in v10, which is what we know."""
    return log(release(9, "A"), release(10, "B"), *later)


def look(*later: Release, known: LastKnown | None = KNOWN) -> Standing:
    """What the reading of such a target says."""
    return detect_drift(known, target(*later), SOURCE, issued=ISSUED)


@pytest.mark.parametrize(
    ("later", "version"),
    [
        pytest.param([], 10, id="nothing happened"),
        pytest.param([release(11, "B", words="Set FOO config vars")], 11, id="config change"),
        pytest.param([release(11, "B"), release(12, "B")], 12, id="config and add-on"),
        pytest.param([release(11, "X", "pending")], 10, id="a hotfix still pending"),
        pytest.param([release(11, "X", "failed")], 10, id="a hotfix that failed"),
        pytest.param([release(11, "A", "failed")], 10, id="a rollback that failed"),
        pytest.param([release(11, "X", "building")], 10, id="an unknown word"),
        pytest.param([release(11, "X", "pending", is_current=True)], 10, id="pending, called so"),
        pytest.param([release(11, "C", "pending", OURS)], 10, id="our own still pending"),
        pytest.param([release(11, "C", "failed", OURS)], 10, id="our own that failed"),
    ],
)
def test_the_same_artifact_is_explained(later: list[Release], version: int) -> None:
    assert look(*later) == NoDrift(LastKnown(version, "B"))


@pytest.mark.parametrize(
    ("later", "change"),
    [
        pytest.param([release(11, "A", words="Rollback to v9")], 11, id="rolled back by hand"),
        pytest.param([release(11, "X", words="Deploy 1a5f89db")], 11, id="a hotfix"),
        pytest.param([release(11, "X"), release(12, "X")], 11, id="a hotfix, then config"),
        pytest.param([release(11, "B"), release(12, "X")], 12, id="config, then a hotfix"),
        pytest.param([release(11, "Y", "failed"), release(12, "X")], 12, id="at the second try"),
        pytest.param([release(11, "X"), release(12, "A")], 11, id="the earliest is named"),
        pytest.param([release(11, "C"), release(12, "A")], 11, id="forward, then back"),
        pytest.param([release(11, "X"), release(12, "B")], 11, id="a hotfix, undone"),
        pytest.param([release(11, "C"), release(12, "B")], 11, id="forward, and rolled back"),
        pytest.param(
            [release(11, "C"), release(12, "B"), release(13, "B")], 11, id="rolled back, config"
        ),
        pytest.param(
            [release(11, "A", words="Retry of v9: " + OURS)], 11, id="a person retries ours"
        ),
    ],
)
def test_a_person_who_moved_the_target_is_named(later: list[Release], change: int) -> None:
    history = target(*later)
    moved = detect_drift(KNOWN, history, SOURCE, issued=ISSUED)
    earliest, current = history.find(change), history.current
    assert earliest is not None
    assert current is not None
    assert moved == Drift(earliest, current)


def test_a_release_that_was_pending_when_we_looked_is_named_all_the_same() -> None:
    first = look(release(11, "X", "pending"))
    assert isinstance(first, NoDrift)
    moved = look(release(11, "X"), release(12, "X", words="Set FOO"), known=first.known)
    assert isinstance(moved, Drift)
    assert moved.change.version == 11


def test_what_succeeded_but_does_not_run_is_unclear_and_names_nobody() -> None:
    late = release(11, "X")
    history = History([release(10, "B", is_current=True), late])
    said = "v11 succeeded, but v10 is shown as what runs."
    standing = detect_drift(KNOWN, history, SOURCE, issued=ISSUED)
    assert standing == Unknown(said, late, history.current)


def test_a_current_that_no_release_explains_is_unclear() -> None:
    history = History([release(9, "X", is_current=True), release(10, "B")])
    said = "v9 is shown as what runs, and no release explains it."
    assert detect_drift(KNOWN, history, SOURCE, issued=ISSUED) == Unknown(
        said, None, history.current
    )


def test_a_release_phase_that_ended_below_what_we_know_is_held() -> None:
    hotfix = release(9, "X", is_current=True)
    history = History([hotfix, release(10, "B")])
    moved = detect_drift(KNOWN, history, SOURCE, issued=ISSUED, unsettled={9})
    assert moved == Drift(hotfix, hotfix)


@pytest.mark.parametrize(
    ("known", "later", "is_forward"),
    [
        pytest.param(KNOWN, [release(11, "C")], True, id="a newer deploy of the source"),
        pytest.param(KNOWN, [release(11, "C"), release(12, "C")], True, id="then config"),
        pytest.param(KNOWN, [release(11, "X"), release(12, "C")], True, id="over a hotfix"),
        pytest.param(
            KNOWN, [release(11, "C", words="Retry of v10: " + OURS)], True, id="ours, retried"
        ),
        pytest.param(KNOWN, [release(11, "A")], False, id="an older deploy"),
        pytest.param(KNOWN, [release(11, "X")], False, id="not of the source"),
        pytest.param(
            LastKnown(10, "X"), [release(11, "C")], True, id="hotfixed; newer than it ran"
        ),
        pytest.param(
            LastKnown(10, "X"), [release(11, "A")], False, id="hotfixed; older than it ran"
        ),
        pytest.param(LastKnown(0, None), [release(11, "C")], True, id="the first code there"),
    ],
)
def test_only_forward_by_hand_is_welcome(
    known: LastKnown, later: list[Release], is_forward: bool
) -> None:
    standing = look(*later, known=known)
    assert isinstance(standing, ManualForward if is_forward else Drift)
    if isinstance(standing, ManualForward):
        assert standing.known == LastKnown(10 + len(later), "C")
        assert standing.release == target(*later).current


def test_who_undoes_a_rollback_promotes_nothing_forward() -> None:
    """Newer code that the target had left comes back: a person's way, which stands."""
    back = release(11, "C", words="Rollback to v8", is_current=True)
    history = History([release(8, "C"), release(9, "B"), release(10, "B"), back])
    assert detect_drift(KNOWN, history, SOURCE, issued=ISSUED) == Drift(back, back)


@pytest.mark.parametrize("between", ["A", "B", "D", "X"])
def test_who_brings_back_what_was_left_since_promotes_nothing_forward(between: str) -> None:
    """The same, and all of it since we know the target: it must not depend on when we look."""
    forward, left = release(11, "C"), release(12, between)
    back = release(13, "C", words="Rollback to v11")
    moved = look(forward, left, back)
    assert isinstance(moved, Drift)
    assert moved.current.version == back.version

    looked = look(forward)
    assert isinstance(looked, ManualForward)
    assert isinstance(look(forward, left, back, known=looked.known), Drift)


@pytest.mark.parametrize("status", ["failed", "pending", "building"])
def test_what_never_ran_on_the_source_is_not_forward(status: str) -> None:
    source = log(release(41, "B"), release(42, "C", status))
    assert isinstance(detect_drift(KNOWN, target(release(11, "C")), source, issued=ISSUED), Drift)


@pytest.mark.parametrize(
    ("later", "known"),
    [
        pytest.param([release(11, "C", words=OURS)], LastKnown(11, "C"), id="by its nonce"),
        pytest.param([replace(release(11, "A"), id="r77")], LastKnown(11, "A"), id="by its id"),
        pytest.param([release(11, "A", words=OURS)], LastKnown(11, "A"), id="a roll-back of ours"),
        pytest.param(
            [release(11, "A", words=OURS), release(12, "A", words="Set FOO config vars")],
            LastKnown(12, "A"),
            id="with a config change on top",
        ),
        pytest.param(
            [release(11, "X"), release(12, "C", words=OURS)], LastKnown(12, "C"), id="over a hotfix"
        ),
        pytest.param(
            [release(11, "C", words=OURS), release(12, "D", words=OURS)],
            LastKnown(12, "D"),
            id="twice",
        ),
    ],
)
def test_ours_is_known_however_late_it_turns_up(later: list[Release], known: LastKnown) -> None:
    standing = look(*later)
    assert isinstance(standing, OwnRelease)
    assert standing.known == known
    assert is_ours(standing.release, ISSUED)


@pytest.mark.parametrize(
    ("known", "later"),
    [
        pytest.param(LastKnown(11, "C"), [], id="recorded"),
        pytest.param(LastKnown(12, "X"), [release(12, "X")], id="replaced, and the hold released"),
    ],
)
def test_what_was_ours_before_is_past(known: LastKnown, later: list[Release]) -> None:
    assert look(release(11, "C", words=OURS), *later, known=known) == NoDrift(known)


@pytest.mark.parametrize("artifact", ["A", "B", "X"])
def test_a_person_who_undid_ours_before_we_recorded_it_is_named(artifact: str) -> None:
    ours, undone = release(11, "C", words=OURS), release(12, artifact, words="Rollback to v10")
    moved = look(ours, undone)
    assert isinstance(moved, Drift)
    assert (moved.change.version, moved.foreign_nonce) == (12, None)


@pytest.mark.parametrize(
    ("later", "change"),
    [
        pytest.param([release(11, "C", words=THEIRS)], 11, id="newer code"),
        pytest.param([release(11, "A", words=THEIRS)], 11, id="older code"),
        pytest.param([release(11, "B", words=THEIRS)], 11, id="the code we know"),
        pytest.param([release(11, "C", words=THEIRS), release(12, "C")], 11, id="then config"),
        pytest.param([release(11, "C", words=THEIRS), release(12, "D")], 11, id="then forward"),
        pytest.param([release(11, "C", words=THEIRS), release(12, "B")], 11, id="then back"),
        pytest.param([release(11, "X"), release(12, "C", words=THEIRS)], 12, id="over a hotfix"),
        pytest.param(
            [release(11, "C", words=OURS), release(12, "C", words=THEIRS)], 12, id="after ours"
        ),
    ],
)
def test_another_installation_is_held_and_named(later: list[Release], change: int) -> None:
    moved = look(*later)
    assert isinstance(moved, Drift)
    assert (moved.change.version, moved.foreign_nonce) == (change, "0badc0de")


def test_another_installation_is_explained_once_a_person_released_the_hold() -> None:
    released = LastKnown(11, "C")
    assert look(release(11, "C", words=THEIRS), known=released) == NoDrift(released)


@pytest.mark.parametrize("status", ["failed", "pending"])
def test_another_installation_that_changed_nothing_is_not_held(status: str) -> None:
    assert look(release(11, "C", status, THEIRS)) == NoDrift(KNOWN)


@pytest.mark.parametrize(
    ("known", "history"),
    [
        pytest.param(LastKnown(12, "C"), target(release(11, "A")), id="older than what we know"),
        pytest.param(KNOWN, History([release(10, "B"), release(11, "X")]), id="no current one"),
        pytest.param(None, History(), id="no release at all"),
    ],
)
def test_a_reading_that_cannot_tell_says_nothing(known: LastKnown | None, history: History) -> None:
    assert detect_drift(known, history, SOURCE, issued=ISSUED) == Unknown()


def test_a_target_that_no_rule_ever_named_is_taken_as_it_is() -> None:
    assert look(release(11, "X"), known=None) == NoDrift(LastKnown(11, "X"))


@pytest.mark.parametrize(
    ("words", "nonce"),
    [
        (OURS, "7f3a9c21"),
        ("Retry of v11: " + OURS, None),
        ("Promote acme-staging v42", None),
        ("(autopromote 7f3a9c2)", None),
        ("(autopromote 7F3A9C21)", None),
        ("", None),
    ],
)
def test_reads_the_nonce_of_whoever_made_the_release(words: str, nonce: str | None) -> None:
    assert nonce_of(words) == nonce


ASKED = UnmarkedRequest("C", 10, "robot")


@pytest.mark.parametrize(
    ("change", "may_be"),
    [
        ({}, True),
        ({"status": "pending"}, True),
        ({"status": "failed"}, True),
        ({"description": "Rollback to v4"}, True),
        ({"version": 12}, True),
        ({"version": 10}, False),
        ({"artifact": "D"}, False),
        ({"artifact": None}, False),
        ({"author_id": "ana"}, False),
        ({"author_id": None}, False),
        ({"description": OURS}, False),
        ({"description": THEIRS}, False),
    ],
)
def test_what_bears_no_nonce_is_known_by_artifact_version_and_account(
    change: dict[str, Any], may_be: bool
) -> None:
    made = release(11, "C", words="Promote staging v42", author_id="robot")
    assert ASKED.may_have_made(replace(made, **change)) is may_be
