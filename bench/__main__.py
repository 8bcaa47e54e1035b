"""`make bench`: everything side by side in one run; `make bench ARGS=door` measures a part."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from os import cpu_count, getloadavg
from pathlib import Path

from bench import (
    door,
    history,
    idle,
    look,
    memory,
    neighbours,
    page,
    post,
    starts,
    statements,
    waiting,
)
from bench.figures import HEAD, Part
from bench.stages import mutter
from demo.stage import say

PARTS: Mapping[str, Callable[[], Part]] = {
    "door": door.measure,
    "post": post.measure,
    "statements": statements.measure,
    "history": history.measure,
    "look": look.measure,
    "neighbours": neighbours.measure,
    "page": page.measure,
    "idle": idle.measure,
    "memory": memory.measure,
    "waiting": waiting.measure,
    "starts": starts.measure,
}


def main(names: list[str]) -> int:
    """Measure the parts with these names, all by default, and print what RESULTS.md holds."""
    if unknown := set(names) - set(PARTS):
        mutter(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
        return 2
    parts = {name: _measured(name) for name in names or PARTS}
    say(f"{_machine()}\n\n{HEAD}")
    for part in parts.values():
        for figure in part.figures:
            say(figure.line)
    notes = [note for part in parts.values() for note in part.notes]
    say("\n" + "\n".join(f"- {note}" for note in notes))
    return 0


def _measured(name: str) -> Part:
    begun = time.monotonic()
    part = PARTS[name]()
    mutter("\n".join(figure.line for figure in part.figures))
    mutter(f"{name} took {time.monotonic() - begun:.0f} s")
    return part


def _machine() -> str:
    """Say when and where this was measured."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, CPython {platform.python_version()},"
        f" {platform.system()} {platform.machine()}, {cpu_count()} cores ({_processor()}),"
        f" load average {getloadavg()[0]:.1f} at the end."
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
