"""Examples drawn by hypothesis, by a seed; all are tried, whatever is found, and none is shrunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import (
    SearchStrategy,
    binary,
    booleans,
    builds,
    dictionaries,
    floats,
    integers,
    just,
    lists,
    none,
    recursive,
    sampled_from,
    text,
    tuples,
)

T = TypeVar("T")
Path = tuple[str | int, ...]
Bites = Sequence[tuple[int, int, bytes, int]]


def throw(strategy: SearchStrategy[T], number: int, by: int, act: Callable[[T], None]) -> None:
    """Act on so many examples, the same for the same seed."""

    @seed(by)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example: T) -> None:
        act(example)

    run()


def _json_values() -> SearchStrategy[Any]:
    plain = (
        none()
        | booleans()
        | integers(min_value=-(10**40), max_value=10**40)
        | floats()
        | text(max_size=20)
        | sampled_from(["\0", "\ud800", "", "a" * 5000, "\u202e", -(2**63), 2**31, 1e308])
    )
    return recursive(
        plain,
        lambda inner: lists(inner, max_size=4) | dictionaries(text(max_size=8), inner, max_size=4),
        max_leaves=6,
    )


# Whatever JSON can say, and Python's writer of JSON besides.
JSON = _json_values()
PUT = binary(max_size=6) | sampled_from(
    [b"\r\n", b"\n", b"\0", b" ", b"\r\n\r\n", b":", b"%00", b"%ff", b";", b","]
)


def changed(whole: Any) -> SearchStrategy[Any]:
    """Return copies of what JSON says, with one to three places in each changed or gone."""
    place = sampled_from(list(_paths(whole)))
    change = tuples(place, integers(0, 5), JSON)
    return builds(_changed_at, just(whole), lists(change, min_size=1, max_size=3))


def _paths(whole: Any, above: Path = ()) -> Iterator[Path]:
    yield above
    if isinstance(whole, (dict, list)):
        pairs = whole.items() if isinstance(whole, dict) else enumerate(whole)
        for key, value in pairs:
            yield from _paths(value, (*above, key))


def _changed_at(whole: Any, changes: Iterable[tuple[Path, int, Any]]) -> Any:
    for path, dice, value in changes:
        whole = _changed(whole, path, value, is_gone=dice == 0)
    return whole


def _changed(whole: Any, path: Path, value: Any, *, is_gone: bool) -> Any:
    """Return a copy with another value at this place, or none, if the place is still there."""
    if not path:
        return value
    key, *rest = path
    if not isinstance(whole, dict) or key not in whole:
        return whole
    others = {name: each for name, each in whole.items() if name != key}
    if not rest and is_gone:
        return others
    return {**others, key: _changed(whole[key], tuple(rest), value, is_gone=is_gone)}


def bites() -> SearchStrategy[Bites]:
    """Return where bytes are left out, how many, and what is put there, how many times."""
    start, length = integers(0, 2**16), sampled_from([0, 1, 1, 2, 8, 64])
    return lists(tuples(start, length, PUT, sampled_from([1, 1, 1, 50])), min_size=1, max_size=4)


def bitten(whole: SearchStrategy[bytes]) -> SearchStrategy[bytes]:
    """Return bytes in which some were changed, doubled, put in or left out."""
    return builds(bitten_by, whole, bites())


def bitten_by(whole: bytes, bites: Bites) -> bytes:
    """Apply bites to bytes."""
    for start, length, put, times in bites:
        at = start % (len(whole) + 1)
        whole = whole[:at] + put * times + whole[at + length :]
    return whole
