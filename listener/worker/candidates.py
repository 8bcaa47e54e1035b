"""Gather every fact that a decision needs; what must be fresh is read last."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.core.app import App
from listener.core.drift import Unknown
from listener.core.gates.base import SLUG, Candidate
from listener.core.promotion import SLOW, PromotionKind
from listener.core.release import Release
from listener.core.rule import Mode, OnNewer, Strategy, is_allowed, strategy_of
from listener.db import apps, holds, related_promotions, release_requests, releases, rules
from listener.db.apps import AppRow
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.inventory import drift, evidence
from listener.inventory.context import Context
from listener.inventory.reader import Places, Snapshot, StaleData, remembered
from listener.worker.freshness import is_behind
from listener.worker.job import Job


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """A candidate, and the snapshots it is based on."""

    candidate: Candidate
    source: Snapshot
    target: Snapshot
    mode: Mode
    rule_name: str | None
    revision: int | None
    commit: str | None
    account_id: str | None  # ours, where the release to come will bear no nonce

    @property
    def makes_older_give_way(self) -> bool:
        """Whether this candidate supersedes older ones of the same rule."""
        is_by_rule = not self.candidate.is_by_hand
        return is_by_rule and self.candidate.on_newer is OnNewer.SUPERSEDE

    @property
    def why_older_give_way(self) -> str:
        """The reason for older candidates that this one supersedes."""
        candidate = self.candidate
        return f"{candidate.source.name} v{candidate.release.version} is newer and takes its place."


@dataclass(frozen=True, slots=True)
class Read:
    """What was read or is stored of a promotion's two apps and its slug, and its strategy."""

    source_app: App
    target_app: App
    source: Snapshot
    target: Snapshot
    commit: str | None
    stack: str | None
    way: StrategyChoice


def gather(job: Job, post: PostRow | None = None) -> CandidateFacts:
    """Read what the gates need. Raises HerokuError, LeaseLost.

    With a `post` that is to be sent again, use the strategy of that post.
    """
    context, row = job.context, job.row
    read = _read(job, post)
    is_promotion = row.kind is PromotionKind.PROMOTE
    standing = drift.record_snapshot(context, read.target, row.source_id if is_promotion else None)
    job.renew_lease()
    with context.database.begin() as conn:
        if is_promotion and isinstance(standing, Unknown) and standing.current is not None:
            _check_held(conn, read.target_app, standing)
        if is_behind(read.target, apps.get(conn, row.target_id)):
            name = read.target_app.name
            raise StaleData(f"{name} does not show yet what we released there.")
        return _assemble(conn, context, row, read)


def _check_held(conn: Connection, app: App, unclear: Unknown) -> None:
    """Raise StaleData if what runs is not clear, unless a hold says so already."""
    if not any(hold.kind in ("detected", "guard") for hold in holds.open_(conn, app.id)):
        raise StaleData(f"What {app.name} runs is not clear: {unclear.message}")


def stored(conn: Connection, context: Context, row: PromotionRow) -> CandidateFacts | None:
    """Build a candidate from stored facts only, none of them fresh; None if facts are missing."""
    both = apps.get(conn, row.source_id), apps.get(conn, row.target_id)
    source, target = (remembered(conn, app.id) for app in both)
    if source.history.find(row.version) is None or target.history.current is None:
        return None
    if is_behind(target, both[1]):  # no snapshot shows our last release yet
        return None
    if _lacks_commit_message(conn, row):  # ask no person for what Heroku may tell
        return None
    slug = releases.slug_facts(conn, row.source_id, row.artifact)
    way = remembered_way(conn, row, *both)
    with suppress(StaleData):
        read = Read(both[0].facts, both[1].facts, source, target, *slug, way)
        return _assemble(conn, context, row, read)
    return None


def _read(job: Job, post: PostRow | None) -> Read:
    row, reader = job.row, job.context.reader
    source_app, target_app = reader.facts(row.source_id), reader.facts(row.target_id)
    job.renew_lease()
    way = choose(job, source_app, post)
    commit, stack = row.commit, None
    if row.kind is PromotionKind.PROMOTE and row.artifact_type == SLUG:
        commit, stack = reader.slug(row.source_id, row.artifact)
        with job.context.database.begin() as conn:
            is_to_ask = _lacks_commit_message(conn, row)
        if is_to_ask:
            reader.learn_commit_message(row.source_id, row.artifact)
    source, target = _lists(job)
    return Read(source_app, target_app, source, target, commit, stack, way)


def _lacks_commit_message(conn: Connection, row: PromotionRow) -> bool:
    """Return whether the rule needs the commit message and Heroku was never asked for it.

    Images have none.
    """
    if row.artifact_type != SLUG or not evidence.conditions_of(conn, row).needs_commit_message:
        return False
    return releases.commit_message(conn, row.source_id, row.artifact) is None


