"""What ships with a promotion is read by work of its own, from the repository of the app."""

from __future__ import annotations

from typing import Any

from listener.core.commits import Relation, Shipment
from listener.core.promotion import Status
from listener.db import shipments
from listener.worker.queues import READING
from tests.worker.emulated import STAGING
from tests.worker.pipes import couple
from tests.worker.stage import Stage

SHOP = "acme/shop"


def push(stage: Stage, *messages: str, **more: Any) -> list[str]:
    """Commits on the main branch, by Bo; answers their SHAs."""
    commits = [{"message": each, "author": "Bo", **more} for each in messages]
    shas: list[str] = stage.control("repositories", {"full_name": SHOP, "commits": commits})
    return shas


def connect(stage: Stage) -> None:
    """Staging and production in a pipeline with a repository; both run its first commit."""
    couple(stage)
    [first] = push(stage, "Begin")
    stage.control("pipelines/shop/repo", {"full_name": SHOP}, method="PUT")
    version = stage.deploy(commit=first)
    stage.look()
    stage.age(seconds=3)
    read(stage)
    assert stage.promotion(version).status is Status.SUCCEEDED


def read(stage: Stage) -> None:
    """Read what ships, as a runner's thread does."""
    stage.shift(stage.seconds(3))
    while stage.step(READING):
        pass


def shipped(stage: Stage, version: int) -> Shipment:
    """What is known to ship with the promotion of a version."""
    with stage.database.begin() as conn:
        found = shipments.of(conn, stage.promotion(version).id)
    assert found is not None
    return found


def test_the_commits_between_what_ran_and_what_goes(stage: Stage) -> None:
    connect(stage)
    shas = push(stage, "Fix the login (#7)", "Add a page")
    version = stage.deploy(commit=shas[-1])
    stage.look()
    read(stage)

    found = shipped(stage, version)

    assert found.comparison is not None
    assert found.comparison.relation is Relation.AHEAD
    assert [each.sha for each in found.comparison.coming] == shas
    assert [each.subject for each in found.comparison.coming] == [
        "Fix the login (#7)",
        "Add a page",
    ]
    assert found.comparison.coming[0].pull == 7
    assert (found.repository, found.head, found.told_by) == (SHOP, shas[-1], "heroku")
    assert not found.goes_back


def test_an_app_without_a_repository_is_asked_about_once_a_day(stage: Stage) -> None:
    versions = []
    for letter in "ab":
        versions.append(stage.deploy(commit=letter * 40))
        stage.look()
        read(stage)

    for version in versions:
        assert (shipped(stage, version).untold or "").startswith(
            f"Heroku does not tell the repository of {STAGING}: "
        )
    calls = [call for call in stage.wire.take_calls() if "/repo" in call]
    assert calls == [f"GET /apps/{stage.app(STAGING).id}/repo"]
