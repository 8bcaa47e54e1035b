"""The program tells its version, installed or not."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from cli.version import installed_version
from tests.cli.program import Autopromote


def test_the_version_is_that_of_the_distribution(autopromote: Autopromote) -> None:
    try:
        expected = version("heroku-autopromote")
    except PackageNotFoundError:
        expected = "0+source"

    outcome = autopromote("--version")
    assert (outcome.stderr, outcome.code) == ("", 0)
    assert re.fullmatch(
        rf"autopromote/{re.escape(expected)} \S+ python-3\.\d+\.\d+\n", outcome.stdout
    )


def test_a_checkout_that_nobody_installed_says_so() -> None:
    assert installed_version("no-such-distribution") == "0+source"
