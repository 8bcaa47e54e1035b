"""The requirement files are what `make lock` makes of pyproject.toml; no lock names an index."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = DECLARED["project"]
EXTRAS = PROJECT["optional-dependencies"]
SERVICE = [*PROJECT["dependencies"], *EXTRAS["listener"]]
LOCKS = {
    "requirements.txt": SERVICE,
    "requirements-dev.txt": [*SERVICE, *EXTRAS["local"], *EXTRAS["dev"]],
    "requirements-pages.txt": DECLARED["dependency-groups"]["pages"],
}


def pins(name: str) -> dict[str, str]:
    """Return the versions in a requirement file, by name."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_everything_asked_for_is_pinned_in_a_version_that_will_do(name: str) -> None:
    pinned = pins(name)
    wanted = [Requirement(line) for line in LOCKS[name]]

    assert [
        str(each)
        for each in wanted
        if not each.specifier.contains(pinned.get(canonicalize_name(each.name), "none"))
    ] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_its_hashes_and_nothing_names_an_index(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")

    assert [line for line in text.splitlines() if "--hash=sha256:" not in line] == []
    assert re.findall(r"://|--find-links|--index|^-", text, re.MULTILINE) == []


def test_development_has_what_production_has() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_the_driver_of_a_browser_brings_nothing_in_another_version() -> None:
    driver, development = pins("requirements-pages.txt"), pins("requirements-dev.txt")
    both = driver.keys() & development.keys()
    assert {name: driver[name] for name in both} == {name: development[name] for name in both}


@pytest.mark.parametrize("folder", ["tests/heroku_cli", "tests/browser"])
def test_a_lock_of_npms_has_its_hashes_and_names_no_registry(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}

    # What is bundled lies in the tarball of another package, whose hash covers it.
    fetched = {name for name, package in packages.items() if not package.get("inBundle")}
    hashed = {
        name for name in packages if packages[name].get("integrity", "").startswith("sha512-")
    }
    assert hashed == fetched
    assert [name for name in packages if "resolved" in packages[name]] == []
