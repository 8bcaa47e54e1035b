"""Help and misuse wait for nothing: what a command needs is loaded when it is run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.program import Autopromote

LOADED = """
import json, runpy, sys
sys.argv[1:] = {arguments}
try:
    runpy.run_module("cli", run_name="__main__")
except SystemExit:
    pass
print()
print(json.dumps(sorted(sys.modules)))
"""
OURS_ONLY = {"flask", "sqlalchemy", "listener", "emulator", "pydantic"}
LAZY = {"httpx", "netrc", "cli.api", "cli.credentials", "cli.heroku", "cli.login", "cli.watch"}


def loaded_by(autopromote: Autopromote, *arguments: str) -> set[str]:
    """Return the names of the modules that are loaded when the program ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments=list(arguments))],
        cwd=autopromote.directory,
        env=autopromote.environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_version_needs_not_even_click(autopromote: Autopromote) -> None:
    loaded = loaded_by(autopromote, "--version")
    assert "cli.version" in loaded
    assert not loaded & (OURS_ONLY | LAZY | {"click", "cli.program"})


@pytest.mark.parametrize("arguments", [(), ("--help",), ("nonsense",)])
def test_the_list_of_commands_imports_none(
    autopromote: Autopromote, arguments: tuple[str, ...]
) -> None:
    loaded = loaded_by(autopromote, *arguments)
    assert "cli.program" in loaded
    assert not loaded & (OURS_ONLY | LAZY)
    assert not [name for name in loaded if name.startswith("cli.commands")]


@pytest.mark.parametrize(
    "name",
    ["rules:add", "promotions", "promote", "rollback", "diff", "doctor", "holds:release", "login"],
)
def test_a_commands_help_loads_no_http(autopromote: Autopromote, name: str) -> None:
    loaded = loaded_by(autopromote, name, "--help")
    assert not loaded & (OURS_ONLY | {"httpx", "cli.api"})
    assert len([module for module in loaded if module.startswith("cli.commands.")]) <= 5


def test_a_command_that_talks_loads_what_it_needs_and_nothing_of_the_listener(
    autopromote: Autopromote,
) -> None:
    loaded = loaded_by(autopromote, "login", "--url", "http://127.0.0.1:1")
    assert not loaded & OURS_ONLY
