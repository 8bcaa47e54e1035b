"""Each condition of a rule as a sentence, with the flags by which it is typed.

It reads the plain values that a rule, and each of its revisions, is stored as.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from listener.core.gates.options import OPTIONS, Aspect, OnFailure

Plain = Mapping[str, Any]  # what differs from the defaults, by the option's name


class When(StrEnum):
    """At which time something that a rule says matters."""

    BEFORE = "before"  # a gate asks it
    AFTER = "after"  # of what follows upon a release
    TOLD = "told"  # who hears of it


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of one thing."""

    name: str  # of the gate, or the option
    text: str
    flags: tuple[str, ...]  # as people type them


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    when: When
    options: tuple[str, ...]  # any of them says something
    spell: Callable[[Plain], str]


def _any_of(said: Any, joined: str = " or ") -> str:
    return joined.join(map(str, said))


def _answer_well(urls: Any) -> str:
    return f"{_any_of(urls, ' and ')} answer{'s' * (len(urls) == 1)} well"


def _matches(said: Plain, name: str, what: str) -> str:
    """Spell a pair of lists of patterns, of which the second forbids."""
    parts = []
    if wanted := said.get(name):
        parts.append(f"matches {_any_of(wanted)}")
    if unwanted := said.get(f"not_{name}"):
        parts.append(f"does not match {_any_of(unwanted)}")
    return f"{what} {', and '.join(parts)}."


def _approvals(said: Plain) -> str:
    count, within = said.get("approvals", 0), said.get("approval_timeout", "1d")
    if not count:
        return "No approval is asked for: --approvals is not set."
    who = "One person approves" if count == 1 else f"{count} people approve"
    return f"{who} it within {within}, for each target."


def _self_approval(said: Plain) -> str:
    does = "counts" if said["self_approval"] else "does not count"
    return f"Whoever made the release {does} as approving it."


def _brake(said: Plain) -> str:
    count, _, within = str(said["brake"]).partition("/")
    wrong = f"{count} that went wrong within {within}"
    return f"After {wrong} it waits for a person, or until that is over."


def _github_checks(said: Plain) -> str:
    parts, within = [], said.get("checks_timeout", "1d")
    if said.get("github_checks"):
        but = said.get("ignored_checks")
        aside = f" but {_any_of(but, ' and ')}" if but else ""
        parts.append(f"every check of its commit{aside} is well")
    if required := said.get("required_checks"):
        are = "is" if len(required) == 1 else "are"
        parts.append(f"{_any_of(required, ' and ')} {are} there and well")
    if not parts:
        return "No check at GitHub is asked for: neither --checks nor --require-check is set."
    return f"At GitHub {', and '.join(parts)} within {within}."


def _parity(said: Plain) -> str:
    parts, same = [], [each for each in said["parity"] if each != Aspect.CONFIG_NAMES]
    if same:
        parts.append(f"both apps have the same {_any_of(same, ' and ')}")
    if len(same) < len(said["parity"]):
        parts.append("the target has every config var of the source")
    told = ", and ".join(parts)
    return f"{told[0].upper()}{told[1:]}."


_WHEN_UNWELL = {
    OnFailure.ROLLBACK: "the target is rolled back and goes on hold",
    OnFailure.HOLD: "the target goes on hold",
    OnFailure.NOTIFY: "people are told, and nothing else",
}


def _verify(said: Plain) -> str:
    if not (urls := said.get("verify")):
        return "Nothing is looked at afterwards: --verify is not set."
    unwell = _WHEN_UNWELL[OnFailure(said.get("on_failure", OnFailure.HOLD))]
    return f"{_answer_well(urls)} for {said.get('verify_for', '5m')}; else {unwell}."


def _same_commit(said: Plain) -> str:
    if said.get("on_same_commit") == "go":
        return "A new build of what the target was rolled back from goes, too."
    return "A new build of what the target was rolled back from waits for a person's word."


BEFORE, AFTER, TOLD = When.BEFORE, When.AFTER, When.TOLD
# In the order in which they are asked.
_ROWS = (
    _Row(
        "author",
        BEFORE,
        ("authors", "not_authors"),
        lambda said: _matches(said, "authors", "Whoever made the release"),
    ),
    _Row(
        "commit-message",
        BEFORE,
        ("commit_messages", "not_commit_messages"),
        lambda said: _matches(said, "commit_messages", "The message of every commit that ships"),
    ),
    _Row(
        "commit-author",
        BEFORE,
        ("commit_authors", "not_commit_authors"),
        lambda said: _matches(said, "commit_authors", "The author of every commit that ships"),
    ),
    _Row(
        "description",
        BEFORE,
        ("descriptions", "not_descriptions"),
        lambda said: _matches(said, "descriptions", "The release's description"),
    ),
    _Row("same-commit", BEFORE, ("on_same_commit",), _same_commit),
    _Row("soak", BEFORE, ("soak",), lambda said: f"It has run on the source for {said['soak']}."),
    _Row("window", BEFORE, ("windows",), lambda said: f"It is {_any_of(said['windows'])}."),
    _Row("closed", BEFORE, ("closed",), lambda said: f"It is not {_any_of(said['closed'])}."),
    _Row(
        "min-gap",
        BEFORE,
        ("min_gap",),
        lambda said: f"The last promotion to the target ended {said['min_gap']} ago or more.",
    ),
    _Row(
        "max-per-day",
        BEFORE,
        ("max_per_day",),
        lambda said: f"Within 24 hours at most {said['max_per_day']} go to a target.",
    ),
    _Row("brake", BEFORE, ("brake",), _brake),
    _Row("approvals", BEFORE, ("approvals", "approval_timeout"), _approvals),
    _Row("self-approval", BEFORE, ("self_approval",), _self_approval),
    _Row(
        "github-checks",
        BEFORE,
        ("github_checks", "required_checks", "ignored_checks", "checks_timeout"),
        _github_checks,
    ),
    _Row(
        "check",
        BEFORE,
        ("checks",),
        lambda said: f"{_answer_well(said['checks'])} right before the release.",
    ),
    _Row("parity", BEFORE, ("parity",), _parity),
    _Row("verify", AFTER, ("verify", "verify_for", "on_failure"), _verify),
    _Row(
        "repo",
        TOLD,
        ("repo",),
        lambda said: f"Commits are read from {said['repo']} at GitHub, whatever Heroku tells.",
    ),
    _Row(
        "deployment",
        TOLD,
        ("deployment",),
        lambda said: f"GitHub hears of each as a Deployment to {said['deployment']}.",
    ),
    _Row(
        "commit-status",
        TOLD,
        ("commit_status",),
        lambda _: "GitHub shows the verdict at the commit.",
    ),
)


def spelled(said: Plain, when: When) -> tuple[Said, ...]:
    """Return a sentence for each thing that these plain values say at that time."""
    return tuple(
        Said(row.name, row.spell(said), tuple(typed(name, said[name]) for name in there))
        for row in _ROWS
        if row.when is when and (there := [name for name in row.options if name in said])
    )


def typed(name: str, value: Any) -> str:
    """Return an option as it is typed in a shell; one that takes many comes again for each."""
    option = OPTIONS[name]
    on, _, off = option.flag.partition("/")
    if off:
        return on if value else off
    if "," in (option.metavar or ""):
        values: list[Any] = [",".join(map(str, value))]
    else:
        values = list(value) if isinstance(value, list | tuple) else [value]
    return " ".join(f"{on} {shlex.quote(str(each))}" for each in values)
