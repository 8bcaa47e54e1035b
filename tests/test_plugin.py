"""The Heroku CLI's plugin knows every command, and is of the version that it is packed with."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from autopromote.main import ALIASES, COMMANDS
from autopromote.overview import PURPOSE

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "cli" / "heroku-plugin"
PACKAGE = json.loads((PLUGIN / "package.json").read_text())
TABLE = json.loads((PLUGIN / "commands.json").read_text())
MEND = "run `make plugin`, or `.venv/bin/python cli/heroku-plugin/table.py`"


def test_it_has_every_command_with_its_line_of_help() -> None:
    lines = {f"autopromote:{name}": line for name, (_, line) in COMMANDS.items()}
    program = {"autopromote": PURPOSE}

    assert TABLE["commands"] == program | lines, MEND
    assert TABLE["aliases"] == ALIASES, MEND


def test_its_version_is_the_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert PACKAGE["version"] == project["version"], MEND
    assert f"/heroku-autopromote-{project['version']}.tgz" in (ROOT / "README.md").read_text()


def test_its_topic_is_called_what_the_program_calls_itself() -> None:
    topic = PACKAGE["oclif"]["topics"]["autopromote"]

    assert topic["description"] == TABLE["commands"]["autopromote"]


def test_every_file_it_needs_is_packed_and_nothing_is_installed_with_it() -> None:
    assert sorted(PACKAGE["files"]) == sorted(
        [path.name for path in PLUGIN.glob("*.js")] + ["commands.json"]
    )
    assert [name for name in PACKAGE if name.lower().endswith("dependencies")] == []
    assert "scripts" not in PACKAGE
