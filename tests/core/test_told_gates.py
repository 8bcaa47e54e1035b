"""The facts of gates, in words for people."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.gates import told


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        ("order", {"candidate": 4, "target_runs": None}, "candidate here v4, target runs unknown"),
        ("target", {"version": 3, "slug": "s"}, "version there v3, slug s"),
        ("approvals", {"approved_by": [], "needed": 1}, "approved by none, needed 1"),
        ("soak", {"since": "2026-03-02T12:00:00+00:00"}, "since 2026-03-02 12:00 UTC"),
        ("block", {"commit": "a" * 40, "needs": "word", "is_asked": False}, "commit aaaaaaa"),
        ("parity", {"same": True}, "same yes"),
        ("x", {"all": [str(n) for n in range(12)]}, f"all {', '.join('0123456789')} and 2 more"),
        ("hold", None, ""),
    ],
)
def test_facts(name: str, facts: Any, words: str) -> None:
    assert told.facts({"name": name, "facts": facts}, source="here", target="there") == words
