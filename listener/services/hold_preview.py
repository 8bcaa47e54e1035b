"""Preview of a hold's release: each promotion that waits there, and how old its release is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from listener.core import duration
from listener.core.gates.always import on_hold
from listener.core.gates.base import Foreign, Wait, Waits, is_reading
from listener.core.gates.registry import HOLD, OF_RULES
from listener.core.promotion import PromotionKind
from listener.core.release import History, Release
from listener.core.rule import Mode
from listener.db import holds, releases, rules, waiting_promotions
from listener.db.apps import AppRow
from listener.db.holds import HoldRow
from listener.db.promotions import PromotionRow
from listener.db.releases import Around
from listener.inventory import evidence
from listener.roles import EVERYTHING, Scope
from listener.services import presenters
from listener.services.views import Freed, Going, PromotionView

# The gates that wait for a person's answer, hold or not.
ANSWERED = {gate.name for gate in OF_RULES if Waits.PERSON in gate.waits}
STEPS = ((86400, 3600), (3600, 60), (60, 1))  # a unit in seconds, and the next smaller one


def foresee(
    conn: Connection, row: AppRow, without: Collection[int], scope: Scope = EVERYTHING
) -> Freed:
    """Return what would happen to the promotions that wait for this target without these holds.

    Rules of which an app is not in scope are not named.
    """
    found = holds.open_(conn, row.id)
    left = (hold.value for hold in found if hold.id not in without)
    still = on_hold(row.name, left, releases.now(conn))
    ending = [hold for hold in found if hold.id in without and hold.foreign_release]
    named = frozenset(int((hold.foreign_release or {})["version"]) for hold in ending)
    history = releases.near(conn, row.id, Around(versions=named))
    asks = _last_foreign(ending, history)
    place = _Place(row.name, history.current, asks, holds.answered(conn, row.id))
    going = _all_going(conn, place, what_waits(conn, row.id), scope)
    return Freed(row.id, row.name, going, still.message if isinstance(still, Wait) else None)


def what_waits(conn: Connection, target_id: str) -> list[PromotionRow]:
    """Find the promotions that a hold may stop, newest release first; no hold stops a rollback."""
    found = waiting_promotions.of_target(conn, target_id)
    return [row for row in found if row.kind is PromotionKind.PROMOTE]


@dataclass(frozen=True, slots=True)
class _Place:
    """A target: what it runs, and the last foreign release for which an ending hold was put."""

    name: str
    runs: Release | None
    cause: Release | None
    answered: Foreign | None  # the last foreign release whose hold was released before

    @property
    def compared(self) -> Release | None:
        """The release that a promotion's age is compared with."""
        return self.cause or self.runs


def _last_foreign(ending: Sequence[HoldRow], history: History) -> Release | None:
    named = [hold for hold in ending if hold.foreign_at is not None and hold.foreign_release]
    if not named:
        return None
    last = max(named, key=lambda hold: (hold.foreign_at or hold.created_at, hold.id))
    shown = last.foreign_release or {}
    found = history.find(int(shown["version"]))
    return replace(found, created_at=last.foreign_at) if found is not None else None


def _all_going(
    conn: Connection, place: _Place, rows: Sequence[PromotionRow], scope: Scope
) -> tuple[Going, ...]:
    """Tell of all that wait at once, in as many statements as of one."""
    if not rows:
        return ()
    views = presenters.of_promotions(conn, rows, scope)
    made = releases.made_at(conn, [(row.source_id, row.version) for row in rows])
    modes = rules.modes(conn, [row.rule_id for row in rows if row.rule_id is not None])
    return tuple(
        _going(
            view,
            place,
            made_at=made.get((view.row.source_id, view.row.version)),
            is_shadow=view.row.rule_id is not None and modes[view.row.rule_id] is Mode.SHADOW,
        )
        for view in views
    )


def _going(
    view: PromotionView, place: _Place, *, made_at: datetime | None, is_shadow: bool
) -> Going:
    row = view.row
    needs_word = _needs_word(view, made_at, place)
    stays = _why_it_stays(view, is_shadow=is_shadow)
    if place.runs is not None and place.runs.artifact == row.artifact:
        stays, needs_word = "runs there already", False
    elif needs_word:
        stays = f"waits for a person's word: `autopromote promotions:approve {row.id}`"
    name = f"v{row.version} of {view.names[row.source_id]}"
    fate = f"{name} {stays}." if stays else f"{name} goes to {place.name}{_when(row)}."
    return Going(
        promotion=view,
        goes=stays is None,
        needs_word=needs_word,
        made_at=made_at,
        than=place.compared,
        message=f"{fate} {_age(made_at, place)}".rstrip(),
    )


def _needs_word(view: PromotionView, made_at: datetime | None, place: _Place) -> bool:
    """Tell whether a person must approve it: it was made before somebody moved the target.

    As in gate `order`, an approval from before the release of the hold does not count.
    """
    cause, answered = place.cause, place.answered
    if cause is not None and cause.created_at is not None:
        return made_at is None or made_at <= cause.created_at
    if answered is None or (made_at is not None and made_at > answered.made_at):
        return False
    said = evidence.votes_of(view.row, view.approvals)
    return not any(each.is_approved and each.at > answered.released_at for each in said)


def _why_it_stays(view: PromotionView, *, is_shadow: bool) -> str | None:
    """Say why it does not go by itself; None where it does, perhaps later."""
    row = view.row
    asking = [
        gate["message"]
        for gate in _waits(row)
        if gate["name"] in ANSWERED and not is_reading(gate["facts"])
    ]
    if asking:
        return f"waits for people, too: {asking[0].rstrip('.')}"
    if is_shadow:
        which = f"rule {view.rule_name}" if view.rule_name is not None else "its rule"
        return f"does not go: {which} is in shadow mode"
    return None


def _when(row: PromotionRow) -> str:
    """Say what it waits for besides the hold, as far as its gates were asked."""
    also = [gate for gate in _waits(row) if gate["name"] != HOLD.name]
    return f" later ({also[0]['message'].rstrip('.')})" if also else ""


def _waits(row: PromotionRow) -> list[dict[str, Any]]:
    return [gate for gate in row.gates if gate["verdict"] == "wait"]


def _age(made_at: datetime | None, place: _Place) -> str:
    """Compare its age with the release for which the target is held, else with what it runs."""
    than = place.compared
    if made_at is None or than is None or than.created_at is None:
        return ""
    apart = than.created_at - made_at
    if not apart:
        how = "as old as"
    else:
        how = f"{_roughly(abs(apart))} {'older' if apart > timedelta(0) else 'newer'} than"
    words = f" “{than.description}”" if than.description else ""
    who = f" by {than.author}" if than.author else ""
    is_there = place.runs is not None and place.runs.id == than.id
    where = f"which {place.name} runs" if is_there else f"on {place.name}"
    return f"It is {how} v{than.version}{words}{who}, {where}."


def _roughly(span: timedelta) -> str:
    """Format a span in its two largest units."""
    seconds = int(span.total_seconds())
    smaller = next((small for large, small in STEPS if seconds >= large), 1)
    return duration.show(timedelta(seconds=seconds - seconds % smaller))
