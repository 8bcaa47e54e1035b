"""The README keeps up with the code: every command, setting, gate and status word is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.main import COMMANDS
from listener.config import VARIABLES
from listener.core.gates.registry import ALWAYS, OF_RULES
from listener.core.promotion import Status

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
GRAPH = README.split("The states of a promotion:")[1].split("```")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{re.escape(name)}`", README)


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES] + ["PUBLIC_URL"])
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", [gate.name for gate in (*ALWAYS, *OF_RULES)])
def test_every_gate_is_in_the_readme(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("status", Status, ids=str)
def test_every_status_is_in_the_graph(status: Status) -> None:
    assert re.search(rf"\b{status}\b", GRAPH)
