"""What a released hold lets go: each promotion that waits there, and how old its release is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from listener import durations
from listener.decision import Wait
from listener.desk import pages
from listener.desk.views import Freed, Going
from listener.gates.always import on_hold
from listener.gates.tables import PEOPLES
from listener.history import Release
from listener.promotion import PromotionKind
from listener.rules import Mode
from listener.store import holds, promotions, releases, rules
from listener.store.apps import AppRow
from listener.store.promotions import PromotionRow

ANSWERED = PEOPLES - {"hold"}  # gates that wait for a person's answer, hold or not
STEPS = ((86400, 3600), (3600, 60), (60, 1))  # a unit in seconds, and the next smaller one


def foresee(conn: Connection, row: AppRow, without: Collection[int]) -> Freed:
    """What would become of what waits for this target, were these holds not there."""
    left = (hold.value for hold in holds.open_(conn, row.id) if hold.id not in without)
    still = on_hold(row.name, left, releases.started_at(conn))
    runs = releases.history(conn, row.id).current
    going = tuple(_going(conn, row.name, each, runs) for each in what_waits(conn, row.id))
    return Freed(row.id, row.name, going, still.message if isinstance(still, Wait) else None)


def what_waits(conn: Connection, target_id: str) -> list[PromotionRow]:
    """The promotions that a hold may stop, newest release first; no hold stops a rollback."""
    found = promotions.waiting_for(conn, target_id)
    return [row for row in found if row.kind is PromotionKind.PROMOTE]


def _going(conn: Connection, target: str, row: PromotionRow, runs: Release | None) -> Going:
    view = pages.of_promotions(conn, [row])[0]
    release = releases.history(conn, row.source_id).find(row.version)
    stays = _why_it_stays(conn, row)
    if runs is not None and runs.artifact == row.artifact:
        stays = "runs there already"
    name = f"v{row.version} of {view.names[row.source_id]}"
    fate = f"{name} {stays}." if stays else f"{name} goes to {target}{_when(row)}."
    return Going(
        promotion=view,
        goes=stays is None,
        made_at=release.created_at if release is not None else None,
        runs=runs,
        message=f"{fate} {_age(release, runs, target)}".rstrip(),
    )


def _why_it_stays(conn: Connection, row: PromotionRow) -> str | None:
    """Why it does not go by itself; None where it does, perhaps later."""
    asking = [gate["message"] for gate in _waits(row) if gate["name"] in ANSWERED]
    if asking:
        return f"waits for people, too: {asking[0].rstrip('.')}"
    if row.rule_id is None:
        return None
    rule = rules.get(conn, row.rule_id)
    if rule.mode is Mode.SHADOW:
        return f"does not go: rule {rule.name} is in shadow mode"
    return None


def _when(row: PromotionRow) -> str:
    """What it waits for besides the hold, as far as it was asked."""
    also = [gate for gate in _waits(row) if gate["name"] != "hold"]
    return f" later ({also[0]['message'].rstrip('.')})" if also else ""


def _waits(row: PromotionRow) -> list[dict[str, Any]]:
    return [gate for gate in row.gates if gate["verdict"] == "wait"]


def _age(release: Release | None, runs: Release | None, target: str) -> str:
    """How old it is against what the target runs."""
    made_at = release.created_at if release is not None else None
    if made_at is None or runs is None or runs.created_at is None:
        return ""
    apart = runs.created_at - made_at
    how = "older" if apart >= timedelta(0) else "newer"
    words = f" “{runs.description}”" if runs.description else ""
    who = f" by {runs.author}" if runs.author else ""
    ran = f"v{runs.version}{words}{who}"
    return f"It is {_roughly(abs(apart))} {how} than {ran}, which {target} runs."


def _roughly(span: timedelta) -> str:
    """A span in its two largest units."""
    seconds = int(span.total_seconds())
    smaller = next((small for large, small in STEPS if seconds >= large), 1)
    return durations.show(timedelta(seconds=seconds - seconds % smaller))
