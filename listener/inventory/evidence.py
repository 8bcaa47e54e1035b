"""The facts that the conditions of a rule need, from the database and from health checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from listener.core.checks import CommitChecks
from listener.core.commits import Left, left_by_rollbacks, sha_of
from listener.core.gates.base import SLUG, Approval, Candidate, Override
from listener.core.gates.github import wanted
from listener.core.gates.options import NONE, Conditions, OnSameCommit
from listener.core.promotion import PromotionKind
from listener.core.release import History, Release
from listener.core.rollback import OwnReleases, taken_back
from listener.core.verification import ProbeStreak
from listener.db import (
    access_tokens,
    approvals,
    commit_blocks,
    commit_checks,
    commit_words,
    left_commits,
    related_promotions,
    rules,
    shipments,
)
from listener.db.holds import Standing
from listener.db.left_commits import Coming
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.inventory.context import Clock, Context

A_DAY = timedelta(hours=24)


def conditions_of(conn: Connection, row: PromotionRow) -> Conditions:
    """Return the conditions of the rule that the promotion obeys."""
    return conditions_of_each(conn, [row])[row.id]


def conditions_of_each(conn: Connection, rows: Sequence[PromotionRow]) -> dict[int, Conditions]:
    """Return the conditions of the rule that each promotion obeys, by the promotion's id."""
    obeyed = rules_of_each(conn, rows)
    return {row.id: obeyed[row.id].conditions if row.id in obeyed else NONE for row in rows}


def rules_of_each(conn: Connection, rows: Sequence[PromotionRow]) -> dict[int, RuleRow]:
    """Return the rule that each promotion obeys, if any, by the promotion's id.

    It is its own rule; by hand, the active rule with the same source and target.
    """
    asking = [row for row in rows if row.kind is PromotionKind.PROMOTE]
    found = rules.around(
        conn,
        {row.rule_id for row in asking if row.rule_id is not None},
        {row.source_id for row in asking if row.is_by_hand},
    )
    return {row.id: rule for row in asking if (rule := _obeyed(row, found)) is not None}


def _obeyed(row: PromotionRow, found: Sequence[RuleRow]) -> RuleRow | None:
    if row.rule_id is not None:
        return next(rule for rule in found if rule.id == row.rule_id)
    same_way = (r for r in found if r.source_id == row.source_id and row.target_id in r.target_ids)
    return next((rule for rule in same_way if rule.acts), None)


def repo_of(conn: Connection, row: PromotionRow) -> str | None:
    """Return the repository that the promotion's rule names: its own, or that of its way.

    A rollback takes back what a rule brought to its target: what that one names counts.
    """
    if row.kind is PromotionKind.PROMOTE:
        return conditions_of(conn, row).repo
    named = (rule.conditions.repo for rule in rules.targeting(conn, row.target_id)[::-1])
    return next(filter(None, named), None)


class TargetFacts(NamedTuple):
    """The marks of our releases on the target, each with what it was for, and what stands there."""

    issued: OwnReleases
    standing: Standing


@dataclass(frozen=True, slots=True)
class Brought:
    """What a promotion brings, and what its target ran until now."""

    release: Release  # of the source
    commit: str | None
    target_history: History


def gather(
    conn: Connection,
    row: PromotionRow,
    obeyed: RuleRow | None,
    brought: Brought,
    about: TargetFacts,
) -> dict[str, Any]:
    """Gather these facts of a candidate, by the names of its fields.

    `obeyed` is the rule whose conditions it obeys.
    """
    conditions, override = obeyed.conditions if obeyed is not None else NONE, _override(row)
    by_commit = _by_commit(conn, row, conditions, brought, about)
    release, foreign = brought.release, about.standing.foreign
    if conditions.asks_nothing and foreign is None and not by_commit:
        return {"override": override}
    return {
        **by_commit,
        "conditions": conditions,
        "foreign": foreign if row.kind is PromotionKind.PROMOTE else None,
        "found_at": row.status_at or row.created_at,
        "soaks_from": row.soaks_from or (release.updated_at if release.has_run else None),
        "author": row.author,
        "approvals": votes_of(row, approvals.of(conn, row)),
        "past": related_promotions.past(conn, row, within=_horizon(conditions)),
        "override": override,
        "commit_checks": checks_of(conn, row, conditions, brought.commit),
        "checks_since": row.checks_since,
        "streak": streak_of(row),
    }


def checks_of(
    conn: Connection, row: PromotionRow, conditions: Conditions, commit: str | None
) -> CommitChecks | None:
    """Return what is stored of the checks of its commit; None where the rule asks for none."""
    if wanted(conditions) is None:
        return None
    sha = sha_of(commit or row.commit)
    if sha is None:
        what = "it" if row.artifact_type == SLUG else "an image"
        return CommitChecks(None, untold=f"Heroku names no commit of {what}.", is_final=True)
    return commit_checks.find(conn, row.source_id, sha, named=conditions.repo)


