"""Lists in pages: `Range: version ..; order=desc, max=15`, and the Next-Range for the next page.

The first bound is where the list begins in the requested order: `version ]28..; order=desc` gives
27, 26, …; a `]` excludes the bound itself.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from emulator.errors import BadRange

DEFAULT_MAX = 200
MOST = 1000
FORM = re.compile(r"\s*(\w+) +(\])?([^\s;]*?)\.\.([^\s;\[]*)(\[)?\s*(?:[;,](.*))?")

T = TypeVar("T")


# No slots: in Python 3.11 a frozen generic with slots cannot be made as Key[int](…).
@dataclass(frozen=True)
class Key(Generic[T]):
    """What a list can be sorted by, and how to read one of its bounds."""

    get: Callable[[T], Any]
    read: Callable[[str], Any] = str


@dataclass(frozen=True, slots=True)
class Range:
    """What a caller wants of a list."""

    key: str
    start: str = ""
    is_start_excluded: bool = False
    end: str = ""
    is_end_excluded: bool = False
    is_descending: bool = False
    max: int = DEFAULT_MAX


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list, and the Range of the next page, or None."""

    items: Sequence[T]
    content_range: str
    next_range: str | None


def parse(text: str | None, keys: Mapping[str, Key[T]]) -> Range:
    """Read a Range header; without one, take the first key. Raises BadRange."""
    if not text:
        return Range(next(iter(keys)))
    match = FORM.fullmatch(text)
    if match is None or match[1] not in keys:
        raise BadRange(f"Range is not satisfiable: use one of {', '.join(keys)}.")
    key, opened, start, end, closed, options = match.groups()
    chosen = _options(options or "")
    return Range(
        key,
        start,
        bool(opened),
        end,
        bool(closed),
        is_descending=chosen.get("order", "asc") == "desc",
        max=min(_count(chosen.get("max", str(DEFAULT_MAX))), MOST),
    )


def _options(text: str) -> dict[str, str]:
    parts = [part.strip() for part in re.split(r"[;,]", text) if part.strip()]
    if any("=" not in part for part in parts):
        raise BadRange("Range has options that are not name=value.")
    pairs = (part.split("=", 1) for part in parts)
    options = {name.strip(): value.strip() for name, value in pairs}
    if options.get("order", "asc") not in ("asc", "desc"):
        raise BadRange("Range order must be asc or desc.")
    return options


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise BadRange("Range max must be a positive number.")
    return int(text)


def cut(items: Sequence[T], wanted: Range, keys: Mapping[str, Key[T]]) -> Page[T]:
    """Return the page of the list that the range asks for. Raises BadRange."""
    key = keys[wanted.key]
    ordered = sorted(items, key=key.get, reverse=wanted.is_descending)
    inside = ordered  # filtered only where it must be, for a list may be long
    if wanted.start or wanted.end:
        inside = [item for item in ordered if _is_inside(key, key.get(item), wanted)]
    shown = inside[: wanted.max]
    if not shown:
        return Page(shown, f"{wanted.key} ..", None)
    first, last = key.get(shown[0]), key.get(shown[-1])
    more = None if len(shown) == len(inside) else _next(wanted, last)
    return Page(shown, f"{wanted.key} {first}..{last}", more)


def _is_inside(key: Key[T], value: Any, wanted: Range) -> bool:
    after_start = not wanted.start or _is_between(
        _bound(key, wanted.start), value, wanted, excluded=wanted.is_start_excluded
    )
    before_end = not wanted.end or _is_between(
        value, _bound(key, wanted.end), wanted, excluded=wanted.is_end_excluded
    )
    return after_start and before_end


def _is_between(first: Any, second: Any, wanted: Range, *, excluded: bool) -> bool:
    if first == second:
        return not excluded
    return bool(first > second if wanted.is_descending else first < second)


def _bound(key: Key[T], text: str) -> Any:
    try:
        return key.read(text)
    except ValueError as error:
        raise BadRange(f"Range bound {text} cannot be read.") from error


def _next(wanted: Range, last: Any) -> str:
    closing = "[" if wanted.is_end_excluded else ""
    order = "desc" if wanted.is_descending else "asc"
    return f"{wanted.key} ]{last}..{wanted.end}{closing}; max={wanted.max}, order={order}"
