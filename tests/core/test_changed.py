"""What a change changed, as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.changed import LONGEST, MOST_FIELDS, Field, fields

TARGETS = [{"id": "1", "name": "acme-prod", "baseline": 3}, {"id": "2", "name": "acme-eu"}]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (None, None, []),
        ({"mode": "armed"}, {"mode": "armed"}, []),
        ({"mode": "shadow"}, {"mode": "armed"}, [Field("mode", "shadow", "armed")]),
        (None, {"soak": 60, "by": None}, [Field("soak", None, "60")]),
        ({"gone": True}, None, [Field("gone", "true", None)]),
        ("a", "b", [Field("", "a", "b")]),
        (None, {"to": TARGETS}, [Field("to", None, "acme-prod, baseline 3; acme-eu")]),
        (None, {"to": []}, [Field("to", None, "none")]),
        (None, {"x": {"y": "ü"}}, [Field("x", None, '{"y": "ü"}')]),
        (None, {"x": "y" * 400}, [Field("x", None, "y" * LONGEST + "…")]),
    ],
)
def test_what_differs_is_told_field_by_field(before: Any, after: Any, shown: list[Field]) -> None:
    assert fields(before, after) == shown


def test_of_many_fields_the_first_are_told() -> None:
    assert len(fields(None, {str(number): 1 for number in range(100)})) == MOST_FIELDS
