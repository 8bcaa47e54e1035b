"""Apps in one pipeline, and a rule that promotes by it."""

from __future__ import annotations

from typing import Any

from listener.core.promotion import Status
from listener.core.rule import Strategy
from tests.worker import wire
from tests.worker.emulated import EU, PROD, ROBOT, STAGING
from tests.worker.stage import Stage

PROMOTIONS = "/pipeline-promotions"
TARGETS = f"{PROMOTIONS}/[^/]+/promotion-targets"


def couple(stage: Stage, staging: str = STAGING, *production: str) -> str:
    """Put a source and its targets into a pipeline; answers its id."""
    couplings = {"staging": [staging], "production": list(production or (PROD, EU))}
    made = stage.control("pipelines", {"name": "shop", "couplings": couplings})
    return str(made["id"])


def by_pipeline(stage: Stage) -> Stage:
    """Couple the usual apps, with a rule from staging to production."""
    couple(stage)
    stage.add_rule(strategy=Strategy.PIPELINE)
    return stage


def lose(stage: Stage, around: wire.Around = wire.lost) -> int:
    """A deploy whose pipeline promotion meets with an accident; answers its version."""
    stage.wire.put(around, path=PROMOTIONS)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.POSTING
    stage.wire.take_calls()
    return version


def promote_late(stage: Stage, *, app: str = PROD, user: str = ROBOT) -> int:
    """A release like one that Heroku makes of a pipeline promotion; answers the version."""
    post = stage.posts()[-1]
    words = f"Promote {STAGING} v42 1a5f89db"
    return stage.deploy(app, slug_id=post.artifact, description=words, user=user)


def arrival(stage: Stage, app: str = PROD, **arrival: Any) -> None:
    """Have pipeline promotions wait on their way to an app, until `arrive`."""
    wanted = None if arrival.pop("none", False) else {"seconds": None, **arrival}
    stage.control(f"apps/{app}", {"arrival": wanted}, "PATCH")


def arrive(stage: Stage, app: str = PROD) -> None:
    """Let what waits arrive."""
    stage.control(f"apps/{app}/arrivals")


def artifacts(stage: Stage, app: str) -> list[str]:
    """The artifacts that an app ran, oldest first, whatever their kind."""
    return [r["artifacts"][0]["id"] for r in stage.releases(app) if r["artifacts"]]
