"""The real program, run in a scratch home, with nothing of this machine's own configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.cli.starter import Starter, can_start

ROOT = Path(__file__).resolve().parents[2]
BAR = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}   "


def barred(*lines: str) -> str:
    """Return lines as the Heroku CLI prints errors and warnings."""
    return "".join(f"{BAR}{line}".rstrip() + "\n" for line in lines)


def failed(message: str, error_id: str | None = None) -> Outcome:
    """Return how a command fails before it has said anything."""
    end = ["", f"Error ID: {error_id}"] if error_id else []
    return Outcome("", barred(*f"Error: {message}".split("\n"), *end), 1)


def misused(*lines: str) -> Outcome:
    """Return how a misuse ends."""
    return Outcome("", barred(*lines), 2)


class Outcome(NamedTuple):
    """What a run of the program left; equal to the bare tuple of it."""

    stdout: str
    stderr: str
    code: int


@dataclass(frozen=True)
class Autopromote:
    """Runs the program as a person would, from a directory, with an environment."""

    home: Path
    directory: Path
    bin: Path
    env: Mapping[str, str] = field(default_factory=dict)
    starter: Starter | None = None  # without one, Python is started each time

    def __call__(self, *arguments: str, stdin: str = "", **env: str) -> Outcome:
        environment = self.environment(**env)
        if self.starter is not None and can_start(environment):
            return Outcome(*self.starter.run(arguments, self.directory, environment, stdin))
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=environment,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
            check=False,
        )
        return Outcome(done.stdout, done.stderr, done.returncode)

    def command(self, *arguments: str) -> list[str]:
        """Return what is run for these arguments."""
        return [sys.executable, "-m", "autopromote", *arguments]

    def environment(self, **env: str) -> dict[str, str]:
        """Return a whole environment; only what measures coverage comes from ours."""
        measuring = {key: value for key, value in os.environ.items() if key.startswith("COV")}
        basic = {"HOME": str(self.home), "PATH": str(self.bin), "LANG": "C.UTF-8", "TZ": "UTC"}
        return {**measuring, **basic, "PYTHONPATH": str(ROOT / "cli"), **self.env, **env}
