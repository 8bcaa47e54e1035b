"""Posts that meet with an accident, and what Heroku makes of them in the end."""

from __future__ import annotations

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage


def lose(stage: Stage, around: wire.Around = wire.lost) -> int:
    """A deploy whose post meets with an accident; answers its version."""
    stage.wire.put(around)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.POSTING
    stage.wire.take_calls()
    return version


def release_late(stage: Stage) -> int:
    """Heroku applies, at last, what was asked of it; answers the version."""
    post = stage.posts()[-1]
    words = f"Promote {STAGING} (autopromote {post.nonce})"
    return stage.deploy(PROD, slug_id=post.artifact, description=words, user="robot@example.com")
