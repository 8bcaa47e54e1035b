"""Which gates are asked, in which order: a gate's place in the list is its precedence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from listener.core.gates import always, external, review, schedule
from listener.core.gates.base import Candidate, Gate, Override, Pass, Verdict
from listener.core.gates.options import Conditions

Gates = tuple[tuple[str, Gate], ...]
Asks = Callable[[Conditions], object]

GATES: Gates = (
    ("source", always.source),
    ("match", always.match),
    ("order", always.order),
    ("target", always.target),
    ("hold", always.hold),
)
ROLLBACK_GATES: Gates = (
    ("match", always.match),
    ("target", always.rollback_target),
)
# Each is asked only where the rule asks for it; what can never change comes first.
CONDITIONAL: tuple[tuple[str, Gate, Asks], ...] = (
    ("author", review.author, lambda c: c.authors or c.not_authors),
    ("commit-message", review.commit_message, lambda c: c.needs_commit_message),
    ("description", review.description, lambda c: c.descriptions or c.not_descriptions),
    ("soak", schedule.soak, lambda c: c.soak),
    ("window", schedule.window, lambda c: c.windows),
    ("min-gap", schedule.min_gap, lambda c: c.min_gap),
    ("max-per-day", schedule.max_per_day, lambda c: c.max_per_day),
    ("brake", review.brake, lambda c: c.brake),
    ("approvals", review.approvals, lambda c: c.approvals),
    ("check", external.check, lambda c: c.checks),
    ("parity", external.parity, external.compared),
)
NETWORK = frozenset({"check", "parity"})  # stand last: asked only when all others pass
OF_RULES = frozenset(name for name, _, _ in CONDITIONAL)
TIMED = frozenset({"hold", "soak", "window", "min-gap", "max-per-day"})
# Whoever has a say wakes what waits for it.
PEOPLES = frozenset({"hold", "commit-message", "brake", "approvals"})


def asked(candidate: Candidate) -> Gates:
    """The gates that a candidate must pass, by what its rule asks; some set aside by a person."""
    return (*GATES, *conditional(candidate))


def conditional(candidate: Candidate) -> Gates:
    """Those of its rule's conditions: they look at nothing that Heroku would have to be asked."""
    conditions, override = candidate.conditions, candidate.override
    wanted = ((name, gate) for name, gate, asks in CONDITIONAL if asks(conditions))
    if override is None:
        return tuple(wanted)
    aside = override.gates & OF_RULES
    return tuple((name, _set_aside(override) if name in aside else gate) for name, gate in wanted)


def of_network(candidate: Candidate) -> Gates:
    """Those whose answers age, and must be young when something is posted on them."""
    return tuple((name, gate) for name, gate in conditional(candidate) if name in NETWORK)


def _set_aside(override: Override) -> Gate:
    def passes(candidate: Candidate, now: datetime) -> Verdict:
        message = f"Set aside by {override.by}: {override.reason}"
        return Pass(message, {"overridden_by": override.by})

    return passes
