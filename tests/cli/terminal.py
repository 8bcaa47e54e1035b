"""A terminal for a program to print on."""

from __future__ import annotations

import os
import pty
import subprocess
from io import FileIO

from tests.cli.program import Autopromote


def on_a_terminal(autopromote: Autopromote, script: str, **env: str) -> str:
    """Run a script on a terminal of 40 columns; return what is printed on it."""
    command = [*autopromote.command()[:1], "-c", script]
    printed, code = shown(command, autopromote.environment(COLUMNS="40", **env))
    assert code == 0, printed
    return printed


def shown(command: list[str], env: dict[str, str]) -> tuple[str, int]:
    """Run a program on a terminal; return what is printed on it, and the exit code."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    with FileIO(ours) as terminal:
        printed = b"".join(iter(lambda: read(terminal), b""))
    return printed.decode().replace("\r\n", "\n"), child.wait(timeout=60)


def read(terminal: FileIO) -> bytes:
    """Read on; a terminal that nobody writes to any more is at its end."""
    try:
        return terminal.read(4096)
    except OSError:
        return b""
