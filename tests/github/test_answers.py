"""What was read last is kept, and no more of it than there is room for."""

from __future__ import annotations

from listener.github.answers import Answers


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept = Answers(most=2)
    kept.put("/a", "1", "A")
    kept.put("/b", "2", "B")
    assert kept.get("/a") == ("1", "A")
    kept.put("/c", "3", "C")
    assert [kept.get(path) for path in ("/a", "/b", "/c")] == [("1", "A"), None, ("3", "C")]


def test_a_newer_value_takes_the_place_of_the_older() -> None:
    kept = Answers(most=1)
    kept.put("/a", "1", "A")
    kept.put("/a", "2", "B")
    assert kept.get("/a") == ("2", "B")
