"""A run that is told to end leaves no process behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from demo.stage import ROOT

SECONDS = 100.0
WEB = "gunicorn"
ENDS_BY_7 = """
from reliability.processes import until_signalled
with until_signalled():
    raise SystemExit(7)
"""


@pytest.mark.skipif(shutil.which("ps") is None, reason="it looks for processes by ps (procps)")
def test_sigterm_ends_all_that_was_started(tmp_path: Path) -> None:
    """As `kill` and the end of a job in CI send it, to the first process alone."""
    run = subprocess.Popen(
        [sys.executable, "-m", "reliability", "crash"],
        cwd=ROOT,
        env=os.environ | {"N": "1000", "SEED": "1", "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    started: dict[int, str] = {}
    try:
        ends_at = time.monotonic() + SECONDS
        while not any(WEB in command for command in started.values()):
            assert run.poll() is None
            assert time.monotonic() < ends_at
            time.sleep(0.1)  # between two looks
            started = below(run.pid)
        run.terminate()
        assert run.wait(SECONDS) == 128 + signal.SIGTERM
        assert [each for each in started.items() if each in running().items()] == []
    finally:
        for pid in (run.pid, *started) if run.poll() is None else started:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_run_ends_by_its_own_error_where_there_is_no_ps(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ENDS_BY_7],
        cwd=ROOT,
        env=os.environ | {"PATH": str(tmp_path)},
        check=False,
    )
    assert run.returncode == 7


def running() -> dict[int, str]:
    """Every process but zombies: its command by its id."""
    return {pid: command for pid, _, command in _listed()}


def below(first: int) -> dict[int, str]:
    """The processes that one has started, and those that they have."""
    found: dict[int, str] = {}
    parents, listed = {first}, _listed()
    while parents:  # a child's number may be the lower one: they begin anew at some time
        children = {pid: command for pid, parent, command in listed if parent in parents}
        found |= children
        parents = set(children)
    return found


def _listed() -> list[tuple[int, int, str]]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 3) for line in listed.stdout.splitlines())
    return [
        (int(pid), int(parent), command) for pid, parent, stat, command in rows if stat[0] != "Z"
    ]
