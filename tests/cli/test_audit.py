"""What `autopromote audit` says of a change."""

from __future__ import annotations

import pytest

from autopromote.commands.audit import change, row
from autopromote.resources import AuditEntry
from tests.cli.answers import full

ENTRY = full(
    AuditEntry,
    {
        "id": "7",
        "at": "long ago",
        "by": "ana@example.com",
        "action": "rule.updated",
        "subject": {"type": "rule", "id": "1", "name": "ship"},
    },
)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param({"mode": "shadow"}, {"mode": "armed"}, "mode shadow → armed", id="a word"),
        pytest.param({}, {"until": "noon"}, "until none → noon", id="what is new"),
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, "b 2 → 3", id="only what differs"),
        pytest.param({"to": ["x"]}, {"to": ["x", "y"]}, "to", id="a list by its name"),
        pytest.param(
            {},
            dict.fromkeys("abcdef", 1),
            "a none → 1, b none → 1, c none → 1, d none → 1, 2 more",
            id="many",
        ),
        pytest.param(None, {"mode": "armed"}, None, id="nothing before"),
        pytest.param({"a": 1}, {"a": 1}, None, id="nothing differs"),
    ],
)
def test_a_change_is_said_in_a_few_words(before: object, after: object, said: str | None) -> None:
    assert change(before, after) == said


def test_what_has_no_name_is_called_by_its_type_and_id() -> None:
    assert row(ENTRY)[4] == "ship"
    assert row({**ENTRY, "subject": {"type": "promotion", "id": "3", "name": None}})[4] == (
        "promotion 3"
    )
