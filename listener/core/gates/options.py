"""What a rule asks of a release beyond the gates that are always on, as people declare it.

An option is declared once, in `Conditions`: the request, the answer, the file of rules, the flag of
the command line and its help are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from listener.core import duration, pattern, window
from listener.core.pattern import Pattern
from listener.core.window import Window

T = TypeVar("T")

MOST_LISTED = 20
MOST_APPROVALS = 5
MOST_A_DAY = 1000
LONGEST_URL = 2000
_BRAKE = re.compile(r"(\d{1,3})/(\S+)", re.ASCII)


class BadCondition(ValueError):
    """A condition is written wrongly; `name` is its field, the message says what to write."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


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


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """After so many promotions that went wrong within a time, a person is asked."""

    count: int
    within: timedelta


# How each is read.


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it must be a text.")  # noqa: TRY004 - told like any other fault
    return value


def _duration(value: Any) -> timedelta:
    return duration.parse(_text(value))


def _time(least: timedelta, most: timedelta) -> Callable[[Any], timedelta]:
    def read(value: Any) -> timedelta:
        found = _duration(value)
        if not least <= found <= most:
            raise ValueError(f"it must be from {duration.show(least)} to {duration.show(most)}.")
        return found

    return read


def _number(most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not 0 <= value <= most:
            raise ValueError(f"it must be a number from 0 to {most}.")
        return value

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it must be true or false.")  # noqa: TRY004
    return value


def _each(read: Callable[[str], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_all(value: Any) -> tuple[T, ...]:
        texts: Sequence[Any] = [value] if isinstance(value, str) else value
        if not isinstance(texts, list | tuple) or len(texts) > MOST_LISTED:
            raise ValueError(f"it must be a list of {MOST_LISTED} texts at most.")
        return tuple(read(text) for text in dict.fromkeys(_text(each) for each in texts))

    return read_all


def _url(text: str) -> str:
    parts = urlsplit(text)
    is_plain = parts.hostname and not (parts.username or parts.password or parts.fragment)
    if parts.scheme not in ("https", "http") or not is_plain or len(text) > LONGEST_URL:
        raise ValueError(f"{text!r} is no URL like https://example.com/healthz.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("a URL has no spaces and only ASCII characters.")
    return text


def _word(kind: type[StrEnum]) -> Callable[[Any], Any]:
    def read(value: Any) -> StrEnum:
        try:
            return kind(_text(value))
        except ValueError as error:
            raise ValueError(f"{value!r} is none of {', '.join(kind)}.") from error

    return read


def _brake(value: Any) -> FailureLimit:
    found = _BRAKE.fullmatch(_text(value))
    if found is None or int(found[1]) < 1:
        raise ValueError(f"{value!r} is no brake: write a count and a time, like 2/24h.")
    within = duration.parse(found[2])
    if not within:
        raise ValueError("a brake needs a time, like 2/24h.")
    return FailureLimit(int(found[1]), within)


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
_PATTERNS = {"read": _each(pattern.parse), **_TEXTS}
_URLS = {"read": _each(_url), **_TEXTS}
_DURATION = {"read": _duration, "wire": str}


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
        read=_each(window.parse),
        **_TEXTS,
    )
    closed: tuple[Window, ...] = _option(
        (),
        "--closed",
        "TIME",
        'when none go: "Sat#3 Europe/London", "24 Dec", "holidays GB"',
        read=_each(window.parse_closed),
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
        read=_number(MOST_A_DAY),
        wire=int,
    )
    authors: tuple[Pattern, ...] = _option(
        (), "--author", "PATTERN", "whose releases go, like *@example.com or /regex/", **_PATTERNS
    )
    not_authors: tuple[Pattern, ...] = _option(
        (), "--not-author", "PATTERN", "whose do not", **_PATTERNS
    )
    commit_messages: tuple[Pattern, ...] = _option(
        (), "--commit-message", "PATTERN", "what the commit must say", **_PATTERNS
    )
    not_commit_messages: tuple[Pattern, ...] = _option(
        (), "--not-commit-message", "PATTERN", "what it must not say", **_PATTERNS
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
        read=_number(MOST_APPROVALS),
        wire=int,
    )
    approval_timeout: timedelta = _option(
        timedelta(hours=24),
        "--approval-timeout",
        "TIME",
        "reject what is not approved in time",
        read=_time(timedelta(minutes=1), timedelta(days=90)),
        wire=str,
    )
    self_approval: bool = _option(
        True,
        "--self-approval/--no-self-approval",
        None,
        "whether whoever made the release may approve it",
        read=_flag,
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
        (), "--check", "URL", "what must answer well before a promotion", **_URLS
    )
    parity: tuple[Aspect, ...] = _option(
        (),
        "--parity",
        "WHAT[,WHAT]",
        "what must match: stack, buildpacks, config-names",
        read=_each(_word(Aspect)),
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
        read=_time(timedelta(seconds=1), timedelta(hours=2)),
        wire=str,
    )
    on_failure: OnFailure = _option(
        OnFailure.HOLD,
        "--on-failure",
        "WHAT",
        "if --verify fails: rollback, hold or notify",
        read=_word(OnFailure),
        wire=OnFailure,
    )

    @property
    def needs_commit_message(self) -> bool:
        """Whether a gate wants to read what the commit says."""
        return bool(self.commit_messages or self.not_commit_messages)

    def as_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, the way `parse` reads it."""
        changed = (each.name for each in fields(self) if getattr(self, each.name) != each.default)
        return {name: _shown(getattr(self, name)) for name in changed}


# By the name of the field, which is its name in JSON and TOML as well.
OPTIONS: dict[str, Option] = {each.name: each.metadata["option"] for each in fields(Conditions)}
NONE = Conditions()


def parse(said: Mapping[str, Any], before: Conditions = NONE) -> Conditions:
    """Read conditions from plain values; what is not said stays as before. Raises BadCondition."""
    values = {each.name: getattr(before, each.name) for each in fields(Conditions)}
    for name, value in said.items():
        if name not in OPTIONS:
            raise BadCondition(name, "there is no such condition.")
        values[name] = _default(name) if value is None else _read(name, value)
    return Conditions(**values)


def _default(name: str) -> Any:
    return next(each.default for each in fields(Conditions) if each.name == name)


def _read(name: str, value: Any) -> Any:
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
