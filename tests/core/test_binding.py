"""What a waiting promotion waits for: a person, else what cannot be told, else the latest time."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.gates.binding import binding

LATER, LATEST = "2030-01-31T12:00:00+00:00", "2030-02-01T09:00:00+00:00"


def said(name: str, verdict: str = "wait", until: str | None = None, **facts: Any) -> Any:
    """A verdict as it is stored."""
    return {"name": name, "verdict": verdict, "message": name, "until": until, "facts": facts}


SOAK, WINDOW = said("soak", until=LATER), said("window", until=LATEST)
APPROVALS = said("approvals", until=LATEST, needed=1)
HELD, HELD_FOR_NOW = said("hold", hold="1"), said("hold", until=LATER)
CHECK, PARITY = said("check"), said("parity")


@pytest.mark.parametrize(
    ("gates", "name", "needs_person"),
    [
        ([said("source", "pass"), SOAK, WINDOW], "window", False),
        ([WINDOW, SOAK], "window", False),
        ([SOAK, WINDOW, APPROVALS], "approvals", True),
        ([HELD_FOR_NOW, SOAK, WINDOW], "window", False),
        ([HELD_FOR_NOW, SOAK, said("window", "pass")], "hold", False),
        ([HELD, SOAK, WINDOW], "hold", True),
        ([HELD, APPROVALS], "hold", True),
        ([said("brake", until=LATER), WINDOW], "brake", True),
        ([said("order", needs="word"), WINDOW], "order", True),
        ([said("match"), WINDOW], "match", True),
        ([said("block", by="ana", block="1"), WINDOW], "block", True),
        ([said("commit-message", reads="commits"), WINDOW], "window", False),
        ([said("commit-message", reads="commits")], "commit-message", False),
        ([said("block", reads="commits", needs="word"), WINDOW], "block", True),
        ([said("same-commit", needs="word"), SOAK], "same-commit", True),
        ([said("target", until=LATER), WINDOW], "window", False),
        ([said("source"), SOAK], "soak", False),
        ([said("rule", "error"), WINDOW], "rule", False),
        ([said("heroku", "error"), said("order", needs="word")], "order", True),
        ([said("heroku", until=LATER)], "heroku", False),
        ([SOAK, CHECK, PARITY], "soak", False),
        ([CHECK, PARITY], "check", False),
        ([said("check", "pass"), PARITY], "parity", True),
    ],
)
def test_the_gate_that_lets_go_last_binds(gates: list[Any], name: str, needs_person: bool) -> None:
    found = binding(gates, "Heroku could not be read: " + " ".join(g["message"] for g in gates))
    assert found is not None
    assert (found.gate, found.message, found.needs_person) == (name, name, needs_person)


@pytest.mark.parametrize(
    ("gate", "needs_word"),
    [
        (APPROVALS, True),
        (said("brake"), True),
        (said("commit-message", needs="word"), True),
        (HELD, False),
        (said("block", block="1"), False),
        (said("match"), False),
        (PARITY, False),
        (SOAK, False),
        (said("approvals", "error"), False),
    ],
)
def test_what_an_approval_ends_is_told_from_what_needs_a_hand(gate: Any, needs_word: bool) -> None:
    found = binding([gate], gate["message"])
    assert found is not None
    assert found.needs_word is needs_word


def test_where_no_gate_objects_nothing_binds() -> None:
    assert binding([], "soak") is None
    assert binding([said("source", "pass"), said("order", "reject")], "order") is None


def test_its_own_time_is_told() -> None:
    found = binding([SOAK], "soak")
    assert found is not None
    assert found.until is not None
    assert found.until.isoformat() == LATER


def test_gates_that_were_not_asked_since_something_happened_bind_nothing() -> None:
    assert binding([SOAK, APPROVALS], "Approved by ana@example.com.") is None
