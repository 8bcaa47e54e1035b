"""Read JSON that others wrote: strict about what we need, blind to the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from json import JSONDecoder
from typing import NoReturn, TypeVar

T = TypeVar("T")

# What a database's text refuses or a terminal would obey; line breaks and tabs may stay.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# What could rule a terminal, or show a text in another order than it has.
_RULING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LARGEST = 2**31 - 1
_ID_LENGTH = 255  # longer ones do not fit an index, and Heroku's are 36


class Unreadable(ValueError):
    """Not JSON, or lacking something that we need; the message names what, never a value."""


def loads(content: bytes, *, without: Collection[str] = ()) -> object:
    """Read JSON in UTF-8, as the RFC has it; what stands under the names `without` is dropped."""

    def kept(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {name: value for name, value in pairs if name not in without}

    decoder = JSON if not without else JSONDecoder(parse_constant=_refuse, object_pairs_hook=kept)
    try:
        found: object = decoder.decode(content.decode())
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is not JSON") from error
    return found


class _Names(tuple[str, ...]):
    """What is left of a JSON object once its values are dropped."""

    __slots__ = ()


def names(content: bytes) -> tuple[str, ...]:
    """Return the names in one JSON object; none of its values is kept. Raises Unreadable."""
    try:
        found: object = json.loads(content.decode(), object_pairs_hook=_names_of)
    except (ValueError, RecursionError):
        # Without its cause, which holds the whole content.
        raise Unreadable("it is not JSON") from None
    if not isinstance(found, _Names):
        raise Unreadable("it is not an object")
    return found


def _names_of(pairs: list[tuple[str, object]]) -> _Names:
    return _Names(name for name, _ in pairs if name.isprintable() and 0 < len(name) <= _ID_LENGTH)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


JSON = JSONDecoder(parse_constant=_refuse)


class Fields:
    """The fields of one JSON object; one that is not as it should be raises Unreadable."""

    def __init__(self, value: object, name: str = "") -> None:
        if not isinstance(value, (dict, Mapping)):  # most are a dict, which is seen at once
            raise Unreadable(f"{name or 'it'} is not an object")
        self._value = value
        self._name = name

    def text(self, key: str, *, limit: int = _ID_LENGTH) -> str:
        """Return a name, an id or a word: printable, and never empty."""
        value = self._value.get(key)
        if isinstance(value, str) and value.isprintable() and 0 < len(value) <= limit:
            return value
        raise self._wrong(key, "a text")

    def words(self, key: str) -> str | None:
        """Return people's free text, without what cannot be stored; None if it is no text."""
        value = self._value.get(key)
        return _UNFIT.sub("", value) if isinstance(value, str) else None

    def line(self, key: str, *, limit: int) -> str:
        """Return people's free text as one line of at most so many characters, cut with a mark."""
        value = self._value.get(key)
        words = _RULING.sub(" ", value).split() if isinstance(value, str) else ()
        return _cut(" ".join(words), limit)

    def prose(self, key: str, *, limit: int) -> str:
        """Return people's free text of several lines, cut with a mark; empty if it is no text."""
        value = self._value.get(key)
        if not isinstance(value, str):
            return ""
        return _cut(_RULING.sub("", value[: 2 * limit].replace("\r\n", "\n")).strip(), limit)

    def number(self, key: str, *, least: int = 1, most: int = _LARGEST) -> int:
        """Return a whole number within bounds; by default, what a database's integer can hold."""
        value = self._value.get(key)
        if type(value) is int and least <= value <= most:  # a bool is an int, but no number
            return value
        raise self._wrong(key, "a number")

    def flag(self, key: str) -> bool:
        """Return true or false; none counts as false."""
        value = self._value.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self._wrong(key, "true or false")

    def moment(self, key: str) -> datetime:
        """Return a time in any ISO 8601 form, in UTC; one without an offset is taken to be UTC."""
        try:
            found = datetime.fromisoformat(self.text(key))
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self._wrong(key, "a time") from error

    def part(self, key: str) -> Fields:
        """Return the object under a key."""
        return Fields(self._value.get(key), self._path(key))

    def parts(self, key: str) -> tuple[Fields, ...]:
        """Return the objects in a list; a missing list counts as an empty one."""
        value = self._value.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return tuple(Fields(each, f"{self._path(key)}[]") for each in value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts in a list; whatever else is in it is left out."""
        value = self._value.get(key)
        found = value if isinstance(value, list) else []
        return tuple(each for each in found if isinstance(each, str))

    def keys(self, key: str) -> tuple[str, ...]:
        """Return the names in the object under a key; anything else counts as an empty one."""
        return tuple(self.entries(key))

    def entries(self, key: str) -> Mapping[str, object]:
        """Return the object under a key, unread; anything else counts as an empty one."""
        value = self._value.get(key)
        return value if isinstance(value, Mapping) else {}

    def items(self, key: str, make: Callable[[object], T]) -> tuple[T, ...]:
        """Return the elements of a list, which must be there, each made of its JSON."""
        value = self._value.get(key)
        if isinstance(value, list):
            return tuple(make(each) for each in value)
        raise self._wrong(key, "a list")

    def name_of(self, key: str) -> str | None:
        """Return the name of a thing, given as an object or as its bare name; None if not given."""
        if not self.has(key):
            return None
        return self.text(key) if isinstance(self._value[key], str) else self.part(key).text("name")

    def has(self, key: str) -> bool:
        """Return whether there is something, which may still be wrong."""
        return self._value.get(key) is not None

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _wrong(self, key: str, wanted: str) -> Unreadable:
        what = f"is not {wanted}" if self.has(key) else "is missing"
        return Unreadable(f"{self._path(key)} {what}")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
