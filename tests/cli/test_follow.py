"""An output is printed in whole, harmless lines, however it is cut into pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopromote.follow import LONGEST_LINE, Follower
from autopromote.resources import Output


def lines_of(*texts: str) -> list[str]:
    """Return the lines that are printed of an output in these pieces."""
    pieces = list(texts)
    lines: list[str] = []

    def read(offset: int) -> Output:
        text = pieces.pop(0)
        return piece(text, offset + len(text), is_over=not pieces)

    follower = Follower(read, lines.append)
    while not follower.is_over:
        follower.pull()
    return lines


def piece(text: str, offset: int, *, is_over: bool = False, release: str = "r") -> Output:
    """Return a piece as the listener shows it."""
    return {
        "offset": offset,
        "text": text,
        "is_over": is_over,
        "release": {"id": release, "version": 7},
        "message": None,
    }


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (["one\ntwo\n"], ["one", "two"]),
        (["one\n", "two"], ["one", "two"]),
        (["on", "e\nt", "wo\n", ""], ["one", "two"]),
        (["one\r", "\ntwo\r\n"], ["one", "two"]),
        (["10 %\r20 %\r", "30 %\n"], ["10 %", "20 %", "30 %"]),
        (["one\r"], ["one"]),
        (["\x1b[3", "1mred\x1b[0m\x00 \x1b]0;title\x07\u202etxt\n"], ["red txt"]),
        (["a\tb\n"], ["a\tb"]),
        (["\n\n", ""], ["", ""]),
        ([""], []),
        (["x" * (LONGEST_LINE + 1), "y\n"], ["x" * (LONGEST_LINE + 1), "y"]),
    ],
)
def test_lines_are_whole_and_harmless(texts: list[str], lines: list[str]) -> None:
    assert lines_of(*texts) == lines


@given(st.lists(st.text(alphabet="ab\r\n", max_size=6), min_size=1, max_size=6))
def test_however_it_is_cut_the_lines_are_the_same(texts: list[str]) -> None:
    whole = "".join(texts)
    lines = re.split(r"\r\n|\r|\n", whole)
    assert lines_of(*texts) == (lines if lines[-1] else lines[:-1])


def test_the_output_of_a_retry_is_read_from_its_beginning() -> None:
    asked: list[int] = []
    lines: list[str] = []
    pieces: Iterator[Output] = iter(
        [
            piece("first\n", 6),
            piece("t of the second\n", 16, release="s"),  # asked for from the sixth byte on
            piece("start of the second\n", 20, is_over=True, release="s"),
        ]
    )

    def read(offset: int) -> Output:
        asked.append(offset)
        return next(pieces)

    follower = Follower(read, lines.append)
    follower.pull()
    follower.pull()
    assert (lines, asked) == (["first", "start of the second"], [0, 6, 0])
