"""How long commands take, compared with the official Heroku CLI, in turns in one run.

The program is measured as people have it: a wheel, installed in an environment of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Part, compared, median, told
from bench.stages import ship, staged
from demo.stage import ROOT, Stage

ROUNDS = 10
HEROKU_CLI = "HEROKU_CLI"
CACHED = ROOT / ".heroku-cli" / "node_modules" / ".bin" / "heroku"  # of `make test-heroku-cli`
# Telemetry, updates and notes would use the network; "true" is the only value that it accepts.
QUIET = {
    "DISABLE_TELEMETRY": "true",
    "HEROKU_SKIP_NEW_VERSION_CHECK": "1",
    "HEROKU_DISABLE_AUTOUPDATE": "1",
    "HIDE_HEROKU_RELEASE_NOTES": "1",
    "TERM": "dumb",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, its environment, and the command it is compared with.

    It shall take at most 1/`share` of the time of `against`.
    """

    words: tuple[str, ...]
    env: Mapping[str, str]
    against: str | None = None
    share: int = 1

    @property
    def name(self) -> str:
        """The command as a person types it."""
        return " ".join((Path(self.words[0]).name, *self.words[1:]))


def lines(stage: Stage, folder: Path) -> list[Line]:
    """Return the command lines to measure: ours, and the official CLI's if it is installed."""
    program = str(install(folder))
    ours = [
        Line((program, "--version"), stage.person, "heroku --version", 8),
        Line((program, "--help"), stage.person, "heroku --version", 8),
        Line((program, "rules"), stage.person, "heroku webhooks -a ship-staging", 4),
        Line((program, "__complete", "fish", "rules:"), stage.person),
    ]
    heroku = official()
    if heroku is None:
        return ours
    env = stage.person | QUIET | {"HEROKU_HOST": stage.heroku_url}
    env["HEROKU_PARTICLEBOARD_URL"] = stage.heroku_url
    words = ((heroku, "--version"), (heroku, "webhooks", "-a", "ship-staging"))
    return [*ours, *(Line(each, env) for each in words)]


def install(folder: Path) -> Path:
    """Build the wheel and install it as pipx does; return the path of the program."""
    python = folder / "venv" / "bin" / "python"
    quietly = ("-m", "pip", "--disable-pip-version-check", "-qq")
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT))
    _run(sys.executable, *quietly, *wheel)
    _run(sys.executable, "-m", "venv", str(folder / "venv"))
    _run(str(python), *quietly, "install", *map(str, folder.glob("*.whl")))
    return python.parent / "autopromote"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


def official() -> str | None:
    """Return the path of the official CLI, or None.

    It is `HEROKU_CLI`, else on PATH, else in the cache of this checkout.
    """
    cached = str(CACHED) if CACHED.exists() else None
    return os.environ.get(HEROKU_CLI) or shutil.which("heroku") or cached


def measure() -> Part:
    """Run every command in turns and compare ours with its counterpart, by medians."""
    with staged() as stage, tempfile.TemporaryDirectory() as folder:
        ship(stage, "ship")
        measured = lines(stage, Path(folder))
        took = _took(measured)
    figures = [_figure(line, took) for line in measured if line.words[0] != official()]
    missing = "`heroku` is not installed: `make test-heroku-cli` installs it in this checkout."
    return Part(figures, () if official() else (missing,))


def _took(measured: list[Line]) -> dict[str, list[float]]:
    """Return the ms of each command; all run once per round, so that load hits all alike."""
    took: dict[str, list[float]] = {line.name: [] for line in measured}
    for number in range(ROUNDS + 1):
        for line in measured:
            begun = time.perf_counter()
            subprocess.run(line.words, env=dict(line.env), capture_output=True, check=True)
            if number:  # the first round warms every cache up
                took[line.name].append((time.perf_counter() - begun) * 1000)
    return took


def _figure(line: Line, took: Mapping[str, list[float]]) -> Figure:
    ours, peer = median(took[line.name]), took.get(line.against or "")
    if peer is None:
        return told(f"`{line.name}`", ours, "ms")
    what = f"`{line.name}` beside `{line.against}`"
    return compared(what, ours, median(peer), "ms", most=1 / line.share)
