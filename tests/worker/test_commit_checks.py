"""A release waits for the checks of its commit at GitHub, which work of its own reads."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from tests.worker.hub import SHOP, Hub
from tests.worker.pipes import couple
from tests.worker.stage import Stage


def repository_of(stage: Stage) -> None:
    """The pipeline of both apps has a repository."""
    couple(stage)
    stage.control("pipelines/shop/repo", {"full_name": SHOP}, method="PUT")


@pytest.fixture
def hub(bare: Stage) -> Hub:
    """A rule that asks for every check, and a repository."""
    made = Hub(bare)
    made.push("Begin")
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True})
    return made


def deploy(hub: Hub, sha: str, **more: Any) -> int:
    """The commit on staging, and what follows from it."""
    version = hub.stage.deploy(commit=sha, **more)
    hub.stage.look()
    hub.read()
    return version


def gate(stage: Stage, version: int) -> dict[str, Any]:
    """What the gate said last."""
    row = stage.promotion(version)
    found: dict[str, Any] = next(each for each in row.gates if each["name"] == "github-checks")
    return found


def test_it_waits_for_checks_and_goes_when_they_are_green(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    hub.status(sha, "ci/build", "success")
    version = deploy(hub, sha)
    said = f"1 of 2 checks of {sha[:7]} is not done: test."
    assert (stage.promotion(version).status, gate(stage, version)["message"]) == (
        Status.WAITING,
        said,
    )
    hub.run(sha, "test", "success")
    hub.age(seconds=5)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert gate(stage, version)["message"] == f"All 2 checks of {sha[:7]} are well."
