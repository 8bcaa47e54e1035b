"""A commit that production was rolled back from, in a new slug, is known as going back."""

from __future__ import annotations

import pytest

from listener.core.commits import Left
from listener.core.promotion import Status
from listener.db import left_commits
from listener.db.left_commits import Coming
from tests.worker.emulated import BO, PROD
from tests.worker.shipping import read, shipped
from tests.worker.stage import Stage

GOOD, BAD, FIX = "a" * 40, "b" * 40, "c" * 40


def ship(stage: Stage, commit: str) -> int:
    """A deploy of a commit, which goes if nothing keeps it."""
    version = stage.deploy(commit=commit)
    stage.look()
    return version


def coming(stage: Stage, version: int, *, before: int | None = None) -> Left | None:
    """Whether a rollback took from production the commit of a version."""
    row = stage.promotion(version)
    assert row.commit is not None
    with stage.database.begin() as conn:
        return left_commits.find(
            conn, Coming(row.source_id, row.target_id, row.artifact, row.commit, before)
        )


@pytest.fixture
def rolled_back(stage: Stage) -> Left:
    """Production ran the bad commit, and a person took it back."""
    ship(stage, GOOD)
    bad = ship(stage, BAD)
    row = stage.promotion(bad)
    assert row.status is Status.SUCCEEDED
    stage.ask_rollback()
    stage.work()
    stage.release_hold()
    stage.work()
    assert row.target_version is not None
    return Left(row.artifact, row.target_version, stage.current())


def test_the_same_commit_in_a_new_slug(stage: Stage, rolled_back: Left) -> None:
    stage.put_hold()
    version = ship(stage, BAD)
    read(stage)

    assert coming(stage, version) == rolled_back
    assert shipped(stage, version).left == rolled_back
    assert shipped(stage, version).goes_back


def test_it_is_still_told_once_the_commit_went(stage: Stage, rolled_back: Left) -> None:
    version = ship(stage, BAD)
    if stage.promotion(version).status is Status.WAITING:  # for a person's word
        stage.approve(version, BO)
        stage.work()
    row = stage.promotion(version)
    read(stage)
    stage.look(PROD)

    assert row.status is Status.SUCCEEDED
    assert coming(stage, version) is None  # nobody took it back since
    assert shipped(stage, version).left == rolled_back


def test_a_fix_on_top_of_it_does_not_go_back(stage: Stage, rolled_back: Left) -> None:
    version = ship(stage, FIX)
    read(stage)

    assert coming(stage, version) is None
    assert shipped(stage, version).left is None


def test_somebodys_rollback_counts(stage: Stage) -> None:
    good, bad = ship(stage, GOOD), ship(stage, BAD)
    stage.roll_back(PROD, stage.promotion(good).target_version or 0)
    stage.look(PROD)
    version = ship(stage, BAD)
    row = stage.promotion(bad)

    assert coming(stage, version) == Left(row.artifact, row.target_version or 0, stage.current())


def test_what_a_promotion_took_the_place_of_was_not_taken_back(stage: Stage) -> None:
    for commit in (GOOD, BAD, FIX):
        ship(stage, commit)
    stage.put_hold()

    assert coming(stage, ship(stage, BAD)) is None


def test_the_last_run_counts_however_far_back(stage: Stage, rolled_back: Left) -> None:
    stage.control(f"apps/{PROD}/history", {"releases": 120})
    stage.look(PROD)

    assert coming(stage, ship(stage, BAD)) == rolled_back
