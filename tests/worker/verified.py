"""A promotion that is verified, and production that is well or not."""

from __future__ import annotations

from typing import Any

from listener.core.promotion import Status
from tests.worker.site import Site
from tests.worker.stage import Stage

SECONDS = 50  # five questions, ten seconds apart
LIST = "/apps/[^/]+/releases"


def verified(bare: Stage, site: Site, **more: Any) -> Stage:
    """A rule that has production verified for a while."""
    bare.add_rule(conditions={"verify": [site.url], "verify_for": f"{SECONDS}s", **more})
    return bare


def promoted(stage: Stage) -> int:
    """A promotion that is being verified; answers the version."""
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.VERIFYING, stage.promotion(version)
    return version


def answer(stage: Stage, site: Site, *statuses: int) -> None:
    """What production answers to one question after the other."""
    for status in statuses:
        site.status = status
        row = next(row for row in stage.promotions() if row.status is Status.VERIFYING)
        # However long the test takes itself, it comes to the very next question.
        stage.age(seconds=max(stage.promotion_due_in(row.version), 0.0))


def broken(stage: Stage, site: Site) -> int:
    """A promotion after which production is not well, up to the last question."""
    version = promoted(stage)
    answer(stage, site, 200, 503, 503, 503)
    assert stage.promotion(version).status is Status.VERIFYING
    stage.wire.take_calls()
    return version
