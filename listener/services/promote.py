"""Promotion by hand: the same guards, but refused at once where waiting cannot help."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection

from listener.core.app import App
from listener.core.gates import always
from listener.core.gates.base import MAY_BE_SET_ASIDE, Candidate, Hold, Pass, Reject, Wait
from listener.core.gates.registry import HOLD, OF_RULES
from listener.core.promotion import PromotionKind, Status
from listener.core.release import History, Release
from listener.core.rule import Strategy, strategy_of
from listener.db import (
    access_tokens,
    approvals,
    apps,
    audit,
    holds,
    promotions,
    related_promotions,
    releases,
    waiting_promotions,
)
from listener.db.promotions import PromotionRow
from listener.errors import Conflict, Invalid
from listener.inventory import drift
from listener.inventory.context import Context
from listener.inventory.reader import Places, Snapshot
from listener.services import apps as named
from listener.services import presenters, rules, seen
from listener.services.heroku_calls import HerokuCall
from listener.services.seen import Saw
from listener.services.views import PromotionView

NOTHING = "Nothing was promoted."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOverride:
    """The gates to set aside for these promotions only, and why.

    `holds` are the ones that were shown: no other is set aside. None: nobody was shown any, and
    whichever may be set aside is.
    """

    gates: tuple[str, ...]
    reason: str
    holds: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromotions:
    """A release (None: the one that runs) and the targets a person wants it on."""

    source: str
    targets: tuple[str, ...]
    version: int | None = None
    override: NewOverride | None = None
    saw: Saw | None = None  # what a page showed; None where nobody saw one


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen release, with what its promotion stores of it."""

    source: App
    history: History
    release: Release
    commit: str | None
    stack: str | None
    strategy: Strategy


def promote_by_hand(context: Context, wish: NewPromotions, *, by: str) -> list[PromotionView]:
    """Make one promotion per target, or none if one is refused; an equal unfinished one is kept.

    Raises Conflict where it would not be what a page showed.
    """
    _check_override(wish.override)
    ask = HerokuCall(NOTHING)
    source = named.read(context, ask, wish.source)
    apps_to = named.read_targets(context, ask, wish.targets)
    if source.id in {app.id for app in apps_to}:
        raise Invalid(f"{source.name} cannot be promoted onto itself.")
    rules.refuse_containers(source, *apps_to)
    choice = _choose(context, ask, source, wish.version)
    places = _places(context, ask, choice, apps_to)
    readings = {app.id: _look(context, ask, app, source) for app in apps_to}
    with context.database.begin() as conn:
        apps.lock(conn, {source.id, *readings})
        for app in apps_to:
            _check(conn, choice, app, readings[app.id], places[app.id], wish.override)
        seen.check(conn, wish.saw)
        made = [_ensure(conn, choice, app, wish.override, by) for app in apps_to]
        return presenters.of_promotions(conn, made)


def _check_override(override: NewOverride | None) -> None:
    known = [gate.name for gate in (*OF_RULES, HOLD)]
    unknown = [gate for gate in override.gates if gate not in known] if override else []
    if unknown:
        can = f"what a rule asks can: {', '.join(known[:-1])}; and a {HOLD.name} that people put"
        which = f"{', '.join(unknown)} cannot be set aside; {can}."
        raise Invalid(f"override: {which} {NOTHING}")


def choose(source: App, history: History, version: int | None) -> Release:
    """Find the release of this version (None: the one that runs). Raises Invalid without code."""
    release = history.current if version is None else history.find(version)
    if release is None:
        raise Invalid(
            f"{source.name} shows no release v{version}:"
            " there is none, or it is too old to be promoted."
        )
    if release.artifact is None:
        raise Invalid(f"{source.name} v{release.version} has no slug.")
    return release


