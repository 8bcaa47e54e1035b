"""Automatic rollback: whether a target may go back by itself to what it ran before ours."""

from __future__ import annotations

from dataclasses import dataclass

from listener.core.release import FAILED, SUCCEEDED, History, Release


@dataclass(frozen=True, slots=True)
class OwnPromotion:
    """What a promotion of ours made on the target, and what ran there when it was decided."""

    release_id: str
    base_artifact: str | None


@dataclass(frozen=True, slots=True)
class RollbackAllowed:
    """The release whose slug is to run again."""

    release: Release


@dataclass(frozen=True, slots=True)
class NoRollback:
    """There is no way back for us; the message says why."""

    message: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Heroku does not show our release as what runs, though nobody released since: look again."""

    message: str


def way_back(ours: OwnPromotion, target: History) -> RollbackAllowed | NoRollback | NotYet:
    """Allow a rollback to what ran right before, while ours runs and nobody released since.

    A config change since then counts as a release, too, and so does one whose phase runs.
    """
    made = next((r for r in target.releases if r.id == ours.release_id), None)
    if made is None:
        return NoRollback("The list of releases lacks ours.")
    later = (r for r in target.releases if r.version > made.version and r.status != FAILED)
    if (other := next(later, None)) is not None:
        return NoRollback(f"{_who(other)} released v{other.version} since.")
    if target.current is None or target.current.id != made.id:
        return NotYet(f"v{made.version} is not shown as what runs, and nobody released since.")
    return _before(made, ours, target)


def _before(made: Release, ours: OwnPromotion, target: History) -> RollbackAllowed | NoRollback:
    earlier = (r for r in reversed(target.releases) if r.version < made.version and r.has_run)
    before = next(earlier, None)
    if before is None or ours.base_artifact is None:
        return NoRollback("It ran nothing before.")
    if before.artifact != ours.base_artifact:
        what = f"{_who(before)} released v{before.version} right before us"
        return NoRollback(f"{what}, which is not what ran when this was decided.")
    if before.artifact == made.artifact:
        return NoRollback("It ran the same slug before.")
    if before.status != SUCCEEDED or before.artifact_type != made.artifact_type:
        return NoRollback(f"What it ran before, v{before.version}, cannot run again.")
    return RollbackAllowed(before)


def _who(release: Release) -> str:
    return release.author or "somebody"
