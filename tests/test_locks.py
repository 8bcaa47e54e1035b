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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
SERVICE = [*PROJECT["dependencies"], *EXTRAS["listener"]]
LOCKS = {
    "requirements.txt": SERVICE,
    "requirements-dev.txt": [*SERVICE, *EXTRAS["local"], *EXTRAS["dev"]],
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


def test_the_official_clis_lock_has_its_hashes_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "tests/heroku_cli/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}

    # What is bundled lies in the tarball of another package, whose hash covers it.
    fetched = {name for name, package in packages.items() if not package.get("inBundle")}
    hashed = {
        name for name in packages if packages[name].get("integrity", "").startswith("sha512-")
    }
    assert hashed == fetched
    assert [name for name in packages if "resolved" in packages[name]] == []
