"""Gathering every fact that a decision needs: what is dear last, what must be fresh at the end."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from listener.decision import App, Candidate
from listener.history import Release
from listener.promotion import PromotionKind
from listener.rules import Mode, OnNewer, is_allowed
from listener.steps import circumstances, targets
from listener.steps.readings import Reading, is_behind
from listener.steps.tools import Tools
from listener.store import apps, holds, neighbours, posts, releases, rules, work
from listener.store.promotions import PromotionRow

NEVER = -math.inf  # when a reading arrived that nothing may be posted on


class Unbelievable(Exception):
    """A list lacks what we know to be there: it lags behind, or was read wrongly."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A candidate, and the readings it stands on."""

    candidate: Candidate
    source: Reading
    target: Reading
    mode: Mode
    rule_name: str | None
    revision: int | None
    commit: str | None

    @property
    def is_fresh(self) -> bool:
        """Every fact is recent enough for a POST."""
        return self.source.is_fresh and self.target.is_fresh

    @property
    def makes_older_give_way(self) -> bool:
        """Older candidates of the same rule give way to this one."""
        is_by_rule = not self.candidate.is_by_hand
        return is_by_rule and self.candidate.on_newer is OnNewer.SUPERSEDE

    @property
    def why_older_give_way(self) -> str:
        """What older candidates are told that give way to this one."""
        candidate = self.candidate
        return f"{candidate.source.name} v{candidate.release.version} is newer and takes its place."


def gather(tools: Tools, claim: work.Claim, row: PromotionRow) -> Gathered:
    """Read what the gates need. Raises HerokuError, Unbelievable, LeaseLost."""
    readings = tools.readings
    source_app, target_app = readings.facts(row.source_id), readings.facts(row.target_id)
    keep(tools, claim)
    commit, stack = row.commit, None
    is_promotion = row.kind is PromotionKind.PROMOTE
    if is_promotion and row.artifact_type == "slug":
        commit, stack = readings.slug(row.source_id, row.artifact)
        if _wants_commit_message(tools, row):
            readings.learn_commit_message(row.source_id, row.artifact)
    source, target = _lists(tools, claim, row)
    targets.note(tools, target, row.source_id if is_promotion else None)
    keep(tools, claim)
    return _assemble(tools, row, (source_app, target_app), (source, target), (commit, stack))


def _wants_commit_message(tools: Tools, row: PromotionRow) -> bool:
    with tools.database.begin() as conn:
        return circumstances.conditions_of(conn, row).needs_commit_message


def _lists(tools: Tools, claim: work.Claim, row: PromotionRow) -> tuple[Reading, Reading]:
    """Source and target, recent together; the target's always new, to see who released just now."""
    readings = tools.readings
    if row.source_id == row.target_id:
        target = readings.releases(row.target_id)
        return target, target
    source = readings.fresh(row.source_id)
    keep(tools, claim)
    target = readings.releases(row.target_id)
    if source.is_fresh and target.is_fresh:
        return source, target
    keep(tools, claim)
    return readings.both(row.source_id, row.target_id)


def keep(tools: Tools, claim: work.Claim) -> None:
    """Each call may take ten seconds where Heroku is slow; the lease must outlast them all."""
    with tools.database.begin() as conn:
        work.renew(conn, claim)


def _assemble(
    tools: Tools,
    row: PromotionRow,
    both: tuple[App, App],
    read: tuple[Reading, Reading],
    slug: tuple[str | None, str | None],
) -> Gathered:
    target_app, target = both[1], read[1]
    with tools.database.begin() as conn:
        if is_behind(target, apps.get(conn, row.target_id)):
            raise Unbelievable(f"{target_app.name} does not show yet what we released there.")
        return _gathered(conn, tools, row, both, read, slug)


def stored(conn: Connection, tools: Tools, row: PromotionRow) -> Gathered | None:
    """A candidate from what is written down alone, nothing of it fresh; None where that lacks."""
    both = apps.get(conn, row.source_id), apps.get(conn, row.target_id)
    source, target = (Reading(app.id, releases.history(conn, app.id), NEVER) for app in both)
    if source.history.find(row.version) is None or target.history.current is None:
        return None
    if is_behind(target, both[1]):  # a release of ours was not read back yet
        return None
    slug = releases.slug_facts(conn, row.source_id, row.artifact)
    facts = both[0].facts, both[1].facts
    with suppress(Unbelievable):
        return _gathered(conn, tools, row, facts, (source, target), slug)
    return None


def _gathered(
    conn: Connection,
    tools: Tools,
    row: PromotionRow,
    both: tuple[App, App],
    read: tuple[Reading, Reading],
    slug: tuple[str | None, str | None],
) -> Gathered:
    (source_app, target_app), (source, target), (commit, stack) = both, read, slug
    release = _release_of(row, source, source_app)
    rule = rules.get(conn, row.rule_id) if row.rule_id is not None else None
    above = neighbours.upstream(conn, row.source_id, release)
    rival = neighbours.rival(conn, row.target_id, row.id)
    on_newer = OnNewer(rule.on_newer) if rule is not None else OnNewer.KEEP
    candidate = Candidate(
        release=release,
        source=source_app,
        target=target_app,
        source_history=releases.history(conn, row.source_id),
        target_history=target.history,
        slug_stack=stack,
        on_newer=on_newer,
        is_by_hand=row.is_by_hand,
        holds=tuple(hold.value for hold in holds.open_(conn, row.target_id)),
        rival=neighbours.as_rival(rival) if rival is not None else None,
        upstream=above.status if above is not None else None,
        newer=_newer(neighbours.newer_version(conn, row), on_newer),
        is_allowed=all(is_allowed(a.name, tools.allowed_apps) for a in both),
        own_releases=posts.issued(conn, row.target_id),
        **circumstances.gather(conn, row),
    )
    mode = Mode(rule.mode) if rule is not None else Mode.ARMED
    name, revision = (rule.name, rule.revision) if rule is not None else (None, None)
    return Gathered(candidate, source, target, mode, name, revision, commit)


def _release_of(row: PromotionRow, source: Reading, app: App) -> Release:
    """The promotion's very release, by id and artifact; only an expired one may have lost its."""
    release = source.history.find(row.version)
    if release is None or release.id != row.release_id:
        raise Unbelievable(f"{app.name} does not show the release v{row.version} that was found.")
    if release.artifact not in (row.artifact, None):
        raise Unbelievable(f"{app.name} shows v{row.version} with other code than was found.")
    return release


def _newer(version: int | None, on_newer: OnNewer) -> int | None:
    return version if on_newer is OnNewer.SUPERSEDE else None
