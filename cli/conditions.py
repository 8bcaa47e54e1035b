"""The flags by which a rule asks for more than the gates that always apply."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from cli.options import each_of

Decorated = Callable[..., Any]

NONE = "none"  # this value removes a condition
# API field, flag, metavar, help; in the order in which the help shows them
FLAGS = (
    ("soak", "--soak", "TIME", "how long a release must have run on the source, like 30m"),
    ("windows", "--window", "WINDOW", 'when promotions go: "Mon-Fri 09:00-16:30 Europe/London"'),
    ("min_gap", "--min-gap", "TIME", "time between two promotions to a target"),
    ("max_per_day", "--max-per-day", "N", "promotions to a target within 24 hours"),
    ("authors", "--author", "PATTERN", "whose releases go, like *@example.com or /regex/"),
    ("not_authors", "--not-author", "PATTERN", "whose do not"),
    ("commit_messages", "--commit-message", "PATTERN", "what the commit must say"),
    ("not_commit_messages", "--not-commit-message", "PATTERN", "what it must not say"),
    ("descriptions", "--description", "PATTERN", "what the release's description must say"),
    ("not_descriptions", "--not-description", "PATTERN", "what it must not say"),
    ("approvals", "--approvals", "N", "how many people must approve each promotion"),
    ("approval_timeout", "--approval-timeout", "TIME", "reject what is not approved in time"),
    (
        "self_approval",
        "--self-approval/--no-self-approval",
        None,
        "whether whoever made the release may approve it",
    ),
    ("brake", "--brake", "N/TIME", "ask a person after so many went wrong, like 2/24h"),
    ("checks", "--check", "URL", "what must answer well before a promotion"),
    ("parity", "--parity", "WHAT[,WHAT]", "what must match: stack, buildpacks, config-names"),
    ("verify", "--verify", "URL", "what must answer well after a promotion"),
    ("verify_for", "--verify-for", "TIME", "how long to look at --verify, 5m unless said"),
    ("on_failure", "--on-failure", "WHAT", "if --verify fails: rollback, hold or notify"),
    ("notify", "--notify", "URL", "who is told, by apprise URL like slack://TOKENS, never shown"),
)
LISTS = frozenset(
    {"windows", "authors", "not_authors", "commit_messages", "not_commit_messages"}
    | {"descriptions", "not_descriptions", "checks", "parity", "verify", "notify"}
)
NUMBERS = frozenset({"approvals", "max_per_day"})


def conditions(function: Decorated) -> Decorated:
    """Add the flags; list flags may be repeated."""
    for field, flag, metavar, text in reversed(FLAGS):
        many = {"multiple": True} if field in LISTS else {"default": None}
        function = click.option(flag, field, metavar=metavar, help=text, **many)(function)
    return function


def said(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given conditions as the API takes them; `none` removes a condition."""
    given = {field: value for field, value in choices.items() if value not in (None, ())}
    return {field: as_api(field, value) for field, value in given.items()}


def as_api(field: str, value: Any) -> Any:
    """Return one value as the API takes it; a malformed one unchanged, for the API to refuse."""
    if value in (NONE, (NONE,)):
        return None
    if field == "parity":
        return each_of(value)
    if isinstance(value, tuple):
        return list(value)
    return int(value) if field in NUMBERS and value.isdecimal() else value