def _by_commit(
    conn: Connection,
    row: PromotionRow,
    conditions: Conditions,
    brought: Brought,
    about: TargetFacts,
) -> dict[str, Any]:
    """Gather what gates ask of commits; nothing where none does. A rollback is asked nothing."""
    if row.kind is not PromotionKind.PROMOTE:
        return {}
    blocks = commit_blocks.concerning(about.standing.blocks, row.source_id, row.target_id)
    commit, left = sha_of(brought.commit), dict[str, Left]()
    if conditions.on_same_commit is OnSameCommit.HOLD:
        left = _left(conn, row, commit, brought.target_history, about)
    if not (conditions.needs_commits or blocks or left):
        return {}
    ships = shipments.of(conn, row.id)
    coming = ships.comparison.coming if ships is not None and ships.comparison is not None else ()
    is_stopped = conditions.needs_commits and coming
    return {
        "commit": commit or (ships.head if ships is not None else None),
        "shipment": ships,
        "blocks": blocks,
        "left": left,
        "worded": commit_words.of(conn, row.target_id, (each.sha for each in coming))
        if is_stopped
        else frozenset(),
    }


def _left(
    conn: Connection,
    row: PromotionRow,
    commit: str | None,
    history: History,
    about: TargetFacts,
) -> dict[str, Left]:
    """Find the commits that rollbacks took from the target; no statement where there was none."""
    if not (about.standing.was_moved or taken_back(history, about.issued)):
        return {}
    artifacts = history.artifacts | {row.artifact}
    commits = shipments.commits_of(conn, {row.source_id, row.target_id}, artifacts)
    left = left_by_rollbacks(history, about.issued, commits, artifact=row.artifact)
    if commit is not None and commit not in left:  # it may have run long ago
        coming = Coming(row.source_id, row.target_id, row.artifact, commit)
        if (found := left_commits.find(conn, coming)) is not None:
            left[commit] = found
    return left


def votes_of(row: PromotionRow, said: tuple[Approval, ...]) -> tuple[Approval, ...]:
    """Return all votes; a person who promotes by hand votes yes by that, unless they voted too.

    A machine does not: an approval is a person's word.
    """
    by = row.created_by if row.is_by_hand else None
    if by is None or access_tokens.is_machine(by) or any(each.by == by for each in said):
        return said
    return (Approval(by, row.created_at), *said)


def keep_words(conn: Connection, row: PromotionRow, gates: Sequence[Mapping[str, Any]]) -> None:
    """Store what a person who promoted by hand let go by that: it goes in later ranges, too."""
    for gate in gates:
        if (by := gate["facts"].get("word_of")) is not None:
            commit_words.put(conn, row, gate["facts"]["stopped"], by=by)


def _horizon(conditions: Conditions) -> timedelta:
    """Return how far back the gates of pace look."""
    brake = conditions.brake.within if conditions.brake is not None else timedelta(0)
    return max(A_DAY, conditions.min_gap, brake)


def _override(row: PromotionRow) -> Override | None:
    if row.override is None:
        return None
    kept = row.override
    held = frozenset(int(hold_id) for hold_id in kept.get("holds", ()))
    return Override(frozenset(kept["gates"]), kept["by"], kept["reason"], held)


def streak_of(row: PromotionRow) -> ProbeStreak | None:
    """Return the streak stored with the promotion, so that any process can go on with it."""
    return ProbeStreak(**row.checked, at=row.checked_at) if row.checked is not None else None


def ask(context: Context, row: PromotionRow, candidate: Candidate, clock: Clock) -> PromotionRow:
    """Ask all health checks if they are due; return the row with the new streak.

    The first time ask nothing: with a streak the row moves to the queue for slow answers.
    """
    streak = streak_of(row)
    if streak is None:
        return _with(row, ProbeStreak())
    if streak.due_at is not None and clock.now() < streak.due_at:
        return row
    probes = context.prober.ask_all(candidate.conditions.checks)
    return _with(row, streak.after(probes, clock.now()))


def _with(row: PromotionRow, streak: ProbeStreak) -> PromotionRow:
    checked = {"good": streak.good, "bad": streak.bad, "said": streak.said}
    return replace(row, checked=checked, checked_at=streak.at)


def to_json(row: PromotionRow) -> dict[str, Any]:
    """Return the values of the streak to store; none where there is no streak."""
    if row.checked is None:
        return {}
    return {"checked": row.checked, "checked_at": row.checked_at}


def due_at(row: PromotionRow, now: datetime) -> datetime:
    """Return when the checks are due again; now if no time is set."""
    streak = streak_of(row)
    return (streak.due_at if streak is not None else None) or now
