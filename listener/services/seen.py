"""What somebody saw of a promotion before deciding: what is done is about just that, or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from listener.core.gates.base import is_for_word
from listener.db import lanes, promotions
from listener.db.promotions import PromotionRow
from listener.errors import Conflict
from listener.services import presenters
from listener.services.views import PromotionView


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """What a page showed: which promotion, what would go (by `name`), what its target ran."""

    promotion_id: int
    name: str
    runs: str  # the artifact; empty where nothing ran


def name(view: PromotionView) -> str:
    """Name what a press would let go: it may change between a look and a press."""
    row, ships = view.row, view.ships
    about = (ships.base, ships.head, ships.relation, ships.coming) if ships is not None else ()
    asking = [gate["name"] for gate in row.gates if is_for_word(gate["facts"])]
    refused = sorted(word.by for word in view.approvals if not word.is_approved)
    brings = row.release_id, row.artifact, *about
    said = repr((row.status, brings, asking, sorted(stopped(row)), refused))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def stopped(row: PromotionRow) -> set[str]:
    """Return the commits that keep it waiting, and were told to whoever lets it go."""
    waiting = (gate["facts"] for gate in row.gates if gate["verdict"] == "wait")
    return {sha for facts in waiting for sha in facts.get("stopped", ())}


def check(conn: Connection, saw: Saw | None) -> None:
    """Raise Conflict where it is not any more what was seen; the caller has locked its target."""
    if saw is None:
        return
    row = promotions.get(conn, saw.promotion_id)
    check_name(presenters.of_promotions(conn, [row])[0], saw.name)
    runs = lanes.running(conn, [row.target_id])[row.target_id]
    if (runs.artifact or "") != saw.runs:
        what = f"v{runs.version}" if runs.version is not None else "nothing"
        message = f"{runs.name} runs {what} by now. Nothing was done: look again."
        raise Conflict("target_moved", message)


def check_name(view: PromotionView, saw: str) -> None:
    """Raise Conflict where what would go is not what was seen."""
    if saw != name(view):
        raise Conflict(
            "changed",
            "Something changed since you looked: what ships, or what was decided. Look again.",
        )
