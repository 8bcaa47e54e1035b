"""The gates of the network: what must be asked elsewhere, and only when everything else passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from listener.core.app import Facts
from listener.core.finding import Finding, State
from listener.core.gates.base import Candidate, Error, Pass, Verdict, Wait
from listener.core.gates.options import Aspect, Conditions
from listener.core.parity import Comparator, buildpacks, compare, config_vars
from listener.core.promotion import FRESH_FOR
from listener.core.verification import CHECK_EVERY, GOOD_IN_A_ROW, ProbeStreak, redact

# Stack and generation are always compared, by the gate `match`, which knows the slug's as well.
READ: Mapping[Aspect, Comparator] = {
    Aspect.BUILDPACKS: buildpacks,
    Aspect.CONFIG_NAMES: config_vars,
}


def check(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until all checks of the rule answered well several times in a row, up to now."""
    streak = candidate.streak or ProbeStreak()
    urls = [redact(url) for url in candidate.conditions.checks]
    facts: Facts = {
        "good": streak.good,
        "bad": streak.bad,
        "needed": GOOD_IN_A_ROW,
        "checks": urls,
    }
    due_at = streak.due_at
    until = due_at if due_at is not None and due_at > now else None
    if streak.said:
        message = f"{streak.said}; {GOOD_IN_A_ROW} good answers in a row are needed."
        return Wait(message, until, facts)
    names = " and ".join(urls)
    if not streak.is_enough:
        seconds = f"{CHECK_EVERY.total_seconds():.0f} s"
        message = f"{streak.good} of {GOOD_IN_A_ROW} good answers in a row of {names}, {seconds}"
        return Wait(f"{message} apart.", until, facts)
    if streak.at is None or now - streak.at > FRESH_FOR:
        return Wait(f"{names} is asked once more, right before the release.", None, facts)
    return Pass(f"{names} answered well {streak.good} times in a row.", facts)


def compared(conditions: Conditions) -> list[Aspect]:
    """Return the aspects that a rule wants alike and that must be read for it."""
    return [aspect for aspect in conditions.parity if aspect in READ]


def parity(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until the target has in common with the source what the rule wants.

    What could not be read never counts as alike. Only names are compared, and shown.
    """
    if candidate.traits is None:
        return Wait("Both apps are compared right before the release.")
    wanted = compared(candidate.conditions)
    found = compare(*candidate.traits, [READ[aspect] for aspect in wanted])
    facts = {f"{each.name}_{key}": value for each in found for key, value in each.facts.items()}
    if differences := [each for each in found if each.state is State.WARNING]:
        return Wait(_told(differences), None, facts)
    if unread := [each for each in found if each.state is State.UNKNOWN]:
        return Error(_told(unread), facts)
    return Pass(_told(found), facts)


def _told(findings: Sequence[Finding]) -> str:
    """Tell each in its sentence, with the command that mends it."""
    return " ".join(_sentence(each) for each in findings)


def _sentence(finding: Finding) -> str:
    return f"{finding.message} Mend it: `{finding.mend}`" if finding.mend else finding.message
