"""Gather every fact that a decision needs; what must be fresh is read last."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from sqlalchemy import Connection

from listener.core.app import App
from listener.core.drift import Standing, Unknown
from listener.core.gates.base import SLUG, Candidate
from listener.core.promotion import SLOW, PromotionKind
from listener.core.release import History, Release
from listener.core.rollback import OwnReleases
from listener.core.rule import Mode, OnNewer, Strategy, is_allowed, strategy_of
from listener.db import (
    access_tokens,
    apps,
    holds,
    related_promotions,
    release_requests,
    releases,
    rules,
)
from listener.db.apps import AppRow
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.db.releases import Around
from listener.inventory import drift, evidence
from listener.inventory.context import Context
from listener.inventory.evidence import Brought, TargetFacts
from listener.inventory.reader import Places, Snapshot, StaleData, is_recent, remembered
from listener.worker.freshness import is_behind, running
from listener.worker.job import Job
from listener.worker.known import Known, known

# From the last list to the commit of the post, mostly; what gets old meanwhile is read in vain.
DECIDED_WITHIN = timedelta(seconds=0.5)


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

    known: Known
    source_app: App
    target_app: App
    source: Snapshot
    target: Snapshot
    commit: str | None
    stack: str | None
    way: StrategyChoice


def gather(job: Job, post: PostRow | None = None) -> CandidateFacts:
    """Read what the gates need. Raises HerokuError, LeaseLost.

    With a `post` that is to be sent again, use the strategy of that post. What the look read that
    made the promotion is used once, if it is fresh.
    """
    if job.facts is not None and job.known and _read_already(job, job.known, post):
        return job.facts
    with job.context.database.begin() as conn:
        found = job.known or known(conn, job.row)
        read = _read_already(job, found, post)
        facts = _decide_on(conn, job, read) if read is not None else None
    if facts is None:
        if found.rule is None or found.rule.mode is Mode.ARMED:
            job.context.heroku.expect_release()
        read = _read(job, found, post)
        with job.context.database.begin() as conn:
            facts = _decide_on(conn, job, read)
    if facts is None and read is not None:  # it seems moved: read the source once more
        is_promotion = job.row.kind is PromotionKind.PROMOTE
        source_id = job.row.source_id if is_promotion else None
        standing = drift.record_snapshot(job.context, read.target, source_id)
        job.renew_lease()
        with job.context.database.begin() as conn:
            facts = _decide_on(conn, job, read, standing)
    if isinstance(facts, StaleData):
        raise facts
    return cast(CandidateFacts, facts)  # with a standing, there always are


def gather_at_once(conn: Connection, job: Job) -> CandidateFacts | None:
    """Read what the gates need in the transaction of the look that made the promotion.

    The caller holds the locks of both apps. None where Heroku must be asked for more, or where the
    target was moved: what follows from that wakes promotions of lower numbers, which none may lock
    that has locked others.
    """
    if job.known is None or (read := _read_already(job, job.known, None)) is None:
        return None
    target, shown = job.known.target, read.target.history
    issued = release_requests.issued_for(conn, target.id, shown)
    standing = drift.write_unmoved(conn, target, shown, issued=frozenset(issued))
    if standing is None:
        return None
    facts = _facts_of(conn, job, read, target, issued, standing)
    return facts if isinstance(facts, CandidateFacts) else None


def _decide_on(
    conn: Connection, job: Job, read: Read, standing: Standing | None = None
) -> CandidateFacts | StaleData | None:
    """Record how the target stands, and build the candidate; None where that needs another read."""
    row = job.row
    target = apps.lock(conn, [row.target_id])[row.target_id]
    issued = release_requests.issued_for(conn, row.target_id, read.target.history)
    if standing is None:
        source_id = _source_of(conn, read.known, row)
        standing = drift.write(
            conn, target, read.target.history, source_id, issued=frozenset(issued)
        )
    if standing is None:
        return None
    return _facts_of(conn, job, read, target, issued, standing)


def _facts_of(
    conn: Connection,
    job: Job,
    read: Read,
    target: AppRow,
    issued: OwnReleases,
    standing: Standing,
) -> CandidateFacts | StaleData:
    """Build the candidate; the caller holds the target's lock, and recorded how it stands.

    The answer is that the data is stale, not an exception, so that the record stays.
    """
    row = job.row
    is_promotion = row.kind is PromotionKind.PROMOTE
    there = holds.standing(conn, row.target_id)
    is_unclear = isinstance(standing, Unknown) and standing.current is not None
    is_told = any(
        hold.kind in ("detected", "guard") for hold in there.held
    )  # a hold says so already
    if is_promotion and isinstance(standing, Unknown) and is_unclear and not is_told:
        return StaleData(f"What {target.name} runs is not clear: {standing.message}")
    if is_behind(read.target, target):
        return StaleData(f"{target.name} does not show yet what we released there.")
    try:
        return _assemble(conn, job.context, row, read, TargetFacts(issued, there))
    except StaleData as stale:
        return stale


def _source_of(conn: Connection, found: Known, row: PromotionRow) -> str | None:
    """Return the one source that rules name for the target; else that of the promotion."""
    rule = found.rule
    if rule is not None and rule.acts and row.target_id in rule.target_ids:
        return rule.source_id
    named = next((each.source_id for each in rules.targeting(conn, row.target_id)), None)
    return named or (row.source_id if row.kind is PromotionKind.PROMOTE else None)


def stored(
    conn: Connection, context: Context, row: PromotionRow, found: Known
) -> CandidateFacts | None:
    """Build a candidate from stored facts only, none of them fresh; None if facts are missing."""
    if found.lacks_commit:  # ask no person for what Heroku may tell
        return None
    around = Around(row.version, frozenset({row.artifact}), frozenset({row.version}))
    source = remembered(conn, row.source_id, around)
    if source.history.find(row.version) is None:
        return None
    target = remembered(
        conn, row.target_id, Around(None, source.history.artifacts | {row.artifact})
    )
    if target.history.current is None:
        return None
    if is_behind(target, found.target):  # no snapshot shows our last release yet
        return None
    way = _remembered_way(found)
    with suppress(StaleData):
        apps_ = found.source.facts, found.target.facts
        read = Read(found, *apps_, source, target, found.commit, found.stack, way)
        issued = release_requests.issued_for(conn, row.target_id, target.history)
        about = TargetFacts(issued, holds.standing(conn, row.target_id))
        return _assemble(conn, context, row, read, about)
    return None


def _read_already(job: Job, found: Known, post: PostRow | None) -> Read | None:
    """Return what the look read that made the promotion, if nothing else must be asked."""
    if job.read is None or post is not None:
        return None
    source, target = job.read
    now, row = job.now(), job.row
    is_plain = row.artifact_type == SLUG and not found.needs_slug
    is_plain = is_plain and _strategy(found) is Strategy.SLUG
    are_recent = all(is_recent(app.facts_at, now) for app in (found.source, found.target))
    if not (is_plain and are_recent and source.is_fresh(now) and target.is_fresh(now)):
        return None
    if not source.reaches(row.version):
        return None
    both = found.source.facts, found.target.facts
    return Read(found, *both, source, target, found.commit, found.stack, StrategyChoice())


def _read(job: Job, found: Known, post: PostRow | None) -> Read:
    row, reader = job.row, job.context.reader
    source_app = reader.facts_of(found.source, job.now())
    target_app = reader.facts_of(found.target, job.now())
    job.renew_lease()
    way = _choose(job, found, post)
    commit, stack = row.commit, None
    if row.kind is PromotionKind.PROMOTE and row.artifact_type == SLUG:
        commit, stack = found.commit, found.stack
        if found.stack is None:
            commit, stack = reader.slug(row.source_id, row.artifact)
    source, target = _lists(job, found, post)
    return Read(found, source_app, target_app, source, target, commit, stack, way)


def _lists(job: Job, found: Known, post: PostRow | None) -> tuple[Snapshot, Snapshot]:
    """Return snapshots of source and target that are fresh together.

    The source is read back to the promotion's own release, as its slug may have expired. The target
    is always read now, to see who released a moment ago, and back to what a `post` was based on.
    """
    row, reader = job.row, job.context.reader
    artifacts = frozenset({row.artifact})
    own = Around(None, artifacts, frozenset({row.version}), back_to=row.version)
    if row.source_id == row.target_id:
        target = reader.releases(row.target_id, own)
        return target, target
    base = post.base_version if post is not None else None
    there = Around(base, artifacts, back_to=base)
    # A list that was slow the last time, and slower than the other, is read first.
    if found.target.last_took > max(SLOW, found.source.last_took):
        target = reader.releases(row.target_id, there)
        job.renew_lease()
        source = reader.fresh(row.source_id, own, for_=DECIDED_WITHIN)
    else:
        until_both = found.target.last_took + DECIDED_WITHIN
        source = reader.fresh(row.source_id, own, for_=until_both)
        job.renew_lease()
        there = replace(there, artifacts=artifacts | source.history.artifacts)
        target = reader.releases(row.target_id, there)
    if source.is_fresh(job.now()) and target.is_fresh(job.now()):
        return source, target
    job.renew_lease()
    return reader.beside(source, target, {row.source_id: own, row.target_id: there})


def _may_return(row: PromotionRow) -> bool:
    """Return whether it may bring back what its target left: a rollback, or a person's promotion.

    A script that promotes whatever runs on the source would undo every rollback.
    """
    by = row.created_by if row.is_by_hand else None
    is_rollback = row.kind is PromotionKind.ROLLBACK
    return is_rollback or (by is not None and not access_tokens.is_machine(by))


def _assemble(
    conn: Connection,
    context: Context,
    row: PromotionRow,
    read: Read,
    about: TargetFacts,
) -> CandidateFacts:
    found, rule = read.known, read.known.rule
    release = _release_of(row, read.source, read.source_app)
    target_history, source_history = _histories(conn, row, read)
    above = related_promotions.upstream(conn, row.source_id, release)
    rival, newer = related_promotions.beside(conn, row)
    on_newer = OnNewer(rule.on_newer) if rule is not None else OnNewer.KEEP
    both = read.source_app, read.target_app
    candidate = Candidate(
        release=release,
        source=read.source_app,
        target=read.target_app,
        source_history=source_history,
        target_history=target_history,
        slug_stack=read.stack,
        promotion_id=row.id,
        strategy=read.way.strategy,
        pipelines=read.way.pipelines,
        on_newer=on_newer,
        is_by_hand=row.is_by_hand,
        asked_by=row.created_by,
        may_return=_may_return(row),
        target_ran=row.target_ran,
        holds=tuple(hold.value for hold in about.standing.held),
        rival=related_promotions.as_rival(rival) if rival is not None else None,
        upstream=above.status if above is not None else None,
        newer=newer if on_newer is OnNewer.SUPERSEDE else None,
        is_allowed=all(is_allowed(app.name, context.allowed_apps) for app in both),
        own_releases=frozenset(about.issued),
        gone_since=row.gone_since,
        **evidence.gather(
            conn, row, found.obeyed, Brought(release, read.commit, target_history), about
        ),
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


def _histories(conn: Connection, row: PromotionRow, read: Read) -> tuple[History, History]:
    """Return of target and source all that their orders are compared by.

    What the target ran of the source, and where what it runs stands in the source's order.
    """
    source, target = read.source.history, read.target.history
    if row.source_id == row.target_id:
        return target, target
    since = min(row.version, source.first_run(row.artifact) or row.version)
    if not (releases.reaches(source, since) and target.artifacts <= read.source.artifacts):
        around = Around(since, target.artifacts | {row.artifact}, frozenset({row.version}))
        source = releases.near(conn, row.source_id, around)
    of_source = source.artifacts | {row.artifact}
    if not of_source <= read.target.artifacts:
        fresh = releases.near(conn, row.target_id, Around(None, of_source))
        if running(fresh) != running(target):
            raise StaleData(f"{read.target_app.name} shows v{fresh.newest_version} by now.")
        target = fresh
    return target, source


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


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy and the facts it needs; facts that it does not need are not read."""

    strategy: Strategy = Strategy.SLUG
    pipelines: Places = (None, None)
    account_id: str | None = None  # marks a release without a nonce as ours


def _choose(job: Job, found: Known, post: PostRow | None) -> StrategyChoice:
    """Choose the strategy of a promotion, or that of its `post`. Raises HerokuError, LeaseLost.

    If no nonce can be sent, our account must be known before anything is sent: without it no
    release could be found again after a lost answer.
    """
    row, reader = job.row, job.context.reader
    strategy = post.strategy if post is not None else _strategy(found)
    if strategy is Strategy.SLUG:
        return StrategyChoice()
    way = StrategyChoice(strategy, account_id=reader.account_id())
    job.renew_lease()
    if row.kind is PromotionKind.ROLLBACK:
        return way
    (places,) = reader.pipelines(row.source_id, row.target_id)
    job.renew_lease()
    return replace(way, pipelines=places)


def _remembered_way(found: Known) -> StrategyChoice:
    """Choose the strategy from stored facts only; nothing is sent because of it."""
    places = found.source.pipeline_id, found.target.pipeline_id
    return StrategyChoice(_strategy(found), places)


def _strategy(found: Known) -> Strategy:
    wanted = found.rule.strategy if found.rule is not None else Strategy.SLUG
    return strategy_of(wanted, found.source.generation)
