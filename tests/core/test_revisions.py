"""What a revision changed, in a line for each thing."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.revisions import changes

RULE: dict[str, Any] = {"name": "ship", "mode": "shadow", "targets": ["prod"], "source": {"id": 1}}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"mode": "armed"}, ["mode shadow → armed"]),
        ({"name": "go", "on_newer": "keep"}, ["name ship → go", "on-newer unset → keep"]),
        ({"targets": ["prod", "eu"]}, ["to + eu"]),
        ({"targets": ["us", "eu"]}, ["to + us + eu - prod"]),
        ({"soak": "1h"}, ["soak unset → 1h"]),
        ({"windows": ["Mon 09:00-10:00 UTC"]}, ["window + Mon 09:00-10:00 UTC"]),
        ({"self_approval": False}, ["self-approval unset → no"]),
        ({"brake": "3/1d"}, ["brake unset → 3/1d"]),
        ({"source": {"id": 1, "name": "renamed"}}, []),
    ],
)
def test_each_change_is_a_line(changed: dict[str, Any], expected: list[str]) -> None:
    assert [each.text for each in changes(RULE, {**RULE, **changed})] == expected


def test_what_is_gone_is_told() -> None:
    before = {**RULE, "soak": "1h", "checks": ["https://a.example.com"]}

    assert [each.text for each in changes(before, RULE)] == [
        "soak 1h → unset",
        "check - https://a.example.com",
    ]


def test_another_order_is_a_change() -> None:
    before, after = ({**RULE, "targets": each} for each in (["a", "b"], ["b", "a"]))

    assert [each.text for each in changes(before, after)] == ["to a, b → b, a"]