def _choose(context: Context, ask: HerokuCall, source: App, version: int | None) -> Choice:
    history = ask(context.reader.releases, source.id).history
    release = choose(source, history, version)
    commit, stack = None, None
    if release.artifact_type == "slug":
        commit, stack = ask(context.reader.slug, source.id, str(release.artifact))
    return Choice(
        source=source,
        history=history,
        release=release,
        commit=commit,
        stack=stack,
        strategy=strategy_of(Strategy.SLUG, source.generation),
    )


def _places(
    context: Context, ask: HerokuCall, choice: Choice, apps_to: tuple[App, ...]
) -> dict[str, Places]:
    """Read the pipelines of the source and each target, where the release goes by pipeline."""
    ids = [app.id for app in apps_to]
    if choice.strategy is Strategy.SLUG:
        return dict.fromkeys(ids, (None, None))
    return dict(zip(ids, ask(context.reader.pipelines, choice.source.id, *ids), strict=True))


def _look(context: Context, ask: HerokuCall, target: App, source: App) -> Snapshot:
    """Read the target, so that drift of a moment ago has put its hold before we check."""
    reading = ask(context.reader.releases, target.id)
    ask(drift.record_snapshot, context, reading, source.id)
    return reading


def _check(
    conn: Connection,
    choice: Choice,
    target: App,
    reading: Snapshot,
    places: Places,
    override: NewOverride | None,
) -> None:
    """Refuse what can never go, and what is held; whatever else is missing is waited for."""
    candidate = Candidate(
        release=choice.release,
        source=choice.source,
        target=target,
        source_history=choice.history,
        target_history=reading.history,
        slug_stack=choice.stack,
        strategy=choice.strategy,
        pipelines=places,
        is_by_hand=True,
        holds=tuple(hold.value for hold in holds.open_(conn, target.id)),
    )
    now = releases.now(conn)
    for gate in (always.source, always.match):
        verdict = gate(candidate, now)
        is_settled = isinstance(verdict, Reject) and verdict.status is not Status.REJECTED
        can_end = gate is always.source and isinstance(verdict, Wait)  # `current` may be late
        if not isinstance(verdict, Pass) and not is_settled and not can_end:
            raise Invalid(verdict.message)
    _check_holds(conn, target, candidate.holds, override)


def _check_holds(
    conn: Connection, target: App, found: tuple[Hold, ...], override: NewOverride | None
) -> None:
    """Raise Conflict where a hold stands that is not set aside, or may not be."""
    now, aside = releases.now(conn), _overridden(conn, target, override)
    counting = [hold for hold in found if hold.id not in aside]
    held = always.on_hold(target.name, counting, now)
    if isinstance(held, Pass):
        return
    number = held.facts["hold"]
    cannot = ""
    if override is not None and HOLD.name in override.gates:
        kinds = {str(hold.id): hold.kind for hold in found}
        cannot = f". {_why_not(kinds[number])}"
    message = f"{held.message}{cannot}".removesuffix(".")
    release = f"`autopromote holds:release {number}`"
    raise Conflict("target_held", f"{message}. When it may be promoted to again, run {release}.")


def _why_not(kind: str) -> str:
    """Say why an override does not set a hold of this kind aside."""
    if kind in MAY_BE_SET_ASIDE:
        return "It is none of those that were shown: look again."
    return "It tells of what went wrong, so no override sets it aside."


def _overridden(conn: Connection, target: App, override: NewOverride | None) -> list[int]:
    """Find the holds in force now that the override sets aside: only of kinds that may be."""
    if override is None or HOLD.name not in override.gates:
        return []
    now = releases.now(conn)
    found = (hold for hold in holds.open_(conn, target.id) if hold.value.is_in_force(now))
    return [
        hold.id
        for hold in found
        if hold.kind in MAY_BE_SET_ASIDE and (override.holds is None or hold.id in override.holds)
    ]


