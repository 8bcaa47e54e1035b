"""A look: read an app's releases, make candidates of new deploys, settle its deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listener import heroku as platform
from listener.core.promotion import ERRORS_FOR, RELEASE_PHASE_FOR, Status, back_off
from listener.core.release import History, Kind, Release
from listener.core.rule import OnNewer
from listener.db import apps, promotions, queue, related_promotions, releases, rules, sync, troubles
from listener.db.apps import AppRow
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.db.sync import PendingDelivery
from listener.inventory import drift
from listener.inventory.context import Clock, Context
from listener.inventory.reader import LACKING_FOR, Snapshot
from listener.worker import report_troubles

REFRESH_FACTS_AFTER = timedelta(minutes=50)


@dataclass(slots=True)
class SyncResult:
    """What a look found: outcomes of deliveries, and whether to look again."""

    outcomes: dict[int, str] = field(default_factory=dict)
    undecided: list[int] = field(default_factory=list)
    reason: str = ""
    last_told_at: datetime | None = None  # when the last undecided one arrived

    def wait_for(self, told: PendingDelivery, reason: str) -> None:
        """Keep a delivery that cannot be settled yet, for this reason."""
        self.undecided.append(told.id)
        self.reason = reason
        self.last_told_at = told.received_at  # they come in order


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Look at one app: read its releases if needed, then settle what follows from them."""
    with context.database.begin() as conn:
        row = apps.get(conn, claim.key)
        rules_from = rules.of_source(conn, row.id)
        is_target = bool(rules.targeting(conn, row.id))
        told = sync.undecided(conn, row.id)
        history = releases.history(conn, row.id)
        asks = claim.row.must_read or _is_news(history, told)
        needs_reading = asks or bool(_unfinished(history, rules_from, clock.now()))
    needs_reading = needs_reading and (bool(rules_from) or is_target)
    try:
        reading = _read(context, row, claim, clock) if needs_reading else None
    except platform.HerokuError as error:
        _unreadable(context, claim, error, clock, told)
        return
    _conclude(context, claim, row, history.current, clock, told)
    if is_target and reading is not None:
        drift.record_target(context, reading)


def _is_news(history: History, told: list[PendingDelivery]) -> bool:
    """Return whether a delivery names a release whose end we do not know yet."""
    for item in told:
        known = history.find(item.version) if item.version is not None else None
        if item.resource == "release" and (known is None or not known.is_settled):
            return True
    return False


def _read(context: Context, row: AppRow, claim: queue.Claim, clock: Clock) -> Snapshot:
    is_old = row.facts_at is None or clock.now() - row.facts_at > REFRESH_FACTS_AFTER
    if claim.row.must_read and is_old:
        context.reader.app(row.id)
    return context.reader.releases(row.id)


def _unreadable(
    context: Context,
    claim: queue.Claim,
    error: platform.HerokuError,
    clock: Clock,
    before: Sequence[PendingDelivery],
) -> None:
    """Put the look off after an error of Heroku; give up deliveries only after a day."""
    again_at = clock.now() + back_off(claim.attempt - 1)
    with context.database.begin() as conn:
        message = f"Heroku could not be read: {error}"
        sync.ended_deliveries(conn, claim.key, ERRORS_FOR, f"given up: {message}")
        sync.remark(conn, [told.id for told in sync.undecided(conn, claim.key)], message)
        ids = [told.id for told in before]
        sync.finish(conn, claim, again_at=again_at, error=message, told=ids)
        report_troubles.note(conn, error, _subject(claim), claim.key)


def _subject(claim: queue.Claim) -> str:
    return f"app {claim.key}"


def _conclude(
    context: Context,
    claim: queue.Claim,
    row: AppRow,
    ran: Release | None,
    clock: Clock,
    before: Sequence[PendingDelivery],
) -> None:
    """Write candidates, outcomes and the next look, in one transaction under the locks.

    `ran` is what the app ran before this look: if it runs something else by now, what waits is
    decided again. `before` are the deliveries that were there before the read. Raises LeaseLost.
    """
    with context.database.begin() as conn:
        apps.lock(conn, [row.id])  # no rule of this source can change from now on
        live = rules.of_source(conn, row.id)
        apps.lock(conn, {target for rule in live for target in rule.target_ids})
        queue.renew(conn, claim)
        history = releases.history(conn, row.id)
        told = sync.undecided(conn, row.id)
        _learn_slugs(conn, row, history, told)
        if _is_other(ran, history.current):
            promotions.reschedule_source(conn, row.id)
        for rule in live:
            _make_candidates(conn, row, rule, history)
        findings = _settle(conn, row, history, live, told, clock.now())
        sync.settle(conn, findings.outcomes)
        sync.remark(conn, findings.undecided, findings.reason)
        again_at = _again_at(claim, history, live, findings, clock)
        ids = [item.id for item in before]
        sync.finish(conn, claim, again_at=again_at, error=None, told=ids)
        if claim.row.look_error is not None:
            troubles.over(conn, _subject(claim))


def _is_other(before: Release | None, now: Release | None) -> bool:
    return before is not None and now is not None and before.artifact != now.artifact


def _learn_slugs(
    conn: Connection, row: AppRow, history: History, told: list[PendingDelivery]
) -> None:
    """Store commit and stack from a signed body, if the API confirms its release and slug id."""
    for item in told:
        known = history.find(item.version) if item.version is not None else None
        if known is None or item.artifact is None or item.artifact != known.artifact:
            continue
        if known.id == item.release_id:
            releases.set_slug_facts(
                conn, row.id, item.artifact, commit=item.commit, stack=item.stack
            )


