"""The program tells its version, the one that is in the package."""

from __future__ import annotations

import re
import tomllib

import pytest

from autopromote.version import VERSION
from tests.cli.program import Autopromote


def test_the_version_is_that_of_the_distribution(request: pytest.FixtureRequest) -> None:
    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_the_version_is_said_as_the_heroku_cli_says_it(autopromote: Autopromote) -> None:
    outcome = autopromote("--version")
    assert (outcome.stderr, outcome.code) == ("", 0)
    assert re.fullmatch(
        rf"autopromote/{re.escape(VERSION)} \S+ python-3\.\d+\.\d+\n", outcome.stdout
    )
