"""Documents keep up with the code: what the README promises is all, what the map names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autopromote.main import COMMANDS
from listener.config import VARIABLES
from listener.core.figures import DEFINITIONS, Name
from listener.core.gates.registry import ALWAYS, OF_RULES
from listener.core.promotion import Status

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
MAP = (ROOT / "ARCHITECTURE.md").read_text()
GRAPH = MAP.split("## The states of a promotion")[1].split("```")[1]
SOURCES = {path: path.read_text() for path in (ROOT / "listener").rglob("*.py")}
# What looks like a path, with a name of that module at its end or not.
PLACES = sorted(set(re.findall(r"`([\w./-]+[./][\w/]*)`", MAP)))


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


@pytest.mark.parametrize("name", Name, ids=str)
def test_every_figure_is_in_the_readme_in_its_own_words(name: Name) -> None:
    is_ = DEFINITIONS[name]
    assert f"| {is_.title} | {is_.words} |" in README


def is_there(words: str) -> bool:
    """Whether it is a file or a folder, from the top or from `listener/` on."""
    return any((ROOT / top / words).exists() for top in ("", "listener"))


def is_defined(words: str) -> bool:
    """Whether a module or a class of the listener knows the name: `module.name`, `Class.name`."""
    *_, where, name = re.split(r"[./]", words)
    knows = re.compile(rf"\b{name}\b")
    return any(
        knows.search(text)
        for path, text in SOURCES.items()
        if path.stem == where or re.search(rf"^class {where}\b", text, re.MULTILINE)
    )


@pytest.mark.parametrize("words", PLACES)
def test_what_the_map_names_is_there(words: str) -> None:
    assert is_there(words) or is_defined(words)
