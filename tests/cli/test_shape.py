"""An answer without what was agreed on is told apart from one that only says more."""

from __future__ import annotations

from typing import Any

import pytest

from autopromote.resources import Promotion, Rule
from autopromote.shape import misfit
from tests.cli.answers import full

RULE: Any = full(
    Rule,
    {
        "id": "1",
        "name": "ship",
        "mode": "armed",
        "source": {"id": "a", "name": "example-app-staging"},
        "targets": [{"id": "b", "name": "example-app", "baseline": 42}],
    },
)
PROMOTION: Any = full(
    Promotion,
    {
        "id": "42",
        "status": "waiting",
        "reason": None,
        "due_at": None,
        "rule": None,
        "source": {
            "app": RULE["source"],
            "release": {"id": "r", "version": 42},
            "slug": {"id": "s"},
        },
        "target": {"app": {"id": "b", "name": "example-app"}, "release": None},
        "gates": [
            {"name": "hold", "verdict": "wait", "message": "on hold", "facts": {"any": ["thing"]}}
        ],
        "created_at": "2015-11-17T17:37:41Z",
        "updated_at": "2015-11-17T17:37:41Z",
    },
)


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        (RULE, Rule),
        ([], list[Rule]),
        ([RULE, RULE], list[Rule]),
        (RULE | {"new": 1, "strategy": "slug", "strategy_note": None}, Rule),
        (PROMOTION, Promotion),
        ([1, 1.5], list[float]),
        (PROMOTION | {"rule": {"id": "1", "name": "ship", "revision": 1}}, Promotion),
    ],
)
def test_what_was_agreed_on_fits_and_more_is_nothing(answer: object, shape: Any) -> None:
    assert misfit(answer, shape) is None


@pytest.mark.parametrize(
    ("answer", "shape", "place"),
    [
        (None, Rule, "it"),
        ([RULE], Rule, "it"),
        (RULE, list[Rule], "it"),
        ({key: RULE[key] for key in RULE if key != "mode"}, Rule, "it.mode"),
        (RULE | {"id": 1}, Rule, "it.id"),
        (RULE | {"source": "example-app-staging"}, Rule, "it.source"),
        (RULE | {"source": {"id": "a"}}, Rule, "it.source.name"),
        (RULE | {"strategy": None}, Rule, "it.strategy"),
        (RULE | {"targets": [*RULE["targets"], {"id": "c"}]}, Rule, "it.targets[1].name"),
        ([RULE, {}], list[Rule], "it[1].soak"),
        (PROMOTION | {"rule": {"id": "1"}}, Promotion, "it.rule.name"),
        (
            PROMOTION | {"gates": [*PROMOTION["gates"], None]},
            Promotion,
            "it.gates[1]",
        ),
    ],
)
def test_what_is_missing_is_named(answer: object, shape: Any, place: str) -> None:
    assert misfit(answer, shape) == place
