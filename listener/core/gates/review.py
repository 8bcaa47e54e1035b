"""The gates of people: who wrote it, what they said of it, who says yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from listener.core import duration
from listener.core.app import Facts
from listener.core.gates.base import Candidate, Pass, Reject, Verdict, Wait
from listener.core.pattern import Pattern, first_match
from listener.core.promotion import Status

WENT_WRONG = frozenset({Status.FAILED, Status.ERRORED, Status.ROLLED_BACK})


def author(candidate: Candidate, now: datetime) -> Verdict:
    """Reject a release by an author whose releases the rule does not let go."""
    conditions = candidate.conditions
    return _worded(
        candidate, "author", candidate.author, conditions.authors, conditions.not_authors
    )


def description(candidate: Candidate, now: datetime) -> Verdict:
    """Reject a release whose description in Heroku's release log does not fit the rule."""
    conditions, said = candidate.conditions, candidate.release.description
    wanted, unwanted = conditions.descriptions, conditions.not_descriptions
    return _worded(candidate, "description", said, wanted, unwanted)


def _worded(
    candidate: Candidate,
    what: str,
    said: str | None,
    wanted: Sequence[Pattern],
    unwanted: Sequence[Pattern],
) -> Verdict:
    """Pass what fits the patterns, else reject: such a text never changes, so nothing waits."""
    name = named(candidate)
    if said is None:
        return Reject(f"Heroku tells no {what} of {name}, so whether it fits cannot be told.")
    facts = {what.replace(" ", "_"): said}
    if (found := first_match(unwanted, said)) is not None:
        return Reject(f"The {what} of {name} matches {found.text}, which does not go.", facts=facts)
    if wanted and first_match(wanted, said) is None:
        known = ", ".join(pattern.text for pattern in wanted)
        return Reject(f"The {what} of {name} matches none of {known}.", facts=facts)
    return Pass(f"The {what} of {name} is as wanted.", facts)


def approvals(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until enough people approve this release and slug; a no or the timeout rejects it."""
    conditions, target = candidate.conditions, candidate.target.name
    if (objection := rejected(candidate)) is not None:
        return objection
    if not conditions.self_approval and candidate.author is None:
        return Reject(f"Nobody knows whose release {named(candidate)} is, so who may approve it?")
    asked_at = max(
        (at for at in (candidate.found_at, _soaked_at(candidate)) if at is not None), default=now
    )
    expires_at = asked_at + conditions.approval_timeout
    # What waits for checks was approved in time; whoever says yes again, to these, says it later.
    before = expires_at if candidate.checks_since is None else None
    given = votes(candidate, before=before)
    facts = {"approved_by": given, "needed": conditions.approvals}
    if len(given) >= conditions.approvals:
        return Pass(f"Approved by {' and '.join(given)}.", facts)
    if now >= expires_at:
        within = duration.show(conditions.approval_timeout)
        return Reject(f"It was not approved within {within}.", facts=facts)
    message = (
        f"{len(given)} of {conditions.approvals} approvals for {named(candidate)} to {target}."
    )
    return Wait(message, expires_at, facts)


def named(candidate: Candidate) -> str:
    """Return the name of the release."""
    return f"{candidate.source.name} v{candidate.release.version}"


def _soaked_at(candidate: Candidate) -> datetime | None:
    """Return when it has soaked; nobody need approve it before. None where that is not known."""
    since = candidate.soaks_from
    return since + candidate.conditions.soak if since is not None else None


def rejected(candidate: Candidate) -> Reject | None:
    """Reject it where a person said no."""
    said_no = next((each for each in candidate.approvals if not each.is_approved), None)
    if said_no is None:
        return None
    why = f": {said_no.reason}" if said_no.reason else ""
    return Reject(f"{said_no.by} rejected it{why}.", facts={"rejected_by": said_no.by})


def votes(
    candidate: Candidate, *, after: datetime | None = None, before: datetime | None = None
) -> list[str]:
    """Return who approved in time, each once; the author counts only if the rule allows it."""
    given: dict[str, str] = {}
    for each in candidate.approvals:
        is_late = before is not None and each.at >= before
        if each.is_approved and not is_late and (after is None or each.at > after):
            given.setdefault(each.by.casefold(), each.by)
    if not candidate.conditions.self_approval:
        given.pop((candidate.author or "").casefold(), None)
    return list(given.values())


def brake(candidate: Candidate, now: datetime) -> Verdict:
    """Wait after promotions that went wrong, until a person approves or time has passed."""
    limit, target = candidate.conditions.brake, candidate.target.name
    if limit is None:
        return Pass("No brake is set.")
    if (objection := rejected(candidate)) is not None:
        return objection
    wrong = sorted(
        past.ended_at
        for past in candidate.past
        if past.status in WENT_WRONG and past.ended_at > now - limit.within
    )
    facts: Facts = {"went_wrong": len(wrong)}
    if len(wrong) < limit.count:
        return Pass(f"{len(wrong)} promotions to {target} went wrong lately.", facts)
    if given := votes(candidate):
        return Pass(f"Approved by {' and '.join(given)} although some went wrong.", facts)
    message = (
        f"{len(wrong)} promotions to {target} failed or were rolled back within"
        f" {duration.show(limit.within)}: a person must approve this one."
    )
    return Wait(message, wrong[len(wrong) - limit.count] + limit.within, facts)
