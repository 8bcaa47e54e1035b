"""Ids as people and programs write them: strings everywhere, numbers in the database."""

from __future__ import annotations

_MOST_DIGITS = 18  # what a BIGINT surely holds


def number(text: str) -> int | None:
    """The number that an id is written as; None where it can be none of ours."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None
