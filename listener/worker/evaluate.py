"""The step of a waiting promotion: gather the facts, ask the gates, then post, wait or end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection

from listener.core.app import Facts
from listener.core.backtest import earliest
from listener.core.gates.always import active, reserve
from listener.core.gates.base import (
    Error,
    Evaluation,
    Pass,
    Reads,
    Reject,
    Verdict,
    Wait,
    Waits,
    evaluate,
    is_for_word,
    is_reading,
    longest_wait,
    needs_word,
)
from listener.core.gates.registry import (
    BLOCK,
    HOLD,
    OF_ROLLBACK,
    OF_RULES,
    SOAK,
    SOURCE,
    TARGET,
    asked,
)
from listener.core.promotion import (
    BLOCKED_STEP,
    ERRORS_FOR,
    RATE_LIMIT_WAIT,
    UNFINISHED,
    PromotionKind,
    Status,
)
from listener.core.rule import Mode
from listener.db import apps, holds, related_promotions, releases, shipments, waiting_promotions
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError, RateLimited
from listener.inventory import evidence
from listener.inventory.context import Context
from listener.inventory.reader import StaleData
from listener.inventory.traits import COMPARE_EVERY
from listener.worker import checks_wait, create_release, notify, report_troubles
from listener.worker.candidates import CandidateFacts, gather, stored
from listener.worker.finish import Transition
from listener.worker.freshness import timed
from listener.worker.job import UNSENT_STEP, Absent, Job, UnreadableRule, pause
from listener.worker.known import Known, known

UNREAD = "Heroku could not be read"
ON_HOLD = timedelta(hours=1)  # releasing a hold wakes what waits; this is the fallback


def step(job: Job) -> None:
    """Evaluate a waiting promotion.

    Ask first what the database alone can tell: then a no costs no call to Heroku. What a look just
    made and read both apps for is decided on what it read.
    """
    if job.read is not None:
        _evaluate(job)
        return
    gathered: CandidateFacts | None = None
    with job.context.database.begin() as conn:
        found = known(conn, job.row)
        unwanted, blocked = _unwanted(conn, job.row, found), _blocked(conn, job.row, job.now())
        if unwanted is None and blocked is None and job.row.kind is PromotionKind.PROMOTE:
            gathered = stored(conn, job.context, job.row, found)
    if unwanted is not None:
        _end(job, Status.CANCELLED, unwanted)
    elif blocked is not None:
        _stay(job, *blocked, job.row.gates)
    elif (short := _short_of_calls(job)) is not None:
        _stay(job, "heroku", short, job.row.gates)
    elif (ready := _unless_it_waits(job, gathered)) is not None:
        _evaluate(ready)


def _evaluate(job: Job) -> None:
    try:
        gathered = gather(job)
    except HerokuError as error:
        _unreadable(job, error)
    else:
        decide(job, gathered)


def _unwanted(conn: Connection, row: PromotionRow, found: Known) -> str | None:
    """Say why the promotion is not wanted any more; None where it is.

    Turning a rule off cancels what waits; this one was in `posting` then, and came back.
    """
    if row.kind is PromotionKind.ROLLBACK:
        return _undoes_somebody(conn, row)
    rule = found.rule
    if rule is None:
        return None
    if not rule.is_live:
        return f"Rule {rule.name} was removed."
    if rule.mode is Mode.OFF:
        return f"Rule {rule.name} is off."
    if row.target_id not in rule.target_ids:
        return f"Rule {rule.name} no longer promotes there."
    return None


def _undoes_somebody(conn: Connection, row: PromotionRow) -> str | None:
    """Say what somebody released since the rollback was asked for; None where nobody did.

    The person who asked for it had not seen that release.
    """
    for hold in holds.open_(conn, row.target_id):
        is_later = row.status_at is None or hold.created_at > row.status_at
        if hold.kind == "detected" and is_later:
            return f"Since the rollback was asked for, {hold.reason}"
    return None


def _blocked(conn: Connection, row: PromotionRow, now: datetime) -> tuple[str, Wait] | None:
    """Return the gate and its wait, if another promotion is active on the target.

    In a chain, also if our own promotion onto the source is unfinished.
    """
    rival = related_promotions.rival(conn, row.target_id, row.id)
    if rival is not None:
        name = apps.get(conn, row.target_id).name
        return TARGET.name, active(name, related_promotions.as_rival(rival), now)
    if row.evaluated_at is None:  # the first evaluation supersedes older ones
        return None
    release = releases.find(conn, row.source_id, row.version)
    if release is None:
        return None
    above = related_promotions.upstream(conn, row.source_id, release)
    if above is None or above.status not in UNFINISHED:
        return None
    name = apps.get(conn, row.source_id).name
    return SOURCE.name, Wait(f"Our own promotion onto {name} is {above.status}.")


def _unless_it_waits(job: Job, gathered: CandidateFacts | None) -> Job | None:
    """Evaluate from stored facts only; return None if that settles it, else the job.

    It does if the promotion waits for time, people or good answers of a health check: the wait is
    stored, and Heroku is not asked. It also does if a person rejected it, or nobody approved it in
    time: it ends. A hold or a block counts only after a first full evaluation, which tells whether
    this candidate supersedes older ones.
    """
    row = job.row
    if gathered is None:
        return job
    job, gathered, evaluation = evaluate_all(job, gathered)
    patient = OF_RULES if row.evaluated_at is None else (*OF_RULES, HOLD, BLOCK)
    objection = evaluation.objection
    if isinstance(objection, Reject) and _is_settled(evaluation):
        decide(job, gathered)
        return None
    waits_for_word = needs_word(objection) and row.evaluated_at is not None
    is_patient = evaluation.decided_by in patient or waits_for_word
    if not isinstance(objection, Wait) or not is_patient:
        return job
    _wait(job, gathered, evaluation)
    return None


def _is_settled(evaluation: Evaluation) -> bool:
    """Return whether what Heroku tells cannot change a no: it is a person's, or of checks."""
    return Waits.PERSON in evaluation.waits_for or evaluation.reads is Reads.CHECKS