def _lists(job: Job) -> tuple[Snapshot, Snapshot]:
    """Return snapshots of source and target that are fresh together.

    The target is always read now, to see who released a moment ago.
    """
    row, reader = job.row, job.context.reader
    if row.source_id == row.target_id:
        target = reader.releases(row.target_id)
        return target, target
    if _is_slower(job.context, row.target_id, row.source_id):
        target = reader.releases(row.target_id)
        job.renew_lease()
        source = reader.fresh(row.source_id)
    else:
        source = reader.fresh(row.source_id)
        job.renew_lease()
        target = reader.releases(row.target_id)
    if reader.are_fresh(source, target):
        return source, target
    job.renew_lease()
    return reader.beside(source, target)


def _is_slower(context: Context, app_id: str, other_id: str) -> bool:
    """Return whether this list was slow the last time, and slower than the other: read it first."""
    with context.database.begin() as conn:
        took, other = apps.get(conn, app_id).last_took, apps.get(conn, other_id).last_took
    return took > max(SLOW, other)


def _assemble(conn: Connection, context: Context, row: PromotionRow, read: Read) -> CandidateFacts:
    release = _release_of(row, read.source, read.source_app)
    rule = rules.get(conn, row.rule_id) if row.rule_id is not None else None
    above = related_promotions.upstream(conn, row.source_id, release)
    rival = related_promotions.rival(conn, row.target_id, row.id)
    on_newer = OnNewer(rule.on_newer) if rule is not None else OnNewer.KEEP
    both = read.source_app, read.target_app
    candidate = Candidate(
        release=release,
        source=read.source_app,
        target=read.target_app,
        source_history=releases.history(conn, row.source_id),
        target_history=read.target.history,
        slug_stack=read.stack,
        strategy=read.way.strategy,
        pipelines=read.way.pipelines,
        on_newer=on_newer,
        is_by_hand=row.is_by_hand,
        holds=tuple(hold.value for hold in holds.open_(conn, row.target_id)),
        rival=related_promotions.as_rival(rival) if rival is not None else None,
        upstream=above.status if above is not None else None,
        newer=_newer(related_promotions.newer_version(conn, row), on_newer),
        is_allowed=all(is_allowed(app.name, context.allowed_apps) for app in both),
        own_releases=release_requests.issued(conn, row.target_id),
        gone_since=row.gone_since,
        **evidence.gather(conn, row),
    )
    return CandidateFacts(
        candidate=candidate,
        source=read.source,
        target=read.target,
        mode=Mode(rule.mode) if rule is not None else Mode.ARMED,
        rule_name=rule.name if rule is not None else None,
        revision=rule.revision if rule is not None else None,
        commit=read.commit,
        account_id=read.way.account_id,
    )


def _release_of(row: PromotionRow, source: Snapshot, app: App) -> Release:
    """Return the promotion's own release, by id and artifact. Raises StaleData.

    Its artifact may be missing, as in an expired release.
    """
    release = source.history.find(row.version)
    if release is None or release.id != row.release_id:
        raise StaleData(f"{app.name} does not show the release v{row.version} that was found.")
    if release.artifact not in (row.artifact, None):
        raise StaleData(f"{app.name} shows v{row.version} with other code than was found.")
    return release


def _newer(version: int | None, on_newer: OnNewer) -> int | None:
    return version if on_newer is OnNewer.SUPERSEDE else None


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy and the facts it needs; facts that it does not need are not read."""

    strategy: Strategy = Strategy.SLUG
    pipelines: Places = (None, None)
    account_id: str | None = None  # marks a release without a nonce as ours


def choose(job: Job, source: App, post: PostRow | None) -> StrategyChoice:
    """Choose the strategy of a promotion, or that of its `post`. Raises HerokuError, LeaseLost.

    If no nonce can be sent, our account must be known before anything is sent: without it no
    release could be found again after a lost answer.
    """
    row, reader = job.row, job.context.reader
    if post is not None:
        strategy = post.strategy
    else:
        with job.context.database.begin() as conn:
            strategy = strategy_of(_asked_for(conn, row), source.generation)
    if strategy is Strategy.SLUG:
        return StrategyChoice()
    way = StrategyChoice(strategy, account_id=reader.account_id())
    job.renew_lease()
    if row.kind is PromotionKind.ROLLBACK:
        return way
    (places,) = reader.pipelines(row.source_id, row.target_id)
    job.renew_lease()
    return replace(way, pipelines=places)


def remembered_way(
    conn: Connection, row: PromotionRow, source: AppRow, target: AppRow
) -> StrategyChoice:
    """Choose the strategy from stored facts only; nothing is sent because of it."""
    strategy = strategy_of(_asked_for(conn, row), source.generation)
    return StrategyChoice(strategy, (source.pipeline_id, target.pipeline_id))


def _asked_for(conn: Connection, row: PromotionRow) -> Strategy:
    return rules.get(conn, row.rule_id).strategy if row.rule_id is not None else Strategy.SLUG
