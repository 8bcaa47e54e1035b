"""The people of the demo, and what lets anybody play one of them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What somebody has set for a listener or a Heroku of their own.
FOREIGN = (
    *("AUTOPROMOTE_TOKEN", "HEROKU_APP", "HEROKU_HOST", "HEROKU_GIT_HOST"),
    *("XDG_CONFIG_HOME", "XDG_CACHE_HOME"),
)
OURS = ("AUTOPROMOTE_URL", "HEROKU_API_URL", "HEROKU_API_KEY", "HOME")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a Heroku account and a home of their own."""

    name: str
    email: str
    token: str

    def environment(self, folder: Path, shared: Mapping[str, str]) -> dict[str, str]:
        """Return all that a command of theirs needs; the home is made in the folder."""
        home = folder / "home" / self.name
        home.mkdir(parents=True, exist_ok=True)
        return {**shared, "HOME": str(home), "HEROKU_API_KEY": self.token}


ANA = Person("ana", "ana@example.com", "HRKU-demo-ana")
BEN = Person("ben", "ben@example.com", "HRKU-demo-ben")


def write_program(path: Path, environment: Mapping[str, str]) -> Path:
    """Write a program that runs one command as a person: `ana autopromote promotions`."""
    programs = environment["PATH"].partition(os.pathsep)[0]
    set_here = " ".join(f"{name}={shlex.quote(environment[name])}" for name in OURS)
    lines = (
        "#!/bin/sh",
        "# Nothing of it stays in the shell that it is called from.",
        f"unset {' '.join(FOREIGN)}",
        f'export {set_here} PATH={shlex.quote(programs)}{os.pathsep}"$PATH"',
        'exec "$@"',
    )
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o700)  # it holds a token, though one of an emulated Heroku
    return path
