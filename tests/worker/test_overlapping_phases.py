"""Releases of others between our post and the end of its release phase, in every order.

Nobody outside knows which of two releases Heroku lets run whose phases overlap: the newer one, or
the one whose phase ends last. Both are played.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.core.rule import Strategy
from tests.worker.emulated import PROD
from tests.worker.pipes import couple
from tests.worker.stage import Stage

HIGHEST, LAST = "highest", "last-to-end"


@dataclass(frozen=True)
class Between:
    """What somebody does while the release phase of ours runs."""

    do: Callable[[Stage], int]
    is_code: bool


def add_on(stage: Stage) -> int:
    """Somebody adds a database."""
    stage.control(f"apps/{PROD}/addons", {"plan": "heroku-redis:mini"})
    return int(stage.releases(PROD)[-1]["version"])


BETWEEN = {
    "config": Between(lambda stage: stage.configure(PROD), is_code=False),
    "add-on": Between(add_on, is_code=False),
    "push": Between(lambda stage: stage.hotfix(), is_code=True),
    "rollback": Between(lambda stage: stage.roll_back(PROD, 3), is_code=True),
}


def current_rule(stage: Stage, rule: str) -> None:
    """Have production play this rule of what runs."""
    stage.control(f"apps/{PROD}", {"current": rule}, "PATCH")


@pytest.fixture
def two_codes(bare: Stage) -> Stage:
    """Production ran two codes, so that there is something to roll back to."""
    bare.deploy(PROD)
    return bare


def releasing(stage: Stage, strategy: Strategy) -> int:
    """A promotion whose release phase runs; answers the version of ours."""
    if strategy is Strategy.PIPELINE:
        couple(stage)
    stage.add_rule(strategy=strategy)
    stage.phase(PROD)
    stage.deploy()
    stage.look()
    stage.step_until(Status.RELEASING)
    stage.age(seconds=2)
    (row,) = stage.promotions()
    assert row.status is Status.RELEASING
    return int(stage.releases(PROD)[-1]["version"])


def between(stage: Stage, names: list[str], own_phase: str | None) -> list[int]:
    """What others did in between, with phases of their own or without; the versions."""
    if own_phase is None:
        stage.phase(PROD, none=True)
    return [BETWEEN[name].do(stage) for name in names]


def assert_named_no_innocent(stage: Stage, names: list[str], versions: list[int]) -> None:
    """No hold says that a release of ours was a stranger's, nor names who changed no code."""
    for hold in stage.held():
        assert "(autopromote " not in hold.reason
        plain = [v for n, v in zip(names, versions, strict=True) if not BETWEEN[n].is_code]
        for version in plain:
            assert f"released v{version}" not in hold.reason
            assert not re.search(rf"v{version} by (?!now,)", hold.reason)


ORDERS = [[name] for name in BETWEEN] + [
    ["config", "add-on"],
    ["config", "push"],
    ["push", "config"],
]
BEFORE, AFTER = "ends before ours", "ends after ours"
PHASES = (None, BEFORE, AFTER)


@pytest.mark.parametrize("is_read_between", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("rule", [HIGHEST, LAST])
@pytest.mark.parametrize("own_phase", PHASES)
@pytest.mark.parametrize("names", ORDERS, ids="+".join)
def test_ours_is_never_a_strangers(
    two_codes: Stage, names: list[str], own_phase: str | None, rule: str, *, is_read_between: bool
) -> None:
    stage = two_codes
    ours = releasing(stage, Strategy.SLUG)
    current_rule(stage, rule)
    versions = play(stage, names, ours, own_phase, is_read_between=is_read_between)
    check(stage, names, ours, versions)


@pytest.mark.parametrize("rule", [HIGHEST, LAST])
@pytest.mark.parametrize("own_phase", PHASES)
@pytest.mark.parametrize("names", [["config"], ["push"]], ids="+".join)
def test_nor_is_a_pipeline_promotion_of_ours(
    two_codes: Stage, names: list[str], own_phase: str | None, rule: str
) -> None:
    stage = two_codes
    ours = releasing(stage, Strategy.PIPELINE)
    current_rule(stage, rule)
    versions = play(stage, names, ours, own_phase, is_read_between=True)
    check(stage, names, ours, versions)


def play(
    stage: Stage, names: list[str], ours: int, own_phase: str | None, *, is_read_between: bool
) -> list[int]:
    """The releases in between, answered with, and the ends of all phases in their order."""
    versions = between(stage, names, own_phase)
    theirs = versions if own_phase is not None else []
    for version in [ours, *theirs] if own_phase == AFTER else [*theirs, ours]:
        if is_read_between:
            stage.age(seconds=2)
        stage.finish(PROD, version)
    stage.age(seconds=16)
    return versions


def check(stage: Stage, names: list[str], ours: int, versions: list[int]) -> None:
    """What must hold whatever the order, and what follows of this one."""
    (row,) = stage.promotions()
    is_plain = all(not BETWEEN[name].is_code for name in names)
    assert_named_no_innocent(stage, names, versions)
    if is_plain:
        assert row.status is Status.SUCCEEDED
        assert "detected" not in {hold.kind for hold in stage.held()}
    stage.reconcile()
    for _ in range(4):
        stage.age(seconds=61)
    assert_named_no_innocent(stage, names, versions)
    if not is_plain:
        assert row.status in (Status.SUCCEEDED, Status.ERRORED)
        assert stage.held() != []
    elif stage.current() == ours or stage.slug_of(PROD, stage.current()) == row.artifact:
        assert stage.held() == []
        assert stage.app(PROD).known == LastKnown(max(versions), stage.slug_of(PROD, ours))
    else:  # the code of before runs, by Heroku's rule: that is said, and of nobody
        (hold,) = stage.held()
        assert hold.kind == "guard"