def _ensure(
    conn: Connection, choice: Choice, target: App, override: NewOverride | None, by: str
) -> PromotionRow:
    same = find(conn, PromotionKind.PROMOTE, choice.release, target)
    if same is not None:
        row = _asked_again(conn, same, by)
    else:
        row = add(
            conn,
            PromotionKind.PROMOTE,
            choice.release,
            source=choice.source,
            target=target,
            commit=choice.commit,
            reason=f"Asked for by {by}.",
            by=by,
        )
    if override is None:
        return row
    return _set_aside(conn, row, override, _overridden(conn, target, override), by)


def _asked_again(conn: Connection, row: PromotionRow, by: str) -> PromotionRow:
    """Store a person's word on a promotion that waits already: it is a yes, said now.

    A machine's asking adds nothing. What is past its gates stays as it is.
    """
    if access_tokens.is_machine(by):
        return row
    asker = by if access_tokens.is_machine(row.created_by or "") else row.created_by
    said = f"Asked for by {by}."
    after = _changed(conn, row, "asked_again", said, by=by, values={"created_by": asker})
    if after is None:
        return row
    approvals.put(conn, after, by=by, is_approved=True, reason=None)
    return after


def _set_aside(
    conn: Connection, row: PromotionRow, override: NewOverride, held: list[int], by: str
) -> PromotionRow:
    """Store the override; a promotion that is past its gates needs none and stays as it is."""
    kept = {
        "gates": list(override.gates),
        "by": by,
        "reason": override.reason,
        "holds": [str(hold_id) for hold_id in held],
    }
    which = f" (hold {', '.join(map(str, held))})" if held else ""
    said = f"{', '.join(override.gates)}{which} set aside by {by}: {override.reason}"
    return _changed(conn, row, "overridden", said, by=by, values={"override": kept}) or row


def _changed(
    conn: Connection, row: PromotionRow, event: str, said: str, *, by: str, values: dict[str, Any]
) -> PromotionRow | None:
    """Store what a person said of a promotion, and wake it; None where it waits no more."""
    after = waiting_promotions.reevaluate(conn, row.id, event, said, **values)
    if after is not None:
        audit.record(
            conn,
            by=by,
            action=f"promotion.{event}",
            subject_type="promotion",
            subject_id=str(row.id),
            before={name: getattr(row, name) for name in values},
            after=values,
        )
    return after


def soaks_from(release: Release) -> datetime | None:
    """Return since when the release runs; None where it has not run."""
    return release.updated_at or release.created_at if release.has_run else None


def find(
    conn: Connection, kind: PromotionKind, release: Release, target: App
) -> PromotionRow | None:
    """Find the unfinished promotion by hand that does just this."""
    return promotions.find_by_hand(conn, release_id=release.id, target_id=target.id, kind=kind)


def add(
    conn: Connection,
    kind: PromotionKind,
    release: Release,
    *,
    source: App,
    target: App,
    commit: str | None,
    reason: str,
    by: str,
    target_ran: str | None = None,
) -> PromotionRow:
    """Add a promotion; the caller holds the target's lock and found none that does the same."""
    row = promotions.add(
        conn,
        status=Status.WAITING,
        reason=reason,
        kind=kind,
        found_by="hand",
        source_id=source.id,
        release_id=release.id,
        version=release.version,
        artifact=release.artifact,
        artifact_type=release.artifact_type,
        commit=commit,
        target_id=target.id,
        soaks_from=soaks_from(release),
        author=related_promotions.author(conn, source.id, release),
        created_by=by,
        target_ran=target_ran,
    )
    made = cast(PromotionRow, row)  # the lock keeps an equal one out
    audit.record(
        conn,
        by=by,
        action=f"{kind}.added" if kind is PromotionKind.ROLLBACK else "promotion.added",
        subject_type="promotion",
        subject_id=str(made.id),
        subject_name=f"{source.name} v{release.version} to {target.name}",
        after={
            "source": source.name,
            "version": release.version,
            "target": target.name,
            "reason": reason,
        },
    )
    return made
