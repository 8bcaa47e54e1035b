"""No text from elsewhere moves the cursor, sets a title or turns a line around."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopromote.plain import plain, plain_json, plain_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, ünï ⬢ 日本", "plain text, ünï ⬢ 日本"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]0;a title\nof two lines\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\text", "text"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x1bcreset", "reset"),
        ("\x1b(0charset", "charset"),
        ("\x1b\x1b[31m[31mhidden", "[31mhidden"),
        ("bell\x07 back\x08space", "bell backspace"),
        ("over\rwritten", "overwritten"),
        ("two\r\nlines", "two\nlines"),
        ("a\u061cb\u200fc\u2067d", "abcd"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("\ud800half", "half"),
    ],
)
def test_what_a_terminal_would_act_upon_is_gone(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_a_line_is_one_line() -> None:
    assert plain_line("  two\r\nlines\tand \x1b[31mmore\n") == "two lines and more"


@given(st.text())
def test_nothing_but_text_and_line_breaks_is_left(text: str) -> None:
    left = plain(text).replace("\n", "").replace("\t", "")
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in left)


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_text_without_controls_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda part: st.dictionaries(st.text(), part),
        max_leaves=5,
    )
)
def test_json_stays_the_same_and_is_safe_to_print(value: object) -> None:
    document = plain_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(document) == value
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in document)
