"""What people are told of a promotion: that they are asked, that it is stuck, how it ended.

What a rule itself asks for is no news, such as soak and windows; nor is what ends without changing
anything, and nothing that a rule in shadow does.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listener import invitations, moments
from listener.decision import Evaluation, Wait, needs_word
from listener.invitations import Invitation
from listener.promotion import RETRYABLE, TOLD_AFTER, PromotionKind, Status
from listener.rules import Mode
from listener.steps.tools import Tools
from listener.store import apps, notices, rules
from listener.store.promotions import PromotionRow

ASKING = ("approvals", "brake")
# Nobody has to do anything: these end by themselves, or are told as a question.
PATIENT = frozenset(
    {"source", "target", "soak", "window", "min-gap", "max-per-day", "check", *ASKING}
)
# Those whose releases, or whose words, a rule does not want were never expected to go.
FILTERS = frozenset({"author", "commit-message", "description"})
ENDS = frozenset(
    {Status.SUCCEEDED, Status.FAILED, Status.ERRORED, Status.ROLLED_BACK, Status.REJECTED}
)
# After so many bad answers in a row of what is checked, more than a minute, somebody is told.
BAD_ANSWERS = 5
LONGEST_LINK = timedelta(days=1)  # where the question has no end of its own


def of_wait(
    conn: Connection, tools: Tools, row: PromotionRow, evaluation: Evaluation, now: datetime
) -> None:
    """Tell, once, who is asked, and what stands in the way that only a person can remove."""
    if _is_shadow(conn, row):
        return
    verdicts = dict(evaluation.verdicts)
    words = [verdict for verdict in verdicts.values() if needs_word(verdict)]
    for asking in (*words, *(verdicts.get(name) for name in ASKING)):
        if isinstance(asking, Wait) and not isinstance(verdicts.get("soak"), Wait):
            _ask(conn, tools, row, asking, now)
            break
    stuck = evaluation.objection
    if isinstance(stuck, Wait) and stuck.facts.get("bad", 0) >= BAD_ANSWERS:
        _blocked(conn, row, stuck.message, until=None, key="check")
    is_patient = evaluation.decided_by in PATIENT or needs_word(stuck)
    if isinstance(stuck, Wait) and not is_patient:
        _blocked(conn, row, stuck.message, until=stuck.until, key=stuck.message)


def _ask(conn: Connection, tools: Tools, row: PromotionRow, asking: Wait, now: datetime) -> None:
    since = row.status_at or row.created_at
    lines = [asking.message, _until(asking.until), f"Rule: {_rule(conn, row)}"]
    if tools.public_url is not None:
        ends = asking.until or now + LONGEST_LINK
        invitation = Invitation(row.id, row.release_id, row.artifact, ends)
        link = invitations.sign(tools.keys.links, invitation)
        lines.append(f"Look and answer: {tools.public_url}{invitations.PATH}{link}")
    lines.append(
        f"Or: `autopromote promotions:approve {row.id}`, `autopromote promotions:reject {row.id}`."
    )
    notices.add(
        conn,
        "approval",
        title=f"{_what(conn, row)} waits for approval",
        body="\n".join(filter(None, lines)),
        key=f"approval of {row.id} since {since.timestamp()}",
        promotion_id=row.id,
    )


def _blocked(
    conn: Connection, row: PromotionRow, why: str, *, until: datetime | None, key: str
) -> None:
    reason = hashlib.sha256(key.encode()).hexdigest()[:16]
    notices.add(
        conn,
        "blocked",
        title=f"{_what(conn, row)} is blocked",
        body="\n".join(filter(None, [why, _until(until), _look(row)])),
        key=f"blocked {row.id} by {reason}",
        promotion_id=row.id,
    )


def of_errors(
    conn: Connection, row: PromotionRow, why: str, *, since: datetime, now: datetime
) -> None:
    """Tell, once, that what must be known cannot be found out for so long."""
    if now - since >= TOLD_AFTER and not _is_shadow(conn, row):
        _blocked(conn, row, why, until=None, key=f"errors since {since.timestamp()}")


def of_end(conn: Connection, row: PromotionRow) -> None:
    """Tell how it ended, with what can be done next."""
    if row.status not in ENDS or _is_filtered(row) or _is_shadow(conn, row):
        return
    notices.add(
        conn,
        row.status,
        title=f"{_what(conn, row)} {_WORDS.get(row.status, row.status)}",
        body=f"{row.reason}\n{_look(row)}{_next(conn, row)}",
        promotion_id=row.id,
    )


_WORDS = {Status.ROLLED_BACK: "was rolled back"}


def _next(conn: Connection, row: PromotionRow) -> str:
    """What a person can do about it."""
    target = apps.get(conn, row.target_id).name
    if row.status is Status.ROLLED_BACK and row.kind is PromotionKind.PROMOTE:
        return f" Deploy a fix, then `autopromote holds:release -a {target}`."
    if row.status is Status.FAILED and row.verification is not None and row.target_release_id:
        return f" Back by hand: `autopromote rollback -a {target} --reason …`."
    return f" Again: `autopromote promotions:retry {row.id}`." if row.status in RETRYABLE else ""


def _is_filtered(row: PromotionRow) -> bool:
    """The rule itself says that such releases do not go; a person's no is another matter."""
    rejecting = next((gate for gate in row.gates if gate["verdict"] == "reject"), None)
    if row.status is not Status.REJECTED or rejecting is None:
        return False
    return rejecting["name"] in FILTERS and "rejected_by" not in rejecting["facts"]


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
    return f"Until: {moments.shown(moment)}" if moment is not None else ""
