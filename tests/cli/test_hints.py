"""An error names the next step, once."""

from __future__ import annotations

import json
import re

import pytest

from autopromote.hints import HINTS
from autopromote.main import COMMANDS
from tests.cli.program import Autopromote, failed
from tests.cli.stranger import answer, stranger


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "Couldn't find that rule.",
            "Couldn't find that rule.\nRun `autopromote rules` for a list.",
        ),
        ("Run `autopromote doctor`.", "Run `autopromote doctor`."),
    ],
)
def test_an_error_without_a_next_step_gets_one(
    autopromote: Autopromote, message: str, shown: str
) -> None:
    with stranger(
        answer("404 Not Found", json.dumps({"id": "rule_not_found", "message": message}))
    ) as listener:
        env = {"AUTOPROMOTE_URL": listener.url, "AUTOPROMOTE_TOKEN": "t"}
        assert autopromote("rules:info", "ship", **env) == failed(shown, "rule_not_found")


@pytest.mark.parametrize("hint", HINTS.values())
def test_a_hint_names_a_command_that_is_there(hint: str) -> None:
    found = re.search(r"`autopromote ([a-z:]+)`", hint)
    assert found is not None
    assert found[1] in COMMANDS
