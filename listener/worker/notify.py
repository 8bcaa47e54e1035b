"""Notices about a promotion: it needs an answer, it is stuck, or it ended.

There is no notice of waits that a rule itself asks for, such as soak and windows, of ends that
change nothing, and of anything that a rule in shadow does.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from listener import approval_links, notifier
from listener.approval_links import Invitation
from listener.core import duration
from listener.core.gates.base import (
    Evaluation,
    Gate,
    Wait,
    Waits,
    asks_for_word,
    is_reading,
    needs_word,
)
from listener.core.gates.registry import OF_RULES, SOAK
from listener.core.promotion import RETRYABLE, TOLD_AFTER, PromotionKind, Status
from listener.core.rule import Mode
from listener.db import (
    apps,
    holds,
    notifications,
    promotions,
    queue,
    rules,
    shipments,
    shown_shipments,
    troubles,
)
from listener.db.promotions import PromotionRow
from listener.inventory import evidence
from listener.inventory.context import Clock, Context
from listener.inventory.notify_urls import opened
from listener.notifier import Send
from listener.worker import release_output

ENDS = frozenset(
    {Status.SUCCEEDED, Status.FAILED, Status.ERRORED, Status.ROLLED_BACK, Status.REJECTED}
)
# After so many bad answers of a check in a row (more than a minute), people are notified.
BAD_ANSWERS = 5
_NEVER = datetime.max.replace(tzinfo=UTC)
LONGEST_LINK = timedelta(days=1)  # where the question has no end of its own
APPROVAL = "approval"
# These tell what ships. They wait for it a little where it is not read yet, then go without.
SHIPPING = (ENDS - {Status.REJECTED}) | {APPROVAL}
SHIPS_WITHIN, PAUSE = timedelta(seconds=10), timedelta(seconds=1)


def of_wait(conn: Connection, row: PromotionRow, evaluation: Evaluation, now: datetime) -> None:
    """Notify once that people are asked, or that only a person can remove what is in the way."""
    question = _question(evaluation)
    stuck, gate = evaluation.objection, evaluation.decided_by
    is_unwell = isinstance(stuck, Wait) and stuck.facts.get("bad", 0) >= BAD_ANSWERS
    is_red = isinstance(stuck, Wait) and bool(stuck.facts.get("failed"))
    is_told = isinstance(stuck, Wait) and (needs_word(stuck) or is_reading(stuck.facts))
    is_blocked = gate is not None and gate.is_blocking and not is_told
    if not (question or is_unwell or is_red or is_blocked) or _is_shadow(conn, row):
        return
    if question is not None:
        _ask(conn, row, question, now)
    if isinstance(stuck, Wait) and is_unwell:
        _blocked(conn, row, stuck.message, until=None, key="check")
    if isinstance(stuck, Wait) and is_red:
        _blocked(conn, row, stuck.message, until=stuck.until, key="github-checks")
    if isinstance(stuck, Wait) and is_blocked:
        _blocked(conn, row, stuck.message, until=stuck.until, key=stuck.message)


def _question(evaluation: Evaluation) -> Wait | None:
    """Return what people are asked; nothing while it soaks.

    A word for this very promotion comes first, then the question that ends first.
    """
    waits = evaluation.waits
    if any(gate is SOAK for gate, _ in waits):
        return None
    asked = [wait for gate, wait in waits if asks_for_word(wait) or _asks_people(gate, wait)]
    return min(asked, key=lambda wait: (not needs_word(wait), wait.until or _NEVER), default=None)


def _asks_people(gate: Gate, wait: Wait) -> bool:
    is_asked = Waits.PERSON in gate.waits and not gate.is_blocking
    return is_asked and not is_reading(wait.facts)


def _ask(conn: Connection, row: PromotionRow, asking: Wait, now: datetime) -> None:
    since = row.status_at or row.created_at
    lines = [
        asking.message,
        _until(asking.until),
        f"Rule: {_rule(conn, row)}",
        *_asked_for(conn, row),
        f"{_look(row)} Answer: {_answers(row)}.",
    ]
    notifications.add(
        conn,
        APPROVAL,
        title=f"{_what(conn, row)} waits for approval",
        body="\n".join(filter(None, lines)),
        key=f"approval of {row.id} since {since.timestamp()}{_of_commits(asking)}",
        promotion_id=row.id,
        answer_until=asking.until or now + LONGEST_LINK,
    )


def _of_commits(asking: Wait) -> str:
    """Return what tells a question about other commits from the one that was answered."""
    if not (stopped := asking.facts.get("stopped")):
        return ""
    return f" for {hashlib.sha256(' '.join(stopped).encode()).hexdigest()[:16]}"


def _answers(row: PromotionRow) -> str:
    return f"`autopromote promotions:approve {row.id}`, `autopromote promotions:reject {row.id}`"


def _blocked(
    conn: Connection, row: PromotionRow, why: str, *, until: datetime | None, key: str
) -> None:
    reason = hashlib.sha256(key.encode()).hexdigest()[:16]
    notifications.add(
        conn,
        "blocked",
        title=f"{_what(conn, row)} is blocked",
        body="\n".join(filter(None, [why, _until(until), *_asked_for(conn, row), _look(row)])),
        key=f"blocked {row.id} by {reason}",
        promotion_id=row.id,
    )


def of_errors(
    conn: Connection, row: PromotionRow, why: str, *, since: datetime, now: datetime
) -> None:
    """Notify once that required facts could not be read for TOLD_AFTER."""
    if now - since >= TOLD_AFTER and not _is_shadow(conn, row):
        _blocked(conn, row, why, until=None, key=f"errors since {since.timestamp()}")


def of_end(conn: Connection, row: PromotionRow) -> None:
    """Notify how the promotion ended, and what can be done next."""
    if row.status not in ENDS or is_filtered(row) or _is_shadow(conn, row):
        return
    notifications.add(
        conn,
        row.status,
        title=_title(conn, row),
        body="\n".join([row.reason, *_asked_for(conn, row), f"{_look(row)}{_next(conn, row)}"]),
        promotion_id=row.id,
    )


def _title(conn: Connection, row: PromotionRow) -> str:
    """Say what ended how; a rollback that was asked for is done, and not itself rolled back."""
    if row.status is not Status.ROLLED_BACK:
        return f"{_what(conn, row)} {row.status}"
    if row.kind is PromotionKind.ROLLBACK:
        return f"{_what(conn, row)} is done"
    return f"{_what(conn, row)} was rolled back"


def _asked_for(conn: Connection, row: PromotionRow) -> list[str]:
    """Say who asked for a rollback and why, and who set which gates aside and why."""
    lines = []
    if row.kind is PromotionKind.ROLLBACK:
        lines += [event.message for event in promotions.events(conn, row.id)[:1]]
    if (said := row.override) is not None:
        gates = ", ".join(said["gates"])
        lines.append(f"Set aside by {said['by']}: {gates}. Reason: {said['reason']}")
    return lines


def _next(conn: Connection, row: PromotionRow) -> str:
    """Say what a person can do next; empty where there is nothing."""
    target = apps.get(conn, row.target_id).name
    if row.status is Status.ROLLED_BACK and row.kind is PromotionKind.PROMOTE:
        return f" Deploy a fix, then `autopromote holds:release -a {target}`."
    if row.status is Status.FAILED and row.verification is not None and row.target_release_id:
        return f" Back by hand: `autopromote rollback -a {target} --reason …`."
    return f" Again: `autopromote promotions:retry {row.id}`." if row.status in RETRYABLE else ""


def is_filtered(row: PromotionRow) -> bool:
    """Return whether the rule itself filtered the release out, and no person rejected it."""
    rejecting = next((gate for gate in row.gates if gate["verdict"] == "reject"), None)
    if row.status is not Status.REJECTED or rejecting is None:
        return False
    is_filter = any(gate.is_filter and gate.name == rejecting["name"] for gate in OF_RULES)
    return is_filter and "rejected_by" not in rejecting["facts"]


def _is_shadow(conn: Connection, row: PromotionRow) -> bool:
    return row.rule_id is not None and rules.get(conn, row.rule_id).mode is Mode.SHADOW


def _what(conn: Connection, row: PromotionRow) -> str:
    names = apps.names(conn, [row.source_id, row.target_id])
    source, target = names[row.source_id], names[row.target_id]
    if row.kind is PromotionKind.ROLLBACK:
        return f"Rollback {row.id} of {target} to v{row.version}"
    return f"Promotion {row.id} of {source} v{row.version} to {target}"


def _rule(conn: Connection, row: PromotionRow) -> str:
    if row.rule_id is None:
        return f"by hand, {row.created_by}"
    return rules.get(conn, row.rule_id).name


def _look(row: PromotionRow) -> str:
    return f"Look: `autopromote promotions:info {row.id}`."


def _until(moment: datetime | None) -> str:
    return f"Until: {duration.format_moment(moment)}" if moment is not None else ""


log = structlog.get_logger()

MOST_TRIES = 12  # about a day with the pauses below


def pause(attempt: int) -> timedelta:
    """Return how long to pause after so many failures: 10 s, doubled each time up to 4 h."""
    return timedelta(seconds=min(10 * 2 ** (attempt - 1), 4 * 3600))


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Send one notice once to every service that did not get it yet."""
    reached, wanted = list(claim.row.reached), _services(context, claim)
    missing = {known: send for known, send in wanted.items() if known not in reached}
    if _is_put_off(context, claim, clock.now(), waits=bool(missing)):
        return
    body = _told(context, claim) if missing else str(claim.row.body)
    for known, send in missing.items():
        if send is not None and send(claim.row.title, body).is_told:
            reached.append(known)
        with context.database.begin() as conn:  # some services are slow, and each gets it once
            notifications.reach(conn, claim, reached)
    silent = sum(known not in reached for known in missing)
    error = f"{silent} of {len(wanted)} services did not take it." if silent else None
    again_in = pause(claim.attempt) if claim.attempt < MOST_TRIES else None
    with context.database.begin() as conn:
        notifications.settle(conn, claim, error=error, again_in=again_in)