def _short_of_calls(job: Job) -> Wait | None:
    """Return a wait if too few Heroku calls are left to begin something new, as last reported."""
    heroku = job.context.heroku
    left = heroku.requests_left
    if left is None or job.row.kind is PromotionKind.ROLLBACK:
        return None
    return reserve(left, timedelta(seconds=heroku.requests_left_since), job.now())


def _stay(job: Job, name: str, verdict: Wait, said: list[dict[str, Any]]) -> None:
    """Wait for what one gate says, and keep what the other gates `said`."""
    due_at = longest_wait(verdict.until, job.now(), BLOCKED_STEP)
    others = (checks_wait.unmarked(gate) for gate in said if gate["name"] != name)
    gates = [*others, as_json(name, verdict)]
    job.again(verdict.message, due_at, gates=gates, errors_since=None)


def evaluate_gates(row: PromotionRow, gathered: CandidateFacts, now: datetime) -> Evaluation:
    """Ask the gates of this kind of promotion."""
    candidate = gathered.candidate
    gates = OF_ROLLBACK if row.kind is PromotionKind.ROLLBACK else asked(candidate)
    evaluation = evaluate(candidate, now, gates)
    return timed(evaluation, source=gathered.source, target=gathered.target)


def evaluate_all(job: Job, gathered: CandidateFacts) -> tuple[Job, CandidateFacts, Evaluation]:
    """Collect every verdict; ask the gates that need the network only if no other objects."""
    evaluation = evaluate_gates(job.row, gathered, job.now())
    if evaluation.reads is Reads.PROBES:
        job = job.with_row(evidence.ask(job.context, job.row, gathered.candidate, job.clock))
        candidate = replace(gathered.candidate, streak=evidence.streak_of(job.row))
        gathered = replace(gathered, candidate=candidate)
        evaluation = evaluate_gates(job.row, gathered, job.now())
    if evaluation.reads is Reads.TRAITS:
        comparisons = job.context.comparisons
        gathered = replace(gathered, candidate=comparisons.read(gathered.candidate))
        evaluation = evaluate_gates(job.row, gathered, job.now())
        if evaluation.objection is not None:
            comparisons.forget(gathered.candidate)
    return job, gathered, evaluation