def _make_candidates(conn: Connection, row: AppRow, rule: RuleRow, history: History) -> None:
    for target in rule.targets:
        known = related_promotions.candidates_known(conn, rule.id, target.app_id)
        for release in history.deploys_above(target.baseline):
            if release.id not in known:
                _make_candidate(conn, row, rule, target.app_id, release, known)


def _make_candidate(
    conn: Connection,
    row: AppRow,
    rule: RuleRow,
    target_id: str,
    release: Release,
    known: dict[str, PromotionRow],
) -> None:
    newer = _superseding(rule, release, known)
    status, reason = Status.WAITING, f"Found {row.name} v{release.version}."
    if newer is not None:
        status = Status.SUPERSEDED
        reason = f"{row.name} v{newer.version} is newer and was found first."
    commit, _ = releases.slug_facts(conn, row.id, release.artifact or "")
    promotions.add(
        conn,
        status=status,
        reason=reason,
        rule_id=rule.id,
        rule_revision=rule.revision,
        found_by="webhook" if sync.was_told(conn, release.id) else "reconcile",
        source_id=row.id,
        release_id=release.id,
        version=release.version,
        artifact=release.artifact,
        artifact_type=release.artifact_type,
        commit=commit,
        target_id=target_id,
        soaks_from=release.updated_at or release.created_at,
        author=related_promotions.author(conn, row.id, release),
    )


_TOOK_ITS_PLACE = frozenset(
    {Status.WAITING, Status.POSTING, Status.RELEASING, Status.VERIFYING, Status.SUCCEEDED}
)


def _superseding(
    rule: RuleRow, release: Release, known: dict[str, PromotionRow]
) -> PromotionRow | None:
    """Return an evaluated newer candidate that supersedes this release, if there is one.

    One that was rejected or skipped does not count.
    """
    if rule.on_newer != OnNewer.SUPERSEDE:
        return None
    for other in known.values():
        is_newer = other.version > release.version and other.status in _TOOK_ITS_PLACE
        if is_newer and (other.evaluated_at is not None or other.status is not Status.WAITING):
            return other
    return None


def _settle(
    conn: Connection,
    row: AppRow,
    history: History,
    live: list[RuleRow],
    told: list[PendingDelivery],
    now: datetime,
) -> SyncResult:
    findings = SyncResult()
    for item in told:
        release = history.find(item.version) if item.version is not None else None
        if item.resource != "release" or item.version is None:
            findings.outcomes[item.id] = f"ignored: about {item.resource or 'something'} else"
        elif not live:
            findings.outcomes[item.id] = (
                f"ignored: no rule that is armed or in shadow promotes from {row.name}"
            )
        elif release is None:
            _lacking(findings, row, item, now)
        elif release.is_settled:
            findings.outcomes[item.id] = outcome(conn, history, live, release)
        elif now - item.received_at > RELEASE_PHASE_FOR:
            findings.outcomes[item.id] = f"ignored: v{item.version} stayed {release.status}"
        else:
            findings.wait_for(item, f"v{item.version} is {release.status}; looking again")
    return findings


def _lacking(findings: SyncResult, row: AppRow, item: PendingDelivery, now: datetime) -> None:
    if now - item.received_at > LACKING_FOR:
        findings.outcomes[item.id] = f"ignored: {row.name} shows no release v{item.version}"
    else:
        findings.wait_for(item, f"{row.name} does not show v{item.version} yet; looking again")


def outcome(conn: Connection, history: History, live: list[RuleRow], release: Release) -> str:
    """Say in one sentence what came of a settled release."""
    kind = history.kind(release)
    if kind is Kind.UNSETTLED:
        return f"ignored: v{release.version} {release.status}"
    first = history.first_run(release.artifact)
    if kind is Kind.ROLLBACK:
        return f"ignored: v{release.version} is a rollback to the slug of v{first}"
    if kind is not Kind.DEPLOY:
        slug = f"slug unchanged since v{first}" if first is not None else "no slug"
        return f"ignored: {_words(kind)}, {slug}"
    made = promotions.list_(conn, release_id=release.id)
    if made:
        numbers = ", ".join(str(row.id) for row in reversed(made))
        return f"v{release.version} is a deploy: promotion {numbers}"
    return f"ignored: v{release.version} is a deploy, but below every baseline"


def _words(kind: Kind) -> str:
    return {Kind.CONFIG: "config change", Kind.ADDON: "add-on change"}.get(kind, str(kind))


def _unfinished(history: History, live: list[RuleRow], now: datetime) -> list[Release]:
    """Return releases above the lowest baseline whose success or failure is not known yet."""
    lowest = min((target.baseline for rule in live for target in rule.targets), default=None)
    return [
        release
        for release in history.releases
        if lowest is not None
        and release.version > lowest
        and not release.is_settled
        and now - (release.created_at or now) < RELEASE_PHASE_FOR
    ]


def _again_at(
    claim: queue.Claim,
    history: History,
    live: list[RuleRow],
    findings: SyncResult,
    clock: Clock,
) -> datetime | None:
    """Return when to look again, if a release is pending or missing; None where nothing is open."""
    now = clock.now()
    if not (findings.undecided or _unfinished(history, live, now)):
        return None
    asked = [at for at in (claim.row.look_since, findings.last_told_at) if at is not None]
    since = now - max(asked, default=now)
    return now + timedelta(seconds=min(max(1.0, since.total_seconds() / 4), 60.0))
