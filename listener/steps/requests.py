"""What a post asks of Heroku, by the strategy that it was committed with."""

from __future__ import annotations

from typing import cast

from listener import heroku as platform
from listener.history import Release
from listener.promotion import PromotionKind, description_of
from listener.rules import Strategy
from listener.steps.candidates import Gathered
from listener.steps.tools import Tools
from listener.store import apps
from listener.store.posts import PostRow
from listener.store.promotions import PromotionRow

Made = platform.Release | platform.PipelinePromotion


def make(
    tools: Tools, row: PromotionRow, gathered: Gathered, post: PostRow, *, send_by: float
) -> Made:
    """Ask for the release, naming exactly what is to run. Raises HerokuError."""
    heroku, target_id = tools.heroku, row.target_id
    if post.strategy is Strategy.SLUG:
        source = gathered.candidate.source.name
        words = description_of(source, row.version, post.nonce, kind=row.kind)
        return heroku.create_release(
            target_id, slug=post.artifact, description=words, send_by=send_by
        )
    if row.kind is PromotionKind.ROLLBACK:
        return heroku.rollback_release(target_id, release=row.release_id, send_by=send_by)
    pipeline, _ = gathered.candidate.pipelines
    return heroku.create_pipeline_promotion(
        pipeline=cast(str, pipeline),  # the match gate lets nothing pass without
        source=row.source_id,
        release=row.release_id,
        target=target_id,
        send_by=send_by,
    )


def go_back(
    tools: Tools, row: PromotionRow, release: Release, post: PostRow, *, send_by: float
) -> Made:
    """Ask for what an earlier release of the target ran. Raises HerokuError."""
    if post.strategy is Strategy.SLUG:
        kind = PromotionKind.ROLLBACK
        words = description_of("", release.version, post.nonce, kind=kind)
        return tools.heroku.create_release(
            row.target_id, slug=post.artifact, description=words, send_by=send_by
        )
    return tools.heroku.rollback_release(row.target_id, release=release.id, send_by=send_by)


def forget_way(tools: Tools, row: PromotionRow, post: PostRow) -> None:
    """After a refusal, have read anew where the apps are: one may have left the pipeline."""
    if post.strategy is Strategy.PIPELINE:
        with tools.database.begin() as conn:
            both = row.source_id, row.target_id
            apps.lock(conn, both)
            apps.forget_pipelines(conn, both)
