"""Patterns for texts that others write: globs, or regular expressions that end in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LONGEST = 200
MOST_MEMORY = 256 * 1024  # bytes, of one compiled expression; larger ones are refused in 2 ms
MOST_COMPILED = 64  # are kept, so all of them have some 16 MiB at most
MOST_JUDGED = 1024  # texts are known to be good or bad without compiling them again
_STARS = {"*": ".*", "?": "."}
_TOO_LARGE = "pattern too large"


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


def _re2() -> Any:
    import re2  # noqa: PLC0415 - 3 MB of libraries, which only a pattern needs; 5 ms once

    return re2


@lru_cache(maxsize=MOST_COMPILED)
def _compiled(text: str) -> Any:
    re2 = _re2()
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = MOST_MEMORY
    try:
        return re2.compile(_expression(text), options)
    finally:
        re2.purge()  # it would keep twice as many, beside ours


def _expression(text: str) -> str:
    if is_expression(text):
        return text[1:-1]
    parts = (_STARS.get(c) or _re2().escape(c) for c in text)
    return f"(?is)^{''.join(parts)}$"


def is_expression(text: str) -> bool:
    """Return whether it is a regular expression, not a glob."""
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def parse(text: str) -> Pattern:
    """Read a pattern. Raises BadPattern."""
    if (fault := _fault(text)) is not None:
        raise BadPattern(fault)
    return Pattern(text)


def _fault(text: str) -> str | None:
    if not text.strip() or len(text) > LONGEST:
        return f"A pattern has from 1 to {LONGEST} characters."
    return _fault_of_expression(text)


@lru_cache(maxsize=MOST_JUDGED)
def _fault_of_expression(text: str) -> str | None:
    try:
        _compiled(text)
    except _re2().error as error:
        said = re.sub(r"^b'|'$", "", str(error))
        if said.startswith(_TOO_LARGE):
            return f"{text} is too large once its repetitions are written out: make it simpler."
        return f"{text} is no regular expression of RE2: {said}."
    return None


def first_match(patterns: Iterable[Pattern], text: str) -> Pattern | None:
    """Return the first pattern that the text matches."""
    return next((pattern for pattern in patterns if pattern.matches(text)), None)
