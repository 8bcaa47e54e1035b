"""The post, and what every class of answer to it means."""

from __future__ import annotations

from typing import Any

import pytest

from listener.promotion import Status
from tests.steps import wire
from tests.steps.stage import EU, PROD, STAGING, Stage


def test_a_deploy_is_released_once_with_its_very_slug(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version)
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.SUCCEEDED
    assert stage.runs(version)
    assert row.target_version == stage.current()
    assert [gate["verdict"] for gate in row.gates] == ["pass"] * 5


def test_one_target_costs_three_calls(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version, stack="heroku-24", commit="c0ffee")
    stage.work()

    staging, prod = stage.app(STAGING).id, stage.app(PROD).id
    assert stage.wire.take_calls() == [
        f"GET /apps/{staging}/releases",
        f"GET /apps/{prod}/releases",
        f"POST /apps/{prod}/releases",
    ]
