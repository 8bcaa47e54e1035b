"""How an artifact is to get to a target, and what must be known for that before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.apps import App
from listener.promotion import PromotionKind
from listener.rules import Strategy, strategy_of
from listener.steps.leases import keep
from listener.steps.readings import Places
from listener.steps.tools import Tools
from listener.store import rules, work
from listener.store.apps import AppRow
from listener.store.posts import PostRow
from listener.store.promotions import PromotionRow


@dataclass(frozen=True, slots=True)
class Way:
    """A strategy, with what it needs; what it does not need stays unasked."""

    strategy: Strategy = Strategy.SLUG
    pipelines: Places = (None, None)
    account_id: str | None = None  # by which a release without a nonce is known as ours


def choose(
    tools: Tools, claim: work.Claim, row: PromotionRow, source: App, post: PostRow | None
) -> Way:
    """The way of a promotion, or the one that its `post` went already. Raises HerokuError.

    Where no nonce can be given, our account must be known before anything is sent: without it no
    release could be found again after a lost answer.
    """
    strategy = (
        post.strategy if post is not None else strategy_of(_wished(tools, row), source.generation)
    )
    if strategy is Strategy.SLUG:
        return Way()
    way = Way(strategy, account_id=tools.readings.account_id())
    keep(tools, claim)
    if row.kind is PromotionKind.ROLLBACK:
        return way
    (places,) = tools.readings.pipelines(row.source_id, row.target_id)
    keep(tools, claim)
    return replace(way, pipelines=places)


def remembered(conn: Connection, row: PromotionRow, source: AppRow, target: AppRow) -> Way:
    """The way that it would go by what is written down; nothing is sent on the strength of it."""
    strategy = strategy_of(_asked_for(conn, row), source.generation)
    return Way(strategy, (source.pipeline_id, target.pipeline_id))


def _wished(tools: Tools, row: PromotionRow) -> Strategy:
    with tools.database.begin() as conn:
        return _asked_for(conn, row)


def _asked_for(conn: Connection, row: PromotionRow) -> Strategy:
    return rules.get(conn, row.rule_id).strategy if row.rule_id is not None else Strategy.SLUG
