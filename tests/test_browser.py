"""Without a browser the tests of the pages are skipped, aloud; one that is named must be there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.chromium import NAMES, NONE

ROOT = Path(__file__).resolve().parents[1]


def look(path: Path, named: str = "") -> tuple[int, str]:
    """Look for a browser in this folder: the exit code, and what is said."""
    looked = subprocess.run(
        [sys.executable, "-m", "tests.browser.chromium"],
        cwd=ROOT,
        env=os.environ | {"PATH": str(path), "CHROMIUM": named},
        capture_output=True,
        text=True,
        check=False,
    )
    return looked.returncode, looked.stdout + looked.stderr


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """What looks like one, in a folder of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / NAMES[-1]
    program.touch(0o755)
    return program


def test_one_is_found_on_the_path_or_where_it_is_named(browser: Path, tmp_path: Path) -> None:
    assert look(browser.parent) == (0, "")
    assert look(tmp_path, str(browser)) == (0, "")


def test_where_there_is_none_that_is_said(tmp_path: Path) -> None:
    code, said = look(tmp_path)
    assert code == NONE
    assert said.startswith("The pages are not tried: no Chromium is here: ")
    assert said.count("\n") == 1


def test_one_that_is_named_and_not_there_is_a_mistake(browser: Path) -> None:
    assert look(browser.parent, "/nowhere/chromium") == (
        1,
        "The pages are not tried: CHROMIUM names /nowhere/chromium, and no such program is here.\n",
    )
