"""What a rule asks of a release beyond the gates that are always on, as people declare it.

An option is declared once, in `Conditions`: the request, the answer, the file of rules, the flag of
the command line and its help are made from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from listener.core import duration, pattern, window
from listener.core.checks import LONGEST_NAME, OWN
from listener.core.gates import plain
from listener.core.pattern import Pattern
from listener.core.window import Window

T = TypeVar("T")

MOST_PATTERNS = 20  # of a rule, in all of its conditions together
MOST_PATTERNS_OF_FILE = 400
MOST_APPROVALS = 5
MOST_A_DAY = 1000
MOST_OF_ENVIRONMENT = 255  # characters: GitHub's own limit
_BRAKE = re.compile(r"(\d{1,3})/(\S+)", re.ASCII)


class BadCondition(ValueError):
    """A condition is written wrongly; `name` is its field, the message says what to write."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored condition that is none today, for limits change; it is kept, and is never met."""

    name: str
    stored: Any = field(hash=False)
    message: str


class Aspect(StrEnum):
    """What the parity gate compares. Stack and generation always are."""

    STACK = "stack"
    GENERATION = "generation"
    BUILDPACKS = "buildpacks"
    CONFIG_NAMES = "config-names"


class OnFailure(StrEnum):
    """What follows when production is not well after a promotion."""

    ROLLBACK = "rollback"
    HOLD = "hold"
    NOTIFY = "notify"


class OnSameCommit(StrEnum):
    """What becomes of a new build of the very commit that the target was rolled back from."""

    HOLD = "hold"
    GO = "go"


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """After so many promotions that went wrong within a time, a person is asked."""

    count: int
    within: timedelta


def _brake(value: Any) -> FailureLimit:
    found = _BRAKE.fullmatch(plain.text(value))
    if found is None or int(found[1]) < 1:
        raise ValueError(f"{value!r} is no brake: write a count and a time, like 2/24h.")
    within = duration.parse(found[2])
    if not within:
        raise ValueError("a brake needs a time, like 2/24h.")
    return FailureLimit(int(found[1]), within)


def _check_name(said: str) -> str:
    text = " ".join(said.split())  # as names are read
    if not text or len(text) >= LONGEST_NAME or not text.isprintable():
        raise ValueError(f"{text!r} is no name of a check, as GitHub shows it.")
    if text.casefold().startswith(OWN):
        raise ValueError(f"{text} is a status of the listener's own, which does not count.")
    return text


@dataclass(frozen=True, slots=True)
class Option:
    """How people write one condition: its flag, its place in JSON and TOML, and what it means."""

    flag: str
    metavar: str | None  # None for a flag without a value
    help: str
    read: Callable[[Any], Any]  # from a plain value; raises ValueError with what to write
    wire: Any  # the type of the plain value


def _option(default: T, flag: str, metavar: str | None, text: str, **how: Any) -> T:
    """Declare a condition with its default; everything that is known of it stands here."""
    found: T = field(default=default, metadata={"option": Option(flag, metavar, text, **how)})
    return found