def _told(context: Context, claim: queue.Claim) -> str:
    """Return what is told, with what is known only when it is sent before the last line.

    Raises LeaseLost if another runner may tell it by now.
    """
    *before, last = str(claim.row.body).split("\n")
    about = claim.row.promotion_id
    more = _of_promotion(context, claim, about) if about is not None else _of_all(context, claim)
    return "\n".join([*before, *more, last] if before else [last, *more])


def _of_promotion(context: Context, claim: queue.Claim, about: int) -> list[str]:
    """Return what ships, the end of a failed release's output, and where the page is."""
    with context.database.begin() as conn:
        row = promotions.get(conn, about)
        more, own = _ships(conn, claim), context.address(conn)
    if claim.row.kind == Status.FAILED:
        more += release_output.last_lines(context, row)
        with context.database.begin() as conn:  # Heroku may have been slow
            queue.renew(conn, claim)
    if own is None:
        return more
    if (until := claim.row.answer_until) is not None:
        return [*more, f"Look and answer: {own}{_link(context, row, until)}"]
    return [*more, f"Page: {own}/promotions/{row.id}"]


def _of_all(context: Context, claim: queue.Claim) -> list[str]:
    """Return where a page tells more of a trouble, or of a hold."""
    with context.database.begin() as conn:
        own = context.address(conn)
    return [f"Page: {own}/{'doctor' if claim.row.trouble_id else ''}"] if own is not None else []


