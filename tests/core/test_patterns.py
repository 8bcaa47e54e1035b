"""Patterns: what they match, and what is none."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.pattern import BadPattern, first_match, parse


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*@acme.com", "ana@acme.com", True),
        ("*@acme.com", "Ana@ACME.com", True),
        ("*@acme.com", "ana@acme.com.evil.example", False),
        ("*@acme.com", "ana@acmexcom", False),
        ("*[no promote]*", "Fix typo [no promote]", True),
        ("*[no promote]*", "promote on", False),  # brackets are no set of letters
        ("*[no promote]*", "first line\n\n[No Promote]\nlast", True),
        ("v?", "v1", True),
        ("v?", "v10", False),
        ("*", "", True),
        ("exactly", "not exactly", False),
        ("/^Release [0-9]+/", "Release 42", True),
        ("/^Release [0-9]+/", "release 42", False),
        ("/(?i)hotfix/", "A HOTFIX for", True),
        ("/a.b/", "a\nb", True),
        ("/", "/", True),
        ("//", "//", True),
    ],
)
def test_a_pattern_matches_what_people_mean(pattern: str, text: str, matches: bool) -> None:
    assert parse(pattern).matches(text) is matches


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "from 1 to 200 characters"),
        ("  ", "from 1 to 200 characters"),
        ("x" * 201, "from 1 to 200 characters"),
        ("/(/", "is no regular expression of RE2: missing"),
        (r"/\pL{20}/", "is too large once its repetitions are written out"),
        ("/(?=x)/", "is no regular expression of RE2: invalid perl operator"),
        (r"/(a)\1/", "is no regular expression of RE2: invalid escape sequence"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadPattern) as refused:
        parse(text)
    assert words in str(refused.value)


def test_no_expression_takes_more_than_linear_time() -> None:
    """One that a backtracking engine would not finish within the age of the universe."""
    assert not parse("/^(a+)+$/").matches("a" * 50_000 + "b")


def test_what_is_too_large_is_refused_without_being_kept() -> None:
    """Before there was a limit, each took 4 MB and a quarter of a second."""
    before = _memory()
    for number in range(120):
        with pytest.raises(BadPattern, match="too large"):
            parse(rf"/\pL{{{400 - number}}}/")
    assert _memory() - before < 16 * 1024 * 1024


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_the_first_that_matches_is_named() -> None:
    patterns = [parse("*@b.com"), parse("*@acme.com"), parse("*")]
    assert first_match(patterns, "ana@acme.com") == patterns[1]
    assert first_match([], "ana@acme.com") is None


@given(st.text(max_size=50))
def test_a_text_without_signs_matches_itself(text: str) -> None:
    plain = text.replace("*", "").replace("?", "").replace("/", "").strip("\0")
    if plain.strip():
        assert parse(plain).matches(plain)
        assert parse(f"*{plain}*").matches(f"before {plain} after")