_TEXTS = {"wire": list[str]}
_PATTERNS = {"read": plain.each_of(pattern.parse), **_TEXTS}
_URLS = {"read": plain.each_of(plain.url), **_TEXTS}
_NAMES = {"read": plain.each_of(_check_name), **_TEXTS}
_DURATION = {"read": plain.time, "wire": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Every condition of a rule; what nobody asked for has its default and stops nothing.

    Help and output name them in this order.
    """

    soak: timedelta = _option(
        timedelta(0),
        "--soak",
        "TIME",
        "how long a release must have run on the source, like 30m",
        **_DURATION,
    )
    windows: tuple[Window, ...] = _option(
        (),
        "--window",
        "WINDOW",
        'when promotions go: "Mon-Fri 09:00-16:30 Europe/London"',
        read=plain.each_of(window.parse),
        **_TEXTS,
    )
    closed: tuple[Window, ...] = _option(
        (),
        "--closed",
        "TIME",
        'when none go: "Sat#3 Europe/London", "24 Dec", "holidays GB"',
        read=plain.each_of(window.parse_closed),
        **_TEXTS,
    )
    min_gap: timedelta = _option(
        timedelta(0), "--min-gap", "TIME", "time between two promotions to a target", **_DURATION
    )
    max_per_day: int = _option(
        0,
        "--max-per-day",
        "N",
        "promotions to a target within 24 hours",
        read=plain.number(MOST_A_DAY),
        wire=int,
    )
    authors: tuple[Pattern, ...] = _option(
        (), "--author", "PATTERN", "whose releases go, like *@example.com or /regex/", **_PATTERNS
    )
    not_authors: tuple[Pattern, ...] = _option(
        (), "--not-author", "PATTERN", "whose do not", **_PATTERNS
    )
    commit_messages: tuple[Pattern, ...] = _option(
        (), "--commit-message", "PATTERN", "what every commit that ships must say", **_PATTERNS
    )
    not_commit_messages: tuple[Pattern, ...] = _option(
        (), "--not-commit-message", "PATTERN", "what none of them may say", **_PATTERNS
    )
    commit_authors: tuple[Pattern, ...] = _option(
        (),
        "--commit-author",
        "PATTERN",
        "who must have written every commit that ships, by name or login",
        **_PATTERNS,
    )
    not_commit_authors: tuple[Pattern, ...] = _option(
        (), "--not-commit-author", "PATTERN", "who must have written none of them", **_PATTERNS
    )
    on_same_commit: OnSameCommit = _option(
        OnSameCommit.HOLD,
        "--on-same-commit",
        "hold|go",
        "a new build of what was rolled back: hold until a person says go, or go",
        read=plain.word(OnSameCommit),
        wire=OnSameCommit,
    )
    descriptions: tuple[Pattern, ...] = _option(
        (), "--description", "PATTERN", "what the release's description must say", **_PATTERNS
    )
    not_descriptions: tuple[Pattern, ...] = _option(
        (), "--not-description", "PATTERN", "what it must not say", **_PATTERNS
    )
    approvals: int = _option(
        0,
        "--approvals",
        "N",
        "how many people must approve each promotion",
        read=plain.number(MOST_APPROVALS),
        wire=int,
    )
    approval_timeout: timedelta = _option(
        timedelta(hours=24),
        "--approval-timeout",
        "TIME",
        "reject what is not approved in time",
        read=plain.time_within(timedelta(minutes=1), timedelta(days=90)),
        wire=str,
    )
    self_approval: bool = _option(
        True,
        "--self-approval/--no-self-approval",
        None,
        "whether whoever made the release at Heroku may approve it",
        read=plain.flag,
        wire=bool,
    )
    brake: FailureLimit | None = _option(
        None,
        "--brake",
        "N/TIME",
        "ask a person after so many went wrong, like 2/24h",
        read=_brake,
        wire=str,
    )
    checks: tuple[str, ...] = _option(
        (), "--check", "URL", "a page that must answer well before a promotion", **_URLS
    )
    github_checks: bool = _option(
        False,
        "--checks/--no-checks",
        None,
        "every check of the commit at GitHub must be well, and none still to come",
        read=plain.flag,
        wire=bool,
    )
    required_checks: tuple[str, ...] = _option(
        (), "--require-check", "NAME", "a check at GitHub that must be there and well", **_NAMES
    )
    ignored_checks: tuple[str, ...] = _option(
        (), "--ignore-check", "NAME", "a check at GitHub that does not count", **_NAMES
    )
    checks_timeout: timedelta = _option(
        timedelta(hours=24),
        "--checks-timeout",
        "TIME",
        "reject what has no good checks in time, 24h unless said",
        read=plain.time_within(timedelta(minutes=1), timedelta(days=90)),
        wire=str,
    )
    parity: tuple[Aspect, ...] = _option(
        (),
        "--parity",
        "WHAT[,WHAT]",
        "what must match: stack, buildpacks, config-names",
        read=plain.each_of(plain.word(Aspect)),
        wire=list[Aspect],
    )
    verify: tuple[str, ...] = _option(
        (), "--verify", "URL", "what must answer well after a promotion", **_URLS
    )
    verify_for: timedelta = _option(
        timedelta(minutes=5),
        "--verify-for",
        "TIME",
        "how long to look at --verify, 5m unless said",
        read=plain.time_within(timedelta(seconds=1), timedelta(hours=2)),
        wire=str,
    )
    on_failure: OnFailure = _option(
        OnFailure.HOLD,
        "--on-failure",
        "WHAT",
        "if --verify fails: rollback, hold or notify",
        read=plain.word(OnFailure),
        wire=OnFailure,
    )
    repo: str | None = _option(
        None,
        "--repo",
        "OWNER/NAME",
        "the source's repository at GitHub, for this rule alone; else Heroku is asked. One that"
        " Heroku does not tell takes an admin of every app",
        read=plain.repository,
        wire=str,
    )
    deployment: str = _option(
        "",
        "--deployment",
        "ENVIRONMENT",
        "tell GitHub of each promotion, as a Deployment to this environment",
        read=plain.name(MOST_OF_ENVIRONMENT),
        wire=str,
    )
    commit_status: bool = _option(
        False,
        "--commit-status/--no-commit-status",
        None,
        "whether GitHub shows the verdict at the commit",
        read=plain.flag,
        wire=bool,
    )
    unreadable: tuple[Unreadable, ...] = ()  # of a stored rule; each has its default above

    @property
    def needs_commits(self) -> bool:
        """Whether a gate wants to know every commit that ships."""
        said = self.commit_messages or self.not_commit_messages
        return bool(said or self.commit_authors or self.not_commit_authors)

    @property
    def asks_nothing(self) -> bool:
        """Whether no gate asks for anything; of what repository, and who is told, stops nobody."""
        return replace(self, repo=None, deployment="", commit_status=False) == NONE

    def as_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, the way `parse` reads it."""
        values = {each.name: getattr(self, each.name) for each in _declared()}
        told = {name: _shown(value) for name, value in values.items() if value != _default(name)}
        return told | {one.name: one.stored for one in self.unreadable}


def _declared() -> list[Field[Any]]:
    return [each for each in fields(Conditions) if "option" in each.metadata]


# By the name of the field, which is its name in JSON and TOML as well.
OPTIONS: dict[str, Option] = {each.name: each.metadata["option"] for each in _declared()}
OF_PATTERNS = frozenset(name for name, each in OPTIONS.items() if each.read is _PATTERNS["read"])
OF_URLS = frozenset(name for name, each in OPTIONS.items() if each.read is _URLS["read"])
_DEFAULTS = {each.name: each.default for each in _declared()}
NONE = Conditions()


def parse(said: Mapping[str, Any], before: Conditions = NONE) -> Conditions:
    """Read conditions from plain values; what is not said stays as before. Raises BadCondition."""
    check_patterns(said, before)
    values = {name: getattr(before, name) for name in OPTIONS}
    for name, value in said.items():
        values[name] = _default(name) if value is None else _read(name, value)
    kept = before.as_json() if before.unreadable else {}
    unread = {one.name: kept[one.name] for one in before.unreadable if one.name not in said}
    return _with_stored(values, unread, others={**kept, **said})


def stored(said: Mapping[str, Any]) -> Conditions:
    """Read conditions as any version stored them: what is none today is kept, as unreadable."""
    return _stored(json.dumps(said, sort_keys=True))


@lru_cache(maxsize=1000)  # the same ones are read again and again, and patterns are compiled
def _stored(written: str) -> Conditions:
    said = json.loads(written)
    return _with_stored(dict(_DEFAULTS), said, others=said)


def _with_stored(
    values: dict[str, Any], said: Mapping[str, Any], *, others: Mapping[str, Any]
) -> Conditions:
    """Build conditions of values and of stored ones; patterns count together with all `others`."""
    too_many = _too_many_patterns(others)
    unreadable = []
    for name, value in said.items():
        if too_many is not None and name in OF_PATTERNS and value:
            unreadable.append(Unreadable(name, value, str(BadCondition(name, too_many))))
            continue
        try:
            values[name] = _read(name, value)
        except BadCondition as error:
            unreadable.append(Unreadable(name, value, str(error)))
    return Conditions(**values, unreadable=tuple(unreadable))


def check_patterns(said: Mapping[str, Any], before: Conditions = NONE) -> None:
    """Count the patterns before any is compiled. Raises BadCondition."""
    named = next((name for name in said if name in OF_PATTERNS), None)
    too_many = _too_many_patterns({**before.as_json(), **said}) if named is not None else None
    if named is not None and too_many is not None:
        raise BadCondition(named, too_many)


def _too_many_patterns(said: Mapping[str, Any]) -> str | None:
    if (found := count_patterns(said)) <= MOST_PATTERNS:
        return None
    return f"a rule has {MOST_PATTERNS} patterns at most, in all conditions, and not {found}."


def count_patterns(said: Mapping[str, Any]) -> int:
    """Count the patterns in the plain values of a rule, without reading them."""
    lists = (said.get(name) for name in OF_PATTERNS)
    return sum(len(each) if isinstance(each, list | tuple) else each is not None for each in lists)


def _default(name: str) -> Any:
    return _DEFAULTS.get(name)


def _read(name: str, value: Any) -> Any:
    if name not in OPTIONS:
        raise BadCondition(name, "there is no such condition.")
    try:
        return OPTIONS[name].read(value)
    except ValueError as error:
        raise BadCondition(name, str(error)) from error


def _shown(value: Any) -> Any:
    match value:
        case timedelta():
            return duration.show(value)
        case FailureLimit(count, within):
            return f"{count}/{duration.show(within)}"
        case Window(text=text) | Pattern(text=text):
            return text
        case tuple():
            return [_shown(each) for each in value]
        case StrEnum():
            return str(value)
        case _:
            return value
