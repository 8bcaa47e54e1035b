"""A look: read an app's releases, make candidates of new deploys, settle its deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listener import heroku as platform
from listener.core.gates.registry import goes_at_once
from listener.core.promotion import ERRORS_FOR, RELEASE_PHASE_FOR, SLOW, back_off
from listener.core.release import SUCCEEDED, History, Kind, Release
from listener.core.rule import Mode, Strategy, strategy_of
from listener.db import apps, promotions, queue, releases, rules, sync, troubles, waiting_promotions
from listener.db import snapshots as snapshot_rows
from listener.db.apps import AppRow
from listener.db.releases import Around
from listener.db.rules import RuleRow
from listener.db.snapshots import Asked
from listener.db.sync import PendingDelivery
from listener.inventory import drift
from listener.inventory.context import Clock, Context
from listener.inventory.reader import LACKING_FOR, Listing, Snapshot, StaleData
from listener.worker import discover, report_troubles
from listener.worker.candidates import gather_at_once
from listener.worker.job import Job, NextStep
from listener.worker.known import SlugFacts, known_of

REFRESH_FACTS_AFTER = timedelta(minutes=50)
Answers = Mapping[str, Listing | platform.HerokuError]


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


@dataclass(frozen=True, slots=True)
class Look:
    """What is known before Heroku is asked, and the lists to ask for."""

    row: AppRow
    told: list[PendingDelivery]  # the deliveries that were there before
    ran: Release | None  # what the app ran
    is_target: bool
    asked: dict[str, Asked]
    around: Around  # what the deliveries are about
    leads_to_post: bool = False


def _around(told: Sequence[PendingDelivery]) -> Around:
    return Around(
        versions=frozenset(item.version for item in told if item.version is not None),
        artifacts=frozenset(item.artifact for item in told if item.artifact is not None),
    )


def step(context: Context, claim: queue.Claim, clock: Clock) -> NextStep | None:
    """Look at one app: read its releases if needed, then settle what follows from them.

    Return the first promotion that it made, claimed, for the same worker to go on with.
    """
    look: Look | None = None
    try:
        _refresh_facts(context, claim, clock)
        with context.database.lend() as conn:
            look = _begin(conn, context, claim, clock)
        with context.heroku.expecting_release() if look.leads_to_post else nullcontext():
            answers = _ask(context, look)
        return _follow(context, claim, clock, look, answers)
    except platform.HerokuError as error:
        _unreadable(context, claim, error, clock, look.told if look is not None else None)
        return None


def _ask(context: Context, look: Look) -> Answers:
    return context.reader.fetch_all(look.asked, look.around) if look.asked else {}


def _refresh_facts(context: Context, claim: queue.Claim, clock: Clock) -> None:
    row = claim.row
    is_old = row.facts_at is None or clock.now() - row.facts_at > REFRESH_FACTS_AFTER
    if row.must_read and is_old:
        with context.database.begin() as conn:
            is_used = bool(rules.around_app(conn, row.id))
        if is_used:
            context.reader.app(row.id)


def _begin(conn: Connection, context: Context, claim: queue.Claim, clock: Clock) -> Look:
    row = apps.row_of(claim.row)
    used = rules.around_app(conn, row.id)
    live = [rule for rule in used if rule.source_id == row.id]
    is_target = any(row.id in rule.target_ids for rule in used)
    told = sync.undecided(conn, row.id)
    around = _around(told)
    history = releases.near(conn, row.id, around)
    asks = claim.row.must_read or _is_news(history, told)
    unfinished = _unfinished(history, live, clock.now())
    needs_reading = bool(used) and (asks or bool(unfinished))
    asked: dict[str, Asked] = {}
    beside: list[str] = []
    if needs_reading:
        # What broke the look before may be its target: that breaks in a step of its own, then.
        is_alone = is_target or claim.attempt > 1
        beside = [] if is_alone else _read_beside(conn, context, row, live, history, told)
        asked = snapshot_rows.ask(conn, [row.id, *beside])
    around = replace(around, back_to=_back_to(row, history, told, unfinished))
    leads_to_post = bool(beside) and any(rule.mode is Mode.ARMED for rule in live)
    return Look(row, told, history.current, is_target, asked, around, leads_to_post)


def _back_to(
    row: AppRow, history: History, told: list[PendingDelivery], unfinished: list[Release]
) -> int | None:
    """Return the version down to which the list is read; None where new releases are enough.

    What has not ended is read again. Where no delivery waits for the look, it also reads what may
    have expired.
    """
    wanted = [release.version for release in unfinished]
    if not told:
        wanted.append(max(history.newest_version - snapshot_rows.WATCHED, 1))
    return min(wanted, default=None) if row.is_complete else None


def _read_beside(
    conn: Connection,
    context: Context,
    row: AppRow,
    live: Sequence[RuleRow],
    history: History,
    told: Sequence[PendingDelivery],
) -> list[str]:
    """Return the targets to be read at the same time as the source.

    A signed body names a slug that never ran there, so that it surely is a deploy, and what is to
    go on at once reads the target anyway, and nothing else. A slow list is read first, so it is not
    read here.
    """
    is_deploy = any(
        item.resource == "release"
        and item.status == SUCCEEDED
        and item.artifact is not None
        and item.stack is not None  # else the slug is read, too
        and history.first_run(item.artifact) is None
        for item in told
    )
    wanted = [
        rule
        for rule in live
        if len(rule.targets) == 1
        and goes_at_once(rule.conditions)
        and strategy_of(rule.strategy, row.generation) is Strategy.SLUG
    ]
    ids = {target_id for rule in wanted for target_id in rule.target_ids}
    if not is_deploy or len(live) != 1 or not ids or row.last_took > SLOW:
        return []
    if context.is_short_of_calls:
        return []
    return [
        target.id
        for target in apps.all_of(conn, ids)
        if target.last_took <= SLOW and target.known is not None
    ]


def _with_targets(around: Around, source_id: str, answers: Answers) -> Around:
    """Return what is to be known of the source, with what its targets were read to have run."""
    shown = [
        release.artifact
        for app_id, answer in answers.items()
        if app_id != source_id and isinstance(answer, Listing)
        for release in answer.shown
    ]
    ran = frozenset(artifact for artifact in shown if artifact is not None)
    return replace(around, artifacts=around.artifacts | ran)


def _follow(
    context: Context, claim: queue.Claim, clock: Clock, look: Look, answers: Answers
) -> NextStep | None:
    """Store what Heroku answered, and conclude. Raises HerokuError, LeaseLost."""
    answer = answers.get(look.row.id)
    if isinstance(answer, platform.HerokuError):
        raise answer
    following = None
    with context.database.begin() as conn:
        locked = apps.lock(conn, [look.row.id])[look.row.id]
        around = _with_targets(look.around, look.row.id, answers)
        stored = context.reader.store(conn, locked, answer, around) if answer else None
        if answer is None or isinstance(stored, Snapshot):
            source = stored if isinstance(stored, Snapshot) else None
            following = Conclusion(context, claim, clock, look, locked).write(conn, source, answers)
    if isinstance(stored, StaleData):
        raise stored
    if answer is not None and stored is None:  # what was stored meanwhile is not fresh by now
        stored = context.reader.releases(look.row.id, look.around)
        with context.database.begin() as conn:
            locked = apps.lock(conn, [look.row.id])[look.row.id]
            following = Conclusion(context, claim, clock, look, locked).write(conn, stored, {})
    if look.is_target and stored is not None:
        drift.record_target(context, stored)
    return following


def _is_news(history: History, told: list[PendingDelivery]) -> bool:
    """Return whether a delivery names a release whose end we do not know yet."""
    for item in told:
        known = history.find(item.version) if item.version is not None else None
        if item.resource == "release" and (known is None or not known.is_settled):
            return True
    return False


def _unreadable(
    context: Context,
    claim: queue.Claim,
    error: platform.HerokuError,
    clock: Clock,
    before: Sequence[PendingDelivery] | None,
) -> None:
    """Put the look off after an error of Heroku; give up deliveries only after a day.

    `before` are the deliveries that were there before Heroku was asked; None for all.
    """
    again_at = clock.now() + back_off(claim.attempt - 1)
    with context.database.begin() as conn:
        message = f"Heroku could not be read: {error}"
        sync.ended_deliveries(conn, claim.key, ERRORS_FOR, f"given up: {message}")
        told = sync.undecided(conn, claim.key)
        sync.remark(conn, [each.id for each in told], message)
        ids = [each.id for each in (before if before is not None else told)]
        sync.finish(conn, claim, again_at=again_at, error=message, told=ids)
        report_troubles.note(conn, error, _subject(claim), claim.key)


def _subject(claim: queue.Claim) -> str:
    return f"app {claim.key}"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from a look, written in one transaction under the locks."""

    context: Context
    claim: queue.Claim
    clock: Clock
    look: Look
    row: AppRow  # read under its lock

    def write(self, conn: Connection, source: Snapshot | None, answers: Answers) -> NextStep | None:
        """Write candidates, outcomes and the next look; the caller holds the source's lock.

        If the app runs something else by now, what waits is decided again. Raises LeaseLost.
        """
        row, claim, clock = self.row, self.claim, self.clock
        live = rules.of_source(conn, row.id)  # none of them can change from now on
        targets = apps.lock(conn, {target for rule in live for target in rule.target_ids})
        # Where Heroku was not asked, no time has passed: what came since is due for another look.
        told = sync.undecided(conn, row.id) if self.look.asked else self.look.told
        fresh = releases.decide(conn, row.id)
        history = self._history(conn, source, told, fresh)
        beside = self._beside(conn, targets, answers, history)
        learnt = _learn_slugs(conn, row, history, told)
        if _is_other(self.look.ran, history.current):
            waiting_promotions.reschedule_source(conn, row.id)
        finder = discover.Finder(row, claim.row.lease_owner, clock)
        held = discover.candidates(conn, finder, live, history, fresh)
        findings = _settle(conn, row, history, live, told, clock.now())
        sync.settle(conn, findings.outcomes)
        sync.remark(conn, findings.undecided, findings.reason)
        again_at = _again_at(claim, history, live, findings, clock)
        ids = [item.id for item in self.look.told]
        sync.finish(conn, claim, again_at=again_at, error=None, told=ids)
        if claim.row.look_error is not None:
            troubles.over(conn, _subject(claim))
        if held is None:
            return None
        made = promotions.row_of(held.row)
        rule = next(each for each in live if each.id == made.rule_id)
        slug = learnt.get(made.artifact)
        stored = known_of(conn, made, row, targets[made.target_id], rule, slug)
        step = NextStep(held, clock, stored, source, beside.get(made.target_id))
        return replace(step, facts=gather_at_once(conn, Job.following(self.context, step)))

    def _history(
        self,
        conn: Connection,
        source: Snapshot | None,
        told: Sequence[PendingDelivery],
        fresh: set[int],
    ) -> History:
        around = _around(told)
        wanted = around.versions | fresh
        if source is not None and around.artifacts <= self.look.around.artifacts:
            known = {release.version for release in source.history.releases}
            if all(version in known or version > max(known) for version in wanted):
                return source.history
        return releases.near(conn, self.row.id, Around(None, around.artifacts, wanted))

    def _beside(
        self,
        conn: Connection,
        targets: Mapping[str, AppRow],
        answers: Answers,
        source: History,
    ) -> dict[str, Snapshot]:
        """Store the lists of targets that were read beside the source's."""
        found, around = {}, Around(artifacts=source.artifacts)
        for app_id, answer in answers.items():
            if app_id in targets and isinstance(answer, Listing):
                stored = self.context.reader.store(conn, targets[app_id], answer, around)
                if isinstance(stored, Snapshot):
                    found[app_id] = stored
        return found


