"""The step that reads what ships with a promotion: work of its own, which delays no promotion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from listener import github as at_github
from listener.core.gates.base import READING, SLUG
from listener.core.promotion import ENDED, RATE_LIMIT_WAIT, Status, back_off
from listener.db import apps, promotions, queue, shipments, waiting_promotions
from listener.db.apps import AppRow
from listener.db.promotions import PromotionRow
from listener.github import GitHubError
from listener.heroku import HerokuError, RateLimited, Spared
from listener.inventory import evidence
from listener.inventory.commits import Untold, sha_of
from listener.inventory.context import Clock, Context
from listener.outbound.http import within

# An answer that does not come is waited for no longer: people are asked instead.
TOLD_AFTER = timedelta(seconds=30)
GIVEN_UP_AFTER = timedelta(hours=24)
DAILY = timedelta(hours=24)  # while it is unfinished: somebody may connect a repository
READ_WITHIN = 20.0  # seconds, all calls together: so much less than a lease


@dataclass(frozen=True, slots=True)
class _Ends:
    """From which artifact to which a promotion goes, and their commits, as far as is stored."""

    row: PromotionRow
    source: AppRow
    target: AppRow
    base_artifact: str | None
    commits: Mapping[str, str]
    repo: str | None  # that its rule names


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Read what ships with one promotion, store it, and wake the promotion if it waits for that."""
    with context.database.begin() as conn:
        ends = _ends(conn, claim.key)
    known: dict[str, Any] = {"base_artifact": ends.base_artifact}
    try:
        with within(READ_WITHIN):
            known |= {"head": _head(context, ends), "base": _base(context, ends)}
            found = _read(context, ends, known)
    except Untold as why:
        values = {**known, "comparison_id": None, "untold": str(why)}
        _untold(context, claim, clock, why, values)
    except (HerokuError, GitHubError) as error:
        _again(context, claim, clock, error, known)
    else:
        _settle(context, claim, {**known, "untold": None, **found})


def _ends(conn: Connection, promotion_id: int) -> _Ends:
    row = promotions.get(conn, promotion_id)
    both = apps.get(conn, row.source_id), apps.get(conn, row.target_id)
    base_artifact = shipments.base_artifact(conn, row)
    wanted = {each for each in (row.artifact, base_artifact) if each}
    commits = shipments.commits_of(conn, {row.source_id, row.target_id}, wanted)
    return _Ends(row, *both, base_artifact, commits, evidence.repo_of(conn, row))


def _head(context: Context, ends: _Ends) -> str | None:
    row = ends.row
    if (known := sha_of(row.commit) or ends.commits.get(row.artifact)) is not None:
        return known
    if row.artifact_type != SLUG:
        return None
    return context.commits.commit(row.source_id, row.artifact)


def _base(context: Context, ends: _Ends) -> str | None:
    artifact = ends.base_artifact
    if artifact is None or artifact == ends.row.artifact:
        return None
    if (known := ends.commits.get(artifact)) is not None or ends.row.artifact_type != SLUG:
        return known
    return context.commits.commit(ends.row.target_id, artifact)


def _read(context: Context, ends: _Ends, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the repository and the comparison. Raises Untold, HerokuError, GitHubError."""
    head, base, target = known["head"], known["base"], ends.target.name
    if head is None and ends.row.artifact_type != SLUG:
        raise Untold(f"{ends.source.name} builds images, and Heroku names no commit of an image.")
    if head is None:
        raise Untold("Heroku names no commit of what goes.")
    if ends.base_artifact is None:
        raise Untold(f"{target} ran nothing before.")
    if ends.base_artifact == ends.row.artifact:
        return {"base": head, "comparison_id": None}
    if base is None:
        raise Untold(f"Heroku names no commit of what {target} ran before.")
    if base == head:
        return {"comparison_id": None}
    told = context.commits.told(ends.row.source_id, base, head, ends.repo)
    return {"repository": told.repository, "comparison_id": told.comparison_id}


def _untold(
    context: Context, claim: queue.Claim, clock: Clock, why: Untold, values: dict[str, Any]
) -> None:
    """Store why nothing is told; what may be told later is asked for again, while it is unfinished.

    Somebody may give the token a right that it lacks, or say which repository it is.
    """
    since = claim.row.failing_since or clock.now()
    is_old = clock.now() - since >= GIVEN_UP_AFTER
    pause = DAILY if why.again_in is None or is_old else why.again_in
    with context.database.begin() as conn:
        _rest(conn, claim, pause, {**values, "failing_since": since})


def _rest(
    conn: Connection, claim: queue.Claim, pause: timedelta, values: Mapping[str, Any]
) -> None:
    """Store why nothing is told; ask again after a pause, while the promotion is unfinished."""
    row = _wake(conn, claim.key)  # first: whoever locks both takes the promotion first
    if row.status in ENDED:
        shipments.settle(conn, claim, **{**values, "failing_since": None})
    else:
        shipments.again(conn, claim, pause, **values)


def _again(
    context: Context,
    claim: queue.Claim,
    clock: Clock,
    error: HerokuError | GitHubError,
    known: dict[str, Any],
) -> None:
    since = claim.row.failing_since or clock.now()
    failing, pause = clock.now() - since, _pause(error, claim.attempt)
    values: dict[str, Any] = {**known, "failing_since": since}
    if any(getattr(claim.row, name) != each for name, each in known.items()):
        values = {"base": None, "comparison_id": None, "untold": None, **values}
    is_long = max(failing, pause) >= TOLD_AFTER
    if is_long:
        values |= {"comparison_id": None, "untold": str(error)}
    with context.database.begin() as conn:
        if failing >= GIVEN_UP_AFTER:
            _rest(conn, claim, DAILY, values)
            return
        if is_long:
            _wake(conn, claim.key)
        shipments.again(conn, claim, pause, **values)


def _pause(error: HerokuError | GitHubError, attempt: int) -> timedelta:
    """Return how long to wait: as long as is said, else longer each time."""
    if isinstance(error, Spared | at_github.RateLimited):
        return timedelta(seconds=error.again_in)
    return RATE_LIMIT_WAIT if isinstance(error, RateLimited) else back_off(attempt - 1)


def _settle(context: Context, claim: queue.Claim, values: Mapping[str, Any]) -> None:
    with context.database.begin() as conn:
        _wake(conn, claim.key)  # first: whoever locks both takes the promotion first
        shipments.settle(conn, claim, **values)


def _wake(conn: Connection, promotion_id: int) -> PromotionRow:
    """Wake the promotion if a gate of it waits for what was read, or nobody told it.

    Whoever decides on it locks it, too, before asking for another reading: so neither misses it.
    """
    row = waiting_promotions.lock(conn, promotion_id)
    if row.status is Status.WAITING and any(_is_reading(gate) for gate in row.gates):
        waiting_promotions.wake(conn, promotion_id)
    return row


def _is_reading(gate: dict[str, Any]) -> bool:
    return bool(gate["facts"].get("reads") == READING["reads"])
