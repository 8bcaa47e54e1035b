"""How conditions are read from plain values; each raises ValueError that says what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from listener.core import duration

T = TypeVar("T")
# An owner managed by an enterprise has an underscore in the name.
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}", re.ASCII)
MOST_LISTED = 20
LONGEST_URL = 2000


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it must be a text.")  # noqa: TRY004 - told like any other fault
    return value


def time(value: Any) -> timedelta:
    return duration.parse(text(value))


def time_within(least: timedelta, most: timedelta) -> Callable[[Any], timedelta]:
    def read(value: Any) -> timedelta:
        found = time(value)
        if not least <= found <= most:
            raise ValueError(f"it must be from {duration.show(least)} to {duration.show(most)}.")
        return found

    return read


def number(most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not 0 <= value <= most:
            raise ValueError(f"it must be a number from 0 to {most}.")
        return value

    return read


def name(most: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        found = text(value).strip()
        if len(found) > most or not found.isprintable():
            raise ValueError(f"it must be one line of {most} characters at most.")
        return found

    return read


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it must be true or false.")  # noqa: TRY004
    return value


def repository(value: Any) -> str:
    if not _REPO.fullmatch(found := text(value)):
        raise ValueError(
            f"{found[:200]!r} is no repository: write its owner and name, like acme/shop."
        )
    return found


def each_of(read: Callable[[str], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_all(value: Any) -> tuple[T, ...]:
        texts: Sequence[Any] = [value] if isinstance(value, str) else value
        if not isinstance(texts, list | tuple) or len(texts) > MOST_LISTED:
            raise ValueError(f"it must be a list of {MOST_LISTED} texts at most.")
        return tuple(read(one) for one in dict.fromkeys(text(each) for each in texts))

    return read_all


def url(text: str) -> str:
    parts = urlsplit(text)
    is_plain = parts.hostname and not (parts.username or parts.password or parts.fragment)
    if parts.scheme not in ("https", "http") or not is_plain or len(text) > LONGEST_URL:
        raise ValueError(f"{text!r} is no URL like https://example.com/healthz.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("a URL has no spaces and only ASCII characters.")
    try:
        str(parts.hostname).encode().decode("idna")
    except UnicodeError:
        raise ValueError(f"{text!r} names no host: a part of it is no encoded name.") from None
    return text


def word(kind: type[StrEnum]) -> Callable[[Any], Any]:
    def read(value: Any) -> StrEnum:
        try:
            return kind(text(value))
        except ValueError as error:
            raise ValueError(f"{value!r} is none of {', '.join(kind)}.") from error

    return read
