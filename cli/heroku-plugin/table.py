"""Tells the plugin which commands the program has, and its version: `make plugin` runs this."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from autopromote.main import ALIASES, COMMANDS
from autopromote.overview import NAME, PURPOSE

HERE = Path(__file__).parent
VERSION = re.compile(r'(?<="version": ")[^"]+')


def main() -> None:
    """Write both where they differ from what stands there."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]
    package = HERE / "package.json"
    package.write_text(VERSION.sub(project["version"], package.read_text(), count=1))
    (HERE / "commands.json").write_text(f"{json.dumps(table(), indent=2)}\n")


def table() -> dict[str, dict[str, str]]:
    """Return the commands by their names in the Heroku CLI, and the program's other topic names."""
    lines = {f"{NAME}:{name}": line for name, (_, line) in COMMANDS.items()}
    itself = {NAME: PURPOSE}
    return {"commands": itself | lines, "aliases": ALIASES}


if __name__ == "__main__":
    main()
