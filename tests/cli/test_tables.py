"""Tables are a row a line; on a terminal no line is longer than it is wide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopromote.tables import SHORTEST_CELL, columns_of, fit, pad, table
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
        ([4, 70, 50], 80, [4, 36, 36]),
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
        ("promote", 4, "p…te"),
        ("日本語", 4, "…語 "),
        ("e\u0301te\u0301", 4, "e\u0301te\u0301 "),
    ],
)
def test_a_cell_fills_its_width(cell: str, width: int, padded: str) -> None:
    assert pad(cell, width) == padded


STAGING, EU = "⬢ acme-checkout-service-staging", "⬢ acme-checkout-service-prod-eu"


@pytest.mark.parametrize(
    ("cell", "width", "cut"),
    [
        (f"{STAGING} v42", 36, f"{STAGING} v42"),
        (f"{STAGING} v42", 24, "⬢ acme-che…e-staging v42"),
        (f"{STAGING} v4223", 20, "⬢ acme-…taging v4223"),
        (f"{STAGING}, {EU}", 40, "⬢ acme-che…-staging, ⬢ acme-che…-prod-eu"),
        (f"{STAGING}, {EU}", 25, "⬢ acme-ch…staging, 1 more"),
        (f"{STAGING}, {EU}, {EU}", 38, "⬢ acme-…taging, ⬢ acme-…rod-eu, 1 more"),
        (f"every target but {EU}", 34, "every target but ⬢ acme-ch…prod-eu"),
        ("ana.of.the.long.name@acme.example", 16, "ana.of.….example"),
    ],
)
def test_a_name_is_cut_in_the_middle_and_a_version_never(cell: str, width: int, cut: str) -> None:
    assert pad(cell, width).rstrip() == cut


@given(st.text(alphabet="aé日\u0301 ", max_size=30), st.integers(min_value=1, max_value=30))
def test_a_cell_never_leaves_its_width(cell: str, width: int) -> None:
    assert columns_of(pad(cell, width)) == width


WIDE = """
import os
from autopromote.tables import table
os.environ["COLUMNS"] = "{columns}"
TIME, REASON = "2015-11-17 17:37:41 CET (~ 1h ago)", "one two three four five six seven"
COLUMNS = ("ID", "Status", "Kind", "From", "Created", "Reason")
ROW = ("1", "failed", "person", None, TIME, REASON)
table(COLUMNS, [ROW], spare=("Kind", "Status"))
"""
LONG = "2015-11-17 17:37:41 CET (~ 1h ago)"


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (90, [f"1   failed  person  {LONG}  one two three four five six seven"]),
        (88, [f"1   failed  person  {LONG}  one two three four five six", " " * 56 + "seven"]),
        (66, ["1   failed  person  ~ 1h ago  one two three four five six seven"]),
        (60, ["1   failed  ~ 1h ago  one two three four five six seven"]),
        (50, ["1   ~ 1h ago  one two three four five six seven"]),
        (40, ["1   ~ 1h ago", "    one two three four five six seven"]),
        (24, ["1   ~ 1h ago", "    one two three four", "    five six seven"]),
        (17, ["1   ~ 1h ago", "    one two three", "    four five six", "    seven"]),
    ],
)
def test_what_says_least_gives_way_first(
    autopromote: Autopromote, columns: int, lines: list[str]
) -> None:
    printed = on_a_terminal(autopromote, WIDE.format(columns=columns), TERM="dumb")
    assert printed.splitlines()[1:] == lines


def test_very_many_words_are_cut_and_a_long_one_is(autopromote: Autopromote) -> None:
    script = """
import os
from autopromote.tables import table
os.environ["COLUMNS"] = "20"
table(("Reason",), [("word " * 100,), ("https://example.com/a/long/path",)])
table(("ID", "Reason"), [("1", None)])
"""
    full, last = ["word word word word"] * 5, "word word word word…"
    assert on_a_terminal(autopromote, script, TERM="dumb").splitlines() == [
        "Reason",
        *full,
        last,
        "https://e…/long/path",
        "ID",
        "1",
    ]


def test_a_pipe_gets_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    table(("ID", "From", "Reason"), [("1", None, "why")], spare=("ID",))
    assert capsys.readouterr().out == "ID  From  Reason\n1         why\n"
