"""The step that reads what ships with a promotion: work of its own, which delays no promotion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from listener.core.promotion import Status, back_off
from listener.db import apps, promotions, queue, shipments, waiting_promotions
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError
from listener.inventory.commits import Untold, sha_of
from listener.inventory.context import Clock, Context

READING = {"reads": "commits"}  # the facts of a gate that waits for what ships
# An answer that does not come is waited for no longer: people are asked instead.
TOLD_AFTER = timedelta(seconds=30)
GIVEN_UP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Ends:
    """From which commit to which a promotion goes, as far as is stored."""

    row: PromotionRow
    target: str  # its name
    base_artifact: str | None
    base: str | None
    head: str | None


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Read what ships with one promotion, store it, and wake the promotion if it waits for that."""
    with context.database.begin() as conn:
        ends = _ends(conn, claim.key)
    known: dict[str, Any] = {
        "base_artifact": ends.base_artifact,
        "base": ends.base,
        "head": ends.head,
    }
    try:
        found = _read(context, ends)
    except Untold as why:
        _settle(context, claim, **known, comparison_id=None, untold=str(why))
    except HerokuError as error:
        _again(context, claim, clock, error, known)
    else:
        _settle(context, claim, **known, untold=None, **found)


def _ends(conn: Connection, promotion_id: int) -> _Ends:
    row = promotions.get(conn, promotion_id)
    base_artifact = shipments.artifact_left(conn, row)
    wanted = {each for each in (row.artifact, base_artifact) if each}
    commits = shipments.commits_of(conn, {row.source_id, row.target_id}, wanted)
    return _Ends(
        row=row,
        target=apps.get(conn, row.target_id).name,
        base_artifact=base_artifact,
        base=sha_of(commits.get(base_artifact or "")),
        head=sha_of(row.commit or commits.get(row.artifact)),
    )


def _read(context: Context, ends: _Ends) -> dict[str, Any]:
    """Return the repository and the comparison. Raises Untold, HerokuError."""
    row, base, head = ends.row, ends.base, ends.head
    if head is None:
        raise Untold("Heroku names no commit of what goes.")
    if base is None:
        raise Untold(f"Heroku names no commit of what {ends.target} ran before.")
    if base == head:
        return {"comparison_id": None}
    repository = context.commits.repository(row.source_id)
    with context.database.begin() as conn:
        known = shipments.find_comparison(conn, repository, base, head)
    if known is None:
        found = context.commits.compare(row.source_id, base, head)
        with context.database.begin() as conn:
            known = shipments.add_comparison(
                conn, repository, base, head, told_by="heroku", found=found
            )
    return {"repository": repository, "comparison_id": known}


def _again(
    context: Context, claim: queue.Claim, clock: Clock, error: HerokuError, known: dict[str, Any]
) -> None:
    since = claim.row.failing_since or clock.now()
    failing = clock.now() - since
    values: dict[str, Any] = {**known, "failing_since": since}
    if failing >= TOLD_AFTER:
        values["untold"] = str(error)
    if failing >= GIVEN_UP_AFTER:
        _settle(context, claim, **values)
        return
    with context.database.begin() as conn:
        shipments.again(conn, claim, back_off(claim.attempt - 1), **values)
        if failing >= TOLD_AFTER:
            _wake(conn, claim.key)


def _settle(context: Context, claim: queue.Claim, **values: Any) -> None:
    with context.database.begin() as conn:
        shipments.settle(conn, claim, **values)
        _wake(conn, claim.key)


def _wake(conn: Connection, promotion_id: int) -> None:
    """Wake the promotion if a gate of it waits for what was read."""
    row = promotions.get(conn, promotion_id)
    if row.status is Status.WAITING and any(_is_reading(gate) for gate in row.gates):
        waiting_promotions.wake(conn, promotion_id)


def _is_reading(gate: dict[str, Any]) -> bool:
    return bool(gate["facts"].get("reads") == READING["reads"])
