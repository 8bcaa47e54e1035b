"""What a rule asks for, as a sentence for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from listener.core import duration
from listener.core.gates.options import NONE, Conditions, OnFailure

_AFTERWARDS = {
    OnFailure.ROLLBACK: "back by itself when unwell",
    OnFailure.HOLD: "held when unwell",
    OnFailure.NOTIFY: "told when unwell",
}


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _texts(patterns: Any) -> str:
    return " or ".join(pattern.text for pattern in patterns)


# By the option; what is not here says nothing by itself.
_PHRASES: Mapping[str, Callable[[Any], str]] = {
    "soak": lambda soak: f"after {duration.show(soak)}",
    "windows": lambda windows: " or ".join(window.text for window in windows),
    "closed": lambda _: "not at its closed times",
    "min_gap": lambda gap: f"{duration.show(gap)} apart",
    "max_per_day": lambda most: f"at most {most} a day",
    "authors": lambda patterns: f"only by {_texts(patterns)}",
    "not_authors": lambda patterns: f"not by {_texts(patterns)}",
    "commit_messages": lambda patterns: f"only commits like {_texts(patterns)}",
    "not_commit_messages": lambda patterns: f"no commits like {_texts(patterns)}",
    "descriptions": lambda patterns: f"only descriptions like {_texts(patterns)}",
    "not_descriptions": lambda patterns: f"no descriptions like {_texts(patterns)}",
    "approvals": lambda count: _many(count, "approval"),
    "brake": lambda limit: f"braked after {limit.count} that went wrong",
    "github_checks": lambda _: "all checks at GitHub well",
    "required_checks": lambda names: f"{' and '.join(names)} well at GitHub",
    "checks": lambda urls: f"{_many(len(urls), 'URL')} well",
    "parity": lambda _: "both apps alike",
}


def sentence(conditions: Conditions) -> str:
    """Return what must be true before it promotes, and what is looked at afterwards."""
    wanted = {name: getattr(conditions, name) for name in _PHRASES}
    said = [_PHRASES[name](each) for name, each in wanted.items() if each != getattr(NONE, name)]
    if conditions.verify:
        said.append(f"verified {duration.show(conditions.verify_for)}")
        said.append(_AFTERWARDS[conditions.on_failure])
    if conditions.unreadable:
        said.append("and what this version cannot read, so it waits")
    return ", ".join(said) or "at once"
