"""Help and misuse wait for nothing: what a command needs is loaded when it is run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.program import Autopromote
from tests.cli.stranger import answer, stranger

LOADED = """
import json, runpy, sys
before = set(sys.modules)  # what measures coverage is no part of the program
sys.argv[1:] = {arguments}
try:
    runpy.run_module("autopromote", run_name="__main__")
except SystemExit:
    pass
print()
print(json.dumps(sorted(set(sys.modules) - before)))
"""
OURS_ONLY = {"flask", "sqlalchemy", "listener", "emulator", "pydantic"}
SLOW = {"importlib.metadata", "subprocess", "tempfile", "asyncio"}  # for something we may not do
LAZY = {
    "httpx",
    "netrc",
    "autopromote.api",
    "autopromote.credentials",
    "autopromote.heroku",
    "autopromote.login",
    "autopromote.commands.promotions.watch",
}


def loaded_by(autopromote: Autopromote, *arguments: str, **env: str) -> set[str]:
    """Return the names of the modules that are loaded when the program ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments=list(arguments))],
        cwd=autopromote.directory,
        env=autopromote.environment(**env),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--version",), (), ("--help",), ("-h",), ("help",)])
def test_the_version_and_the_list_of_commands_need_next_to_nothing(
    autopromote: Autopromote, arguments: tuple[str, ...]
) -> None:
    loaded = loaded_by(autopromote, *arguments)
    ours = {name for name in loaded if name.startswith("autopromote.")}
    assert ours <= {
        "autopromote.__main__",
        "autopromote.main",
        "autopromote.version",
        "autopromote.overview",
        "autopromote.calling",
    }
    assert not loaded & (OURS_ONLY | LAZY | SLOW | {"click"})


def test_a_command_that_is_none_imports_none(autopromote: Autopromote) -> None:
    loaded = loaded_by(autopromote, "nonsense")
    assert "autopromote.program" in loaded
    assert not loaded & (OURS_ONLY | LAZY | SLOW)
    assert not [name for name in loaded if name.startswith("autopromote.commands")]


def test_a_list_loads_what_it_needs(autopromote: Autopromote) -> None:
    with stranger(answer("200 OK", "[]")) as listener:
        env = {"AUTOPROMOTE_URL": listener.url, "AUTOPROMOTE_TOKEN": "t"}
        loaded = loaded_by(autopromote, "rules", **env)
    commands = {name for name in loaded if name.startswith("autopromote.commands.")}
    assert commands == {f"autopromote.commands.rules{each}" for each in ("", ".index", ".view")}
    assert "httpx" in loaded
    assert not loaded & (OURS_ONLY | (LAZY - {"httpx", "autopromote.api"}) | (SLOW - {"tempfile"}))


@pytest.mark.parametrize(
    "name",
    ["rules:add", "promotions", "promote", "rollback", "diff", "doctor", "holds:release", "login"],
)
def test_a_commands_help_loads_no_http(autopromote: Autopromote, name: str) -> None:
    loaded = loaded_by(autopromote, name, "--help")
    assert not loaded & (OURS_ONLY | {"httpx", "autopromote.api"})
    assert len([module for module in loaded if module.startswith("autopromote.commands.")]) <= 5


def test_a_command_that_talks_loads_what_it_needs_and_nothing_of_the_listener(
    autopromote: Autopromote,
) -> None:
    loaded = loaded_by(autopromote, "login", "--url", "http://127.0.0.1:1")
    assert not loaded & OURS_ONLY