def _is_other(before: Release | None, now: Release | None) -> bool:
    return before is not None and now is not None and before.artifact != now.artifact


def _learn_slugs(
    conn: Connection, row: AppRow, history: History, told: list[PendingDelivery]
) -> dict[str, SlugFacts]:
    """Store commit and stack from a signed body, if the API confirms its release and slug id.

    Return those of which both are told.
    """
    learnt: set[tuple[str, str | None, str | None]] = set()
    for item in told:
        known = history.find(item.version) if item.version is not None else None
        if known is None or item.artifact is None or item.artifact != known.artifact:
            continue
        if known.id == item.release_id:
            learnt.add((item.artifact, item.commit, item.stack))
    for artifact, commit, stack in learnt:
        releases.set_slug_facts(conn, row.id, artifact, commit=commit, stack=stack)
    return {artifact: (commit, stack) for artifact, commit, stack in learnt if commit and stack}


def _settle(
    conn: Connection,
    row: AppRow,
    history: History,
    live: list[RuleRow],
    told: list[PendingDelivery],
    now: datetime,
) -> SyncResult:
    findings = SyncResult()
    said: dict[str, str] = {}  # several deliveries tell of one release
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
            if release.id not in said:
                said[release.id] = outcome(conn, history, live, release)
            findings.outcomes[item.id] = said[release.id]
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
        words = {Kind.CONFIG: "config change", Kind.ADDON: "add-on change"}
        return f"ignored: {words.get(kind, kind)}, {slug}"
    if made := promotions.made_of(conn, release.id):
        numbers = ", ".join(str(number) for number in made)
        return f"v{release.version} is a deploy: promotion {numbers}"
    return f"ignored: v{release.version} is a deploy, but below every baseline"


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