def _is_put_off(context: Context, claim: queue.Claim, now: datetime, *, waits: bool) -> bool:
    """Have what ships read now for a new notice, if it is not read: somebody will look at it.

    A notice that `waits` for that is put off; return whether it is.
    """
    if claim.row.kind not in SHIPPING or now - claim.row.created_at >= SHIPS_WITHIN:
        return False
    about = claim.row.promotion_id
    with context.database.begin() as conn:
        ships = shown_shipments.of_each(conn, [about]).get(about)
        if ships is None or ships.is_read:
            return False
        shipments.hasten_first(conn, about)
        if waits:
            notifications.put_off(conn, claim, PAUSE)
    return waits


def _ships(conn: Connection, claim: queue.Claim) -> list[str]:
    """Say what ships, as far as it is read; that nothing is told, to whoever decides alone."""
    about, is_question = claim.row.promotion_id, claim.row.kind == APPROVAL
    if claim.row.kind not in SHIPPING:
        return []
    ships = shown_shipments.of_each(conn, [about], with_commits=True).get(about)
    if ships is None or not (ships.goes_back is not None or (is_question and ships.is_read)):
        return []
    return ships.lines()


def _link(context: Context, row: PromotionRow, until: datetime) -> str:
    """Return the path by which somebody answers what the notice asks.

    It is stored nowhere: whoever reads the database is not invited.
    """
    invitation = Invitation(row.id, row.release_id, row.artifact, until)
    return f"{approval_links.PATH}{approval_links.sign(context.keys.links, invitation)}"


def _services(context: Context, claim: queue.Claim) -> dict[str, Send | None]:
    """Return how the general services are told and those of the rules, by mark, each once.

    It is None where no key decrypts the URL.
    """
    with context.database.begin() as conn:
        concerned = _rules(conn, claim)
        named = rules.of_rules(conn, concerned)
    ours: dict[str, Send | None] = {
        notifier.mark(url): partial(notifier.send, url) for url in context.notify_urls
    }
    for each in (service for found in named.values() for service in found):
        if each.mark not in ours:
            url = opened(context, each)
            send = partial(notifier.send_for_rule, context.prober, url) if url is not None else None
            ours[each.mark] = send
    return ours


def _rules(conn: Connection, claim: queue.Claim) -> set[int]:
    """Return the ids of the rules that a notice concerns."""
    row = claim.row
    if row.promotion_id is not None:
        about = promotions.get(conn, row.promotion_id)
        return {rule.id for rule in evidence.rules_of_each(conn, [about]).values()}
    if row.trouble_id is not None:
        told_of = troubles.apps_told_as(conn, row.trouble_id)
        return {
            rule.id for rule in rules.live(conn) if told_of & {rule.source_id, *rule.target_ids}
        }
    app_id = holds.app_of(conn, row.hold_id) if row.hold_id is not None else None
    return {rule.id for rule in rules.targeting(conn, app_id)} if app_id is not None else set()
