"""Tables are a row a line; on a terminal no line is longer than it is wide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.tables import SHORTEST_CELL, columns_of, fit, pad, table
from tests.cli.program import Autopromote
from tests.cli.terminal import on_a_terminal


def test_columns_are_aligned_and_rows_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    table(
        ("Name", "Reason"),
        [("ship", "soaks"), ("日本", None), ("a longer one", "two\nlines \x1b[31mred")],
    )
    assert capsys.readouterr().out == (
        "Name          Reason\nship          soaks\n日本\na longer one  two lines red\n"
    )


def test_a_pipe_gets_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    table(("Reason",), [("w" * 500,)])
    assert capsys.readouterr().out == f"Reason\n{'w' * 500}\n"


@pytest.mark.parametrize(
    ("widths", "available", "fitted"),
    [
        ([4, 20], 80, [4, 20]),
        ([4, 100], 80, [4, 74]),
        ([4, 40, 50], 80, [4, 40, 32]),
        ([4, 70, 50], 80, [4, 56, 16]),
        ([30, 30, 30], 20, [SHORTEST_CELL] * 3),
        ([4, 5], 3, [4, 5]),
    ],
)
def test_the_widest_columns_give_way(widths: list[int], available: int, fitted: list[int]) -> None:
    assert fit(widths, available) == fitted


@pytest.mark.parametrize(
    ("cell", "width", "padded"),
    [
        ("ship", 6, "ship  "),
        ("ship", 4, "ship"),
        ("promote", 4, "pro…"),
        ("日本語", 4, "日… "),
        ("e\u0301te\u0301", 4, "e\u0301te\u0301 "),
    ],
)
def test_a_cell_fills_its_width(cell: str, width: int, padded: str) -> None:
    assert pad(cell, width) == padded


@given(st.text(alphabet="aé日\u0301 ", max_size=30), st.integers(min_value=1, max_value=30))
def test_a_cell_never_leaves_its_width(cell: str, width: int) -> None:
    assert columns_of(pad(cell, width)) == width


WIDE = """
import os
from cli.tables import table
os.environ["COLUMNS"] = "{columns}"
TIME, REASON = "2015/11/17 17:37:41 (~ 1h ago)", "one two three four five"
COLUMNS = ("ID", "Status", "Kind", "From", "Created", "Reason")
ROW = ("1", "failed", "person", None, TIME, REASON)
table(COLUMNS, [ROW], spare=("Kind", "Status"), room={room})
"""


@pytest.mark.parametrize(
    ("columns", "room", "row"),
    [
        (90, 16, "1   failed  person  2015/11/17 17:37:41 (~ 1h ago)  one two three four five"),
        (60, 16, "1   failed  person  ~ 1h ago  one two three four five"),
        (48, 16, "1   failed  person  ~ 1h ago  one two three fou…"),
        (48, 40, "1   failed  ~ 1h ago  one two three four five"),
        (40, 16, "1   failed  ~ 1h ago  one two three fou…"),
        (30, 16, "1   ~ 1h ago  one two three f…"),
        (20, 16, "1   ~ 1h ago  one two thr…"),
    ],
)
def test_what_says_least_gives_way_first(
    autopromote: Autopromote, columns: int, room: int, row: str
) -> None:
    printed = on_a_terminal(autopromote, WIDE.format(columns=columns, room=room), TERM="dumb")
    assert printed.splitlines()[1:] == [row]


def test_a_pipe_gets_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    table(("ID", "From", "Reason"), [("1", None, "why")], spare=("ID",))
    assert capsys.readouterr().out == "ID  From  Reason\n1         why\n"