def decide(job: Job, gathered: CandidateFacts) -> None:
    """Evaluate the gates and do what the verdicts say: post, wait or end."""
    job, gathered, evaluation = evaluate_all(job, gathered)
    now, gates = job.now(), to_json(evaluation)
    seen: dict[str, Any] = {"gates": gates, "errors_since": None, "commit": gathered.commit}
    seen |= evidence.to_json(job.row)
    seen |= checks_wait.told_well(job.row, gathered.candidate, evaluation, now)
    match evaluation.objection:
        case None if gathered.mode is Mode.SHADOW:
            message = f"Rule {gathered.rule_name} is in shadow mode; armed, it would promote now."
            _end(job, Status.SHADOWED, message, **seen, evaluated_at=now)
        case None if (short := _short_of_calls(job)) is not None:
            _stay(job, "heroku", short, gates)
        case None:
            _post(job, gathered, seen)
        case Wait():
            _wait(job, gathered, evaluation)
        case Reject(message, status):
            _end(job, status, message, **seen, evaluated_at=now)
        case Error(message, facts):
            _unreadable(job, _cause(message, facts), gates)


def _cause(message: str, facts: Facts) -> Exception:
    """Return why there is no verdict: the app is absent, the rule or Heroku cannot be read."""
    if facts.get("of_rule"):
        return UnreadableRule(message)
    return Absent(message) if facts.get("absent") else HerokuError(message)


def _post(job: Job, gathered: CandidateFacts, seen: dict[str, Any]) -> None:
    """Post; count outdated snapshots as an error, so that Heroku is not asked each second."""
    try:
        create_release.post(job, gathered, seen)
    except StaleData as stale:
        _unreadable(job, stale, [*seen["gates"], as_json("heroku", Error(_words(stale)))])


def _words(error: Exception) -> str:
    if isinstance(error, UnreadableRule):
        return str(error)
    return f"{'Looking again' if isinstance(error, StaleData) else UNREAD}: {error}"


def _end(job: Job, status: Status, reason: str, **values: Any) -> None:
    job.end(Transition(status=status, reason=reason, values=values))


def _wait(job: Job, gathered: CandidateFacts, evaluation: Evaluation) -> None:
    """Store what the promotion waits for and until when; supersede older candidates."""
    context, row, now = job.context, job.row, job.now()
    wait = cast(Wait, evaluation.objection)  # `_wait` is called only with a Wait
    due_at = longest_wait(wait.until, now, _pause(evaluation))
    if evaluation.reads is Reads.PROBES:
        due_at = evidence.due_at(row, now)
    gates, seen = to_json(evaluation), evidence.to_json(row)
    seen |= checks_wait.told_well(row, gathered.candidate, evaluation, now)
    with context.database.begin() as conn:
        apps.lock(conn, [row.target_id])
        if evaluation.reads is Reads.CHECKS:
            checking = checks_wait.begin(conn, row, gathered.candidate, wait, now)
            gates = [checking.marked(gate) for gate in gates]
            due_at, seen = checking.due_at, {**seen, "checks_since": checking.since}
        gives_way = gathered.makes_older_give_way  # only then is any row written but its own
        around = waiting_promotions.lock_around(conn, row.target_id) if gives_way else ()
        job.stay(
            conn,
            wait.message,
            min([due_at, *_deadline(evaluation, now)]),
            gates=gates,
            **seen,
            errors_since=None,
            commit=gathered.commit or row.commit,
            evaluated_at=now,
            earliest_at=earliest(gathered.candidate, now),
        )
        if any(is_reading(each.facts) for _, each in evaluation.waits):
            shipments.hasten(conn, row.id)
        if Waits.HEROKU in evaluation.waits_for and evaluation.reads is Reads.DATABASE:
            apps.forget_facts(conn, row.target_id)
        notify.of_wait(conn, row, evaluation, now)
        if gives_way:
            waiting_promotions.supersede_older(
                conn, row, around, reason=gathered.why_older_give_way
            )


