"""What Heroku says of a pipeline promotion of ours, which has one target."""

from __future__ import annotations

from contextlib import suppress

from listener.heroku import HerokuError, PromotionTarget
from listener.steps.tools import Tools
from listener.store.posts import PostRow


def ask(tools: Tools, post: PostRow) -> PromotionTarget | None:
    """How it stands; None where Heroku says nothing of the target. Raises HerokuError."""
    targets = tools.heroku.promotion_targets(post.heroku_promotion_id or "")
    return next((target for target in targets if target.app_id == post.target_id), None)


def why_failed(tools: Tools, post: PostRow) -> str | None:
    """Heroku's words on a promotion whose release failed, if it has any."""
    if post.heroku_promotion_id is None:
        return None
    with suppress(HerokuError):
        target = ask(tools, post)
        return target.error_message if target is not None else None
    return None
