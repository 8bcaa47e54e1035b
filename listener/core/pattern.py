"""Patterns for texts that others write: globs, or regular expressions that end in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

LONGEST = 500
_STARS = {"*": ".*", "?": "."}


class BadPattern(ValueError):
    """The text is no pattern; the message says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob, or a regular expression of RE2 between slashes, found anywhere in the text.

    A glob has `*` and `?`; brackets mean themselves in it, and case means nothing.
    """

    text: str

    def matches(self, text: str) -> bool:
        """Return whether the text matches the pattern."""
        return _compiled(self.text).search(text) is not None


@lru_cache(maxsize=256)
def _compiled(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return re2.compile(_expression(text), options)


def _expression(text: str) -> str:
    if is_expression(text):
        return text[1:-1]
    parts = (_STARS.get(c) or re2.escape(c) for c in text)
    return f"(?is)^{''.join(parts)}$"


def is_expression(text: str) -> bool:
    """Return whether it is a regular expression, not a glob."""
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def parse(text: str) -> Pattern:
    """Read a pattern. Raises BadPattern."""
    if not text.strip() or len(text) > LONGEST:
        raise BadPattern(f"A pattern has from 1 to {LONGEST} characters.")
    try:
        _compiled(text)
    except re2.error as error:
        said = re.sub(r"^b'|'$", "", str(error))
        raise BadPattern(f"{text} is no regular expression of RE2: {said}.") from error
    return Pattern(text)


def first_match(patterns: Iterable[Pattern], text: str) -> Pattern | None:
    """Return the first pattern that the text matches."""
    return next((pattern for pattern in patterns if pattern.matches(text)), None)