def _pause(evaluation: Evaluation) -> timedelta:
    """Return how long to wait for what has no time of its own."""
    if Waits.HEROKU in evaluation.waits_for:
        return COMPARE_EVERY
    if isinstance(wait := evaluation.objection, Wait) and is_reading(wait.facts):
        return BLOCKED_STEP  # mostly it is woken before
    is_for_people = Waits.PERSON in evaluation.waits_for or needs_word(evaluation.objection)
    return ON_HOLD if is_for_people else BLOCKED_STEP


def _deadline(evaluation: Evaluation, now: datetime) -> Iterator[datetime]:
    """Yield when something changes for the people that are asked, even if other waits are longer.

    Either the time to approve ends, and the promotion with it; or the soak ends, and only then
    are people asked.
    """
    asks_people = any(needs_word(wait) for _, wait in evaluation.waits)
    for gate, wait in evaluation.waits:
        changes = Waits.PERSON in gate.waits or (asks_people and gate is SOAK)
        if changes and wait.until is not None and wait.until > now:
            yield wait.until


def _unreadable(job: Job, error: Exception, gates: list[dict[str, Any]] | None = None) -> None:
    """Let the promotion wait because Heroku could not be read, with the error as verdict.

    It ends as errored after a day. If Heroku says for two minutes that an app or slug is not
    there, it ends as rejected.
    """
    row, now = job.row, job.now()
    if job.is_gone(error):
        _end(job, Status.REJECTED, f"Heroku: {error}")
        return
    since, message = row.errors_since or now, _words(error)
    # A person who is asked can still answer while Heroku cannot be read.
    asking = [gate for gate in row.gates if is_for_word(gate["facts"])]
    verdicts = gates if gates is not None else [as_json("heroku", Error(message)), *asking]
    if now - since >= ERRORS_FOR:
        _end(job, Status.ERRORED, message, gates=verdicts)
        return
    is_limited = isinstance(error, RateLimited)
    due_at = now + (RATE_LIMIT_WAIT if is_limited else pause(now - since, UNSENT_STEP))
    seen = {"gates": verdicts, "errors_since": since, "gone_since": job.gone_since(error)}
    with job.context.database.begin() as conn:
        job.stay(conn, message, due_at, **seen)
        if not report_troubles.is_known(conn, error, (row.source_id, row.target_id)):
            notify.of_errors(conn, row, message, since=since, now=now)
    if row.errors_since is None and isinstance(error, HerokuError):
        _look_at_both(job.context, row)


def _look_at_both(context: Context, row: PromotionRow) -> None:
    """Make looks due: they tell whether an app cannot be read, or only what this one needs."""
    with context.database.begin() as conn:
        for app_id in (row.source_id, row.target_id):
            apps.ask_look(conn, app_id, must_read=True)


def to_json(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Convert the verdicts to the JSON that is stored and shown."""
    return [as_json(gate.name, verdict) for gate, verdict in evaluation.verdicts]


def as_json(name: str, verdict: Verdict) -> dict[str, Any]:
    """Convert one verdict to the JSON that is stored and shown."""
    words: dict[type[Any], str] = {Pass: "pass", Wait: "wait", Reject: "reject", Error: "error"}
    until = verdict.until.isoformat() if isinstance(verdict, Wait) and verdict.until else None
    return {
        "name": name,
        "verdict": words[type(verdict)],
        "message": verdict.message,
        "until": until,
        "facts": dict(verdict.facts),
    }
