"""What the target allows: free, not on hold, and room to roll back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from listener.core.gates.always import hold, target
from listener.core.gates.base import (
    ActivePromotion,
    Error,
    Hold,
    Pass,
    Reject,
    Verdict,
    Wait,
    evaluate,
)
from listener.core.gates.registry import OF_ROLLBACK
from listener.core.promotion import Status
from listener.core.release import History
from tests.core.candidates import BACK, READY, Change, prod, without_facts
from tests.core.releases import ANA, NOON, release

SKIPPED = Status.SKIPPED


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)


STEP = NOON + timedelta(seconds=15)
FREE = Pass("prod runs v10 and is free.")
BUSY = Wait(f"{ANA} is releasing v11 on prod.", STEP)


def pending(age: timedelta, **more: Any) -> Change:
    """A release on production whose release phase runs for so long."""
    return prod(release(11, "X", "pending", **{"created_at": NOON - age, **more}))


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, FREE),
        (prod(release(11, "B")), Reject("prod already runs this slug, in v11.", SKIPPED)),
        (prod(release(11, "B", "failed")), FREE),
        (
            {"target_history": History([release(10, "A")])},
            Error("prod shows no current release."),
        ),
        (
            {"rival": ActivePromotion("7", Status.RELEASING)},
            Wait("Promotion 7 is at work on prod (releasing).", STEP),
        ),
        (
            {"rival": ActivePromotion("7", Status.RELEASING)} | prod(release(11, "B")),
            Reject("prod already runs this slug, in v11.", SKIPPED),
        ),
        (pending(minutes(0)), BUSY),
        (pending(minutes(74)), BUSY),
        (pending(minutes(75)), FREE),
        (pending(minutes(-5)), BUSY),
        (pending(minutes(0), author=None), Wait("somebody is releasing v11 on prod.", STEP)),
        (pending(minutes(0), created_at=None), BUSY),
        (pending(minutes(0)) | {"own_releases": frozenset({"r11"})}, FREE),
        (pending(minutes(0)) | {"own_releases": frozenset({"r12"})}, BUSY),
        (prod(release(11, "B", "pending")), BUSY),
    ],
)
def test_target(change: Change, verdict: Verdict) -> None:
    assert without_facts(target(replace(READY, **change), NOON)) == verdict


def held(begins: float | None, ends: float | None, reason: str = "the fair") -> Hold:
    """A hold from so many to so many minutes from noon."""
    starts_at = NOON + minutes(begins) if begins is not None else None
    return Hold(reason, ANA, starts_at, NOON + minutes(ends) if ends is not None else None)


OPEN = Pass("prod is not on hold.")


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        ([], OPEN),
        ([held(None, None)], Wait(f"prod is on hold by {ANA}: the fair")),
        ([held(-5, None)], Wait(f"prod is on hold by {ANA}: the fair")),
        ([held(None, 5)], Wait(f"prod is on hold by {ANA}: the fair", NOON + minutes(5))),
        ([held(-5, 5)], Wait(f"prod is on hold by {ANA}: the fair", NOON + minutes(5))),
        ([held(0, 5)], Wait(f"prod is on hold by {ANA}: the fair", NOON + minutes(5))),
        ([held(-5, 0)], OPEN),
        ([held(5, None)], OPEN),
        ([held(5, 10)], OPEN),
        ([held(-5, 0), held(None, None, "the sale")], Wait(f"prod is on hold by {ANA}: the sale")),
    ],
)
def test_hold(holds: list[Hold], verdict: Verdict) -> None:
    candidate = replace(READY, holds=tuple(holds))
    assert without_facts(hold(candidate, NOON)) == verdict


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, None),
        ({"holds": (held(None, None),)}, None),
        (pending(minutes(0)) | {"own_releases": frozenset({"r11"})}, None),
        (
            {"release": release(10, "A")},
            Reject("prod already runs this slug, in v10.", SKIPPED),
        ),
        ({"release": release(9, None)}, Reject("prod v9 has no slug.")),
        ({"release": release(9, "Z", "expired")}, Reject("prod v9 is expired.")),
        ({"release": release(9, "Z", "failed")}, Reject("prod v9 is failed.")),
        ({"is_allowed": False}, Reject("AUTOPROMOTE_APPS does not name both apps.")),
        ({"target_history": History()}, Error("prod shows no current release.")),
        (
            {"rival": ActivePromotion("7", Status.RELEASING)},
            Wait("Promotion 7 is at work on prod (releasing).", STEP),
        ),
        (pending(minutes(0)), BUSY),
    ],
)
def test_rollback(change: Change, verdict: Verdict | None) -> None:
    evaluation = evaluate(replace(BACK, **change), NOON, OF_ROLLBACK)
    objection = evaluation.objection
    assert (without_facts(objection) if objection is not None else None) == verdict
    assert list(evaluation.by_name) == ["match", "target"]
