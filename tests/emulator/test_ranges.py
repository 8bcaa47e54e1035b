"""Lists in parts."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import BadRange
from emulator.ranges import Key, cut, parse
from tests.emulator.callers import Caller

KEYS = {"version": Key[int](lambda number: number, int), "id": Key[int](str)}


def _walk(numbers: list[int], text: str) -> list[int]:
    """Everything that following each Next-Range gives."""
    found: list[int] = []
    wanted: str | None = text
    while wanted is not None:
        page = cut(numbers, parse(wanted, KEYS), KEYS)
        found.extend(page.items)
        wanted = page.next_range
    return found


@given(
    numbers=st.lists(st.integers(1, 400), unique=True),
    size=st.integers(1, 60),
    order=st.sampled_from(["asc", "desc"]),
)
def test_the_parts_together_are_the_list(numbers: list[int], size: int, order: str) -> None:
    walked = _walk(numbers, f"version ..; order={order}, max={size}")

    assert walked == sorted(numbers, reverse=order == "desc")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, [1, 2, 3, 4, 5]),
        ("version ..", [1, 2, 3, 4, 5]),
        ("version 3..", [3, 4, 5]),
        ("version ]3..", [4, 5]),
        ("version 2..4", [2, 3, 4]),
        ("version ]2..4[", [3]),
        ("version ..; order=desc", [5, 4, 3, 2, 1]),
        ("version 4..; order=desc", [4, 3, 2, 1]),
        ("version ]4..2; order=desc", [3, 2]),
        ("version ..; max=2, order=desc", [5, 4]),
        ("version ..; order=desc,max=2", [5, 4]),
        ("version ..; order=desc; max=2;", [5, 4]),
        ("id ..; max=1000;", [1, 2, 3, 4, 5]),
        ("version 9..", []),
    ],
)
def test_bounds_order_and_size(text: str | None, found: list[int]) -> None:
    assert cut([3, 1, 2, 5, 4], parse(text, KEYS), KEYS).items == found


@pytest.mark.parametrize(
    "text",
    [
        "everything",
        "name ..",
        "version ..; max=0",
        "version ..; max=many",
        "version ..; order=up",
        "version ..; slowly",
    ],
)
def test_what_cannot_be_read_is_not_satisfiable(text: str) -> None:
    with pytest.raises(BadRange):
        parse(text, KEYS)


def test_a_bound_that_cannot_be_read_is_not_satisfiable() -> None:
    with pytest.raises(BadRange):
        cut([1], parse("version x..", KEYS), KEYS)


def test_a_list_of_releases_comes_in_parts(ana: Caller) -> None:
    ana.control("apps/staging/history", {"releases": 5})

    first = ana.ask("GET", "/apps/staging/releases", Range="version ..; order=desc, max=4")
    rest = ana.ask("GET", "/apps/staging/releases", Range=first.headers["Next-Range"])

    assert (first.status_code, _versions(first)) == (206, [7, 6, 5, 4])
    assert (rest.status_code, _versions(rest)) == (200, [3, 2, 1])
    assert "Next-Range" not in rest.headers


def test_a_list_has_200_items_unless_asked_otherwise_and_1000_at_most(ana: Caller) -> None:
    ana.control("apps/staging/history", {"releases": 1010})

    usual = ana.ask("GET", "/apps/staging/releases")
    most = ana.ask("GET", "/apps/staging/releases", Range="version ..; max=5000")

    assert (usual.status_code, len(usual.json())) == (206, 200)
    assert (most.status_code, len(most.json())) == (206, 1000)


def test_a_bad_range_is_answered_with_416(ana: Caller) -> None:
    refused = ana.refused("GET", "/apps/staging/releases", Range="size ..")

    assert refused == (416, "requested_range_not_satisfiable")


def _versions(answer: httpx.Response) -> list[int]:
    return [release["version"] for release in answer.json()]
