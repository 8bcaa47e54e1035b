"""What every test of the command line may ask for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Autopromote
from tests.cli.starter import Starter


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    """What starts the program in no time."""
    made = Starter()
    yield made
    made.close()


@pytest.fixture
def autopromote(tmp_path: Path, starter: Starter) -> Autopromote:
    """The program, in an empty home and directory, with nothing but git on its PATH."""
    home, directory, programs = (tmp_path / name for name in ("home", "directory", "bin"))
    for folder in (home, directory, programs):
        folder.mkdir()
    git = shutil.which("git")
    assert git is not None, "these tests use git"
    (programs / "git").symlink_to(git)
    return Autopromote(home, directory, programs, starter=starter)
