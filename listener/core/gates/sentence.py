"""What a rule asks for, as a sentence for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from listener.core import duration
from listener.core.gates.options import NONE, Aspect, Conditions, OnFailure, OnSameCommit

MOST_NAMED = 3  # patterns, windows, checks; of more their number is told

_WHEN_UNWELL = {
    OnFailure.ROLLBACK: "back by itself when unwell",
    OnFailure.HOLD: "held when unwell",
    OnFailure.NOTIFY: "told when unwell",
}
_OF_SAME_COMMIT = {
    OnSameCommit.HOLD: "new builds of what was rolled back wait for a word",
    OnSameCommit.GO: "new builds of what was rolled back go, too",
}


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _listed(said: Iterable[str], *, joined: str = " or ") -> str:
    named = list(said)
    more = len(named) - MOST_NAMED
    return joined.join([*named[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def _texts(written: Any) -> str:
    """Name patterns, windows or closed times as people wrote them."""
    return _listed(each.text for each in written)


def _within(conditions: Conditions, name: str) -> str:
    time: timedelta = getattr(conditions, name)
    return f" within {duration.show(time)}" if time != getattr(NONE, name) else ""


def _approvals(conditions: Conditions) -> str:
    return _many(conditions.approvals, "approval") + _within(conditions, "approval_timeout")


def _brake(conditions: Conditions) -> str:
    limit = conditions.brake
    assert limit is not None  # noqa: S101 - it is asked for; for the type checker
    within = duration.show(limit.within)
    return f"after {limit.count} that went wrong in {within} with a word or once that is over"


def _parity(conditions: Conditions) -> str:
    same = [each for each in conditions.parity if each is not Aspect.CONFIG_NAMES]
    said = [f"same {_listed(map(str, same), joined=' and ')}"] if same else []
    if len(same) < len(conditions.parity):
        said.append("every config var of the source on the target")
    return ", ".join(said)


def _verify(conditions: Conditions) -> str:
    seen = f"{_many(len(conditions.verify), 'URL')} for {duration.show(conditions.verify_for)}"
    return f"verified by {seen}, {_WHEN_UNWELL[conditions.on_failure]}"


def _all_checks(conditions: Conditions) -> str:
    but = conditions.ignored_checks
    aside = f" but {_listed(but, joined=' and ')}" if but else ""
    return f"all checks at GitHub{aside} well" + _within(conditions, "checks_timeout")


def _named_checks(conditions: Conditions) -> str:
    named = _listed(conditions.required_checks, joined=" and ")
    # Beside all checks, the time was told with them.
    within = "" if conditions.github_checks else _within(conditions, "checks_timeout")
    return f"{named} well at GitHub{within}"


# By the option that must be asked for; other options that only say how are in its phrase.
_PHRASES: Mapping[str, Callable[[Conditions], str]] = {
    "soak": lambda c: f"after {duration.show(c.soak)}",
    "windows": lambda c: _texts(c.windows),
    "closed": lambda c: f"not {_texts(c.closed)}",
    "min_gap": lambda c: f"{duration.show(c.min_gap)} apart",
    "max_per_day": lambda c: f"at most {c.max_per_day} a day",
    "authors": lambda c: f"only by {_texts(c.authors)}",
    "not_authors": lambda c: f"not by {_texts(c.not_authors)}",
    "commit_messages": lambda c: f"only commits like {_texts(c.commit_messages)}",
    "not_commit_messages": lambda c: f"no commits like {_texts(c.not_commit_messages)}",
    "commit_authors": lambda c: f"only commits by {_texts(c.commit_authors)}",
    "not_commit_authors": lambda c: f"no commits by {_texts(c.not_commit_authors)}",
    "on_same_commit": lambda c: _OF_SAME_COMMIT[c.on_same_commit],
    "descriptions": lambda c: f"only descriptions like {_texts(c.descriptions)}",
    "not_descriptions": lambda c: f"no descriptions like {_texts(c.not_descriptions)}",
    "approvals": _approvals,
    "brake": _brake,
    "self_approval": lambda _: "never approved by its own author",
    "github_checks": _all_checks,
    "required_checks": _named_checks,
    "checks": lambda c: f"{_many(len(c.checks), 'URL')} well",
    "parity": _parity,
    "verify": _verify,
    "repo": lambda c: f"commits of {c.repo}",
    "deployment": lambda c: f"told to GitHub as {c.deployment}",
    "commit_status": lambda _: "told at the commit",
}


def sentence(conditions: Conditions) -> str:
    """Return what must be true before it promotes, and what is looked at afterwards."""
    said = [
        phrase(conditions)
        for name, phrase in _PHRASES.items()
        if getattr(conditions, name) != getattr(NONE, name)
    ]
    if conditions.unreadable:
        said.append("and what this version cannot read, so it waits")
    return ", ".join(said) or "at once"
