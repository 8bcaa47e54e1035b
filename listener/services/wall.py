"""The wall's screen: a tile a lane, made of nothing but states, versions and times.

No text that a person or a gate wrote gets into it, and no commit: whoever has the link sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from listener.core.lanes import Tone
from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.db import lanes as stored
from listener.db.holds import HoldRow
from listener.db.lanes import PlaceRow
from listener.db.walls import WallRow
from listener.inventory.context import Context
from listener.services import lanes
from listener.services.lanes import Lane, Next, StopView

ORDER = (Tone.BAD, Tone.ASK, Tone.RUN, Tone.WAIT, Tone.END, Tone.OK)  # the worst is shown


@dataclass(frozen=True, slots=True)
class State:
    """One state of a lane: word, sign and tone; about which version, for what, until when."""

    tone: Tone
    word: str
    sign: str
    version: int | None = None
    target: str | None = None  # by its short name, where there are several
    gate: str | None = None
    until: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A lane: its worst state, whether a hold is on it besides, and what its targets run."""

    name: str
    state: State
    is_held: bool
    versions: str
    authors: tuple[str, ...]  # empty unless they are to be shown


@dataclass(frozen=True, slots=True)
class Ban:
    """A hold on every target, as far as it is on the wall's own."""

    word: str
    where: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Screen:
    """All that a wall shows; places never move, for the lanes stand by name."""

    name: str
    tiles: tuple[Tile, ...]
    everywhere: tuple[Ban, ...]

    def count(self, *tones: Tone, is_hold: bool | None = None) -> int:
        """Count the lanes in such a state; with `is_hold`, those held or those not."""
        return sum(
            tile.state.tone in tones and is_hold in (None, tile.state.sign == "hold")
            for tile in self.tiles
        )


def read(context: Context, wall: WallRow) -> Screen:
    """Return what a wall shows now. Heroku is not asked."""
    with context.database.begin() as conn:
        found = lanes.of_apps(conn, wall.app_ids)
        ways = [way for lane in found.lanes for way in _from_first(lane)]
        places = stored.places(conn, ways)
    targets = [stop.stop.app_id for stop in found.stops if stop.stop.source_id is not None]
    tiles = (_tile(lane, places, shows_names=wall.shows_names) for lane in found.lanes)
    return Screen(
        wall.name,
        tuple(sorted(tiles, key=lambda tile: tile.name)),
        tuple(ban for hold in found.everywhere if (ban := _ban(hold, targets)) is not None),
    )


def _ban(hold: HoldRow, targets: Sequence[str]) -> Ban | None:
    """Return the hold as it is on these targets; None where it leaves out all of them."""
    count, every = sum(hold.is_on(app_id) for app_id in targets), len(targets)
    where = "on every target" if count == every else f"on {count} of {every} targets"
    return Ban(hold.word, where, hold.created_at, hold.ends_at) if count else None


def _from_first(lane: Lane) -> Iterable[tuple[str, str, str]]:
    first = lane.stops[0]
    for stop in lane.stops[1:]:
        if stop.runs.artifact is not None:
            yield first.stop.app_id, stop.stop.app_id, stop.runs.artifact


def _tile(lane: Lane, places: Mapping[str, PlaceRow], *, shows_names: bool) -> Tile:
    first, *targets = lane.stops
    feeds = {stop.stop.app_id: stop for stop in lane.stops}
    states = [
        state
        for stop in targets
        for state in _states(stop, feeds, lane.short(stop.name) if len(targets) > 1 else None)
    ]
    worst = min(states, key=lambda state: ORDER.index(state.tone))
    return Tile(
        name=lane.name,
        state=_of_all(worst, states, len(targets)),
        is_held=worst.sign != "hold" and any(state.sign == "hold" for state in states),
        versions=_versions(lane, first, targets, places),
        authors=_authors(first, targets) if shows_names else (),
    )


def _states(stop: StopView, feeds: Mapping[str, StopView], target: str | None) -> Iterable[State]:
    """Tell all that a target is in."""
    if (last := stop.last) is not None:
        yield State(Tone.BAD, last.status, last.status, last.version, target, since=last.ended_at)
    if stop.next is not None and not (stop.holds and stop.next.waits_for_hold):
        yield _coming(stop.next, target)
    for hold in stop.holds:
        tone = Tone.ASK if hold.ends_at is None else Tone.WAIT
        yield State(
            tone, hold.word, hold.word, None, target, until=hold.ends_at, since=hold.created_at
        )
    if stop.is_same:
        yield State(Tone.OK, "same", "succeeded")
    else:
        yield _behind(stop, feeds, target)


def _of_all(worst: State, states: Sequence[State], count: int) -> State:
    """Return a state as one of all targets that are in it, of which there are so many in all."""
    told = worst.word, worst.version, worst.gate
    alike = [each for each in states if (each.word, each.version, each.gate) == told]
    if len(alike) == count:
        return replace(worst, target=None)
    return replace(worst, target=f"{len(alike)} targets") if len(alike) > 1 else worst


def _coming(coming: Next, target: str | None) -> State:
    """Tell of what waits or is under way."""
    row, binding = coming.row, coming.waits_for
    return State(
        coming.tone,
        row.status,
        "person" if coming.needs_somebody else row.status,
        row.version,
        target,
        gate=binding.gate if binding is not None else None,
        until=binding.until if binding is not None else None,
        since=None if row.status is Status.WAITING else row.status_at,
    )


def _behind(stop: StopView, feeds: Mapping[str, StopView], target: str | None) -> State:
    """Tell that a target runs something else than its source; a rule in shadow leaves it so."""
    source = feeds[stop.stop.source_id or ""]
    feeding = [rule for rule in source.rules if stop.stop.app_id in rule.target_ids]
    if feeding and all(rule.mode is Mode.SHADOW for rule in feeding):
        return State(Tone.END, Status.SHADOWED, Status.SHADOWED, source.runs.version, target)
    return State(Tone.END, "behind", "superseded", None, target)


def _versions(
    lane: Lane, first: StopView, targets: list[StopView], places: Mapping[str, PlaceRow]
) -> str:
    """Tell in the versions of the first app what its targets run."""
    newest = first.runs.version
    if newest is not None and all(each.runs.artifact == first.runs.artifact for each in targets):
        return f"v{newest} everywhere"
    of_newest = f" of v{newest}" if len(targets) == 1 and newest is not None else ""
    told: dict[str, list[str]] = {}  # what they run: who does
    for stop in targets:
        place = places.get(stop.stop.app_id)
        if stop.runs.artifact is None:
            ran = "nothing yet"
        elif place is None or place.version is None:
            ran = f"what {lane.short(first.name)} never ran"
        elif stop.runs.artifact == first.runs.artifact:
            ran = f"v{newest}"
        else:
            ran = f"v{place.version}{of_newest}"
        told.setdefault(ran, []).append(lane.short(stop.name))
    return ", ".join(
        f"{' and '.join(who)} {'runs' if len(who) == 1 else 'run'} {ran}"
        for ran, who in told.items()
    )


def _authors(first: StopView, targets: list[StopView]) -> tuple[str, ...]:
    """Name who made what comes, or what runs, without where mail reaches them."""
    coming = [stop.next.row.author for stop in targets if stop.next is not None]
    said = (each or "" for each in coming or [first.runs.author])
    names = (each.partition("@")[0] for each in said)
    return tuple(dict.fromkeys(name for name in names if name))
