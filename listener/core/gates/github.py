"""The gate of GitHub: what it tells of the checks of the commit that goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from listener.core import duration
from listener.core.app import Facts
from listener.core.checks import Check, CommitChecks, Judgement, Kind, Wanted, judge
from listener.core.commits import short
from listener.core.gates.base import NEEDS_WORD, Candidate, Pass, Reject, Verdict, Wait
from listener.core.gates.options import Conditions
from listener.core.gates.review import rejected, votes
from listener.core.promotion import TOLD_AFTER

MOST_NAMED = 3  # of the checks in a sentence; the facts name more
MOST_IN_FACTS = 20
_DONE_AS = {
    "cancelled": "was cancelled",
    "timed_out": "took too long",
    "action_required": "needs somebody to act",
    "stale": "was given up by GitHub",
    "startup_failure": "could not start",
}


def wanted(conditions: Conditions) -> Wanted | None:
    """Return which checks of a commit a rule asks for; None for none."""
    if not (conditions.github_checks or conditions.required_checks):
        return None
    return Wanted(conditions.github_checks, conditions.required_checks, conditions.ignored_checks)


def checks(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until the checks of the commit are well; reject it once they take too long.

    What GitHub does not tell is no pass: it waits for a person's word, given since.
    """
    known = candidate.commit_checks or CommitChecks(None)
    asked = wanted(candidate.conditions) or Wanted()
    if (objection := rejected(candidate)) is not None:
        return objection
    if known.is_fresh(now):
        return _told(candidate, judge(known.found, asked), known, now)
    if known.untold is not None:
        why = f"{known.untold}{_last(judge(known.found, asked), known)}"
        return _untold(candidate, known, why, now)
    message = f"The checks of {_named(known)} are asked for right before the release."
    return Wait(message, None, {**_seen(known), "asks": True})


def _told(candidate: Candidate, found: Judgement, known: CommitChecks, now: datetime) -> Verdict:
    facts: Facts = {**_seen(known), **_counted(found)}
    if found.is_well:
        return Pass(_well(found, known), facts)
    message = _words(found, known)
    expires_at = _began(candidate, now) + candidate.conditions.checks_timeout
    if now < expires_at:
        return Wait(message, expires_at, facts)
    within = duration.show(candidate.conditions.checks_timeout)
    return Reject(f"{message} That lasted for {within}.", facts=facts)


def _began(candidate: Candidate, now: datetime) -> datetime:
    """Return when it began to wait for checks, and had soaked; now, if it begins."""
    if candidate.checks_since is None:
        return now
    soaks_from = candidate.soaks_from or candidate.checks_since
    return max(candidate.checks_since, soaks_from + candidate.conditions.soak)


def _untold(candidate: Candidate, known: CommitChecks, why: str, now: datetime) -> Verdict:
    untold = f"Nobody tells the checks of {_named(known)}: {why}"
    if given := _given(candidate, known):
        facts = {**_seen(known), "approved_by": given}
        return Pass(f"{untold} Approved by {' and '.join(given)}.", facts)
    message = f"{untold} It waits for a person's word, `{candidate.approve}`."
    facts = {**_seen(known), **NEEDS_WORD}
    if known.is_final or known.failing_since is None:
        return Wait(message, None, facts)
    asks_at = known.failing_since + TOLD_AFTER
    if now >= asks_at:
        return Wait(message, None, facts)
    # What GitHub gets over sooner is no news: a person may say it, but nobody is asked.
    return Wait(message, asks_at, {**facts, "is_asked": False})


def _last(found: Judgement, known: CommitChecks) -> str:
    """Say what had failed when GitHub told it last: nobody lets that go without knowing."""
    if known.read_at is None or not found.bad:
        return ""
    told = _words(replace(found, pending=(), missing=()), known)
    return f" At {duration.format_moment(known.read_at)} it told: {told}"


def _given(candidate: Candidate, known: CommitChecks) -> list[str]:
    """Return who said yes since it waits for checks, and since GitHub told them last.

    A yes to anything else, or before checks that were red, says nothing of them.
    """
    since = [at for at in (candidate.checks_since, known.read_at) if at is not None]
    return votes(candidate, after=max(since)) if since else []


def _named(known: CommitChecks) -> str:
    return short(known.sha) if known.sha else "this release"


def _seen(known: CommitChecks) -> dict[str, Any]:
    at = known.read_at.isoformat() if known.read_at is not None else None
    facts = {"commit": known.sha, "repository": known.repository, "read_at": at}
    return {name: value for name, value in facts.items() if value is not None}


def _counted(found: Judgement) -> dict[str, Any]:
    return {
        "well": len(found.good),
        "not_done": _listed(found.pending),
        "failed": _listed(found.bad),
        "missing": list(found.missing),
    }


def _listed(found: Iterable[Check]) -> list[dict[str, Any]]:
    return [
        {"name": _name(each), "state": each.state, "url": each.url}
        for each in list(found)[:MOST_IN_FACTS]
    ]


def _well(found: Judgement, known: CommitChecks) -> str:
    if found.count == 1:
        return f"Check {_name(found.good[0])} of {_named(known)} is well."
    return f"All {found.count} checks of {_named(known)} are well."


def _words(found: Judgement, known: CommitChecks) -> str:
    """Say what is not well: what failed first, for that does not end by itself."""
    commit = _named(known)
    if not found.count and not found.missing:
        return f"No check of {commit} is there yet."
    parts = [
        *(f"Check {_name(each)} of {commit} {_outcome(each)}." for each in found.bad[:MOST_NAMED]),
        *_more(found.bad, "failed"),
    ]
    if found.pending:
        parts.append(_not_done(found, commit))
    if found.missing:
        parts.append(f"Not there yet for {commit}: {_names(found.missing)}.")
    return " ".join(parts)


def _not_done(found: Judgement, commit: str) -> str:
    names = [_name(each) for each in found.pending]
    if found.count == 1:
        return f"Check {names[0]} of {commit} is not done."
    are = "is" if len(names) == 1 else "are"
    return f"{len(names)} of {found.count} checks of {commit} {are} not done: {_names(names)}."


def _outcome(check: Check) -> str:
    where = f" ({check.url})" if check.url else ""
    return f"{_DONE_AS.get(check.state, 'failed')}{where}"


def _more(found: tuple[Check, ...], what: str) -> list[str]:
    left = len(found) - MOST_NAMED
    return [f"{left} more {what}."] if left > 0 else []


def _names(names: Iterable[str]) -> str:
    every = list(dict.fromkeys(names))
    left = len(every) - MOST_NAMED
    shown = ", ".join(every[:MOST_NAMED])
    return f"{shown} and {left} more" if left > 0 else shown


def _name(check: Check) -> str:
    if check.kind is Kind.SUITE:
        return f"{check.name} ({'never began' if check.is_bad else 'not all begun'})"
    return check.name or "without a name"
