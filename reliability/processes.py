"""Our own processes and signals to them; no other process is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 30.0  # what Heroku gives a dyno after SIGTERM


@contextmanager
def until_signalled() -> Iterator[None]:
    """Run the block, which ends by SIGTERM and SIGHUP as by Ctrl-C; nobody we started is left.

    The first of them counts. Others would cut the tidying up short.
    """

    def end(number: int, _: FrameType | None) -> None:
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for each in ENDINGS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, end)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):  # without ps, the block's own error is to be seen
            for pid in children(os.getpid()):  # one that was started as the signal came
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)


class Process:
    """A process group of our own."""

    def __init__(
        self, command: list[str], env: Mapping[str, str], log: Path, *, cwd: Path, name: str
    ) -> None:
        self.name = name
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=cwd, env=dict(env), stdout=out, stderr=out, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The id of the first process of the group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the first process of the group still runs."""
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def send_to_child(self, number: signal.Signals, place: int) -> int | None:
        """Send a signal to one child; return its id, or None if there is none."""
        found = children(self.pid) if self.is_alive else []
        if not found:
            return None
        pid = found[place % len(found)]
        return pid if send(number, pid) else None

    def kill(self) -> None:
        """Send SIGKILL to the whole group, as when a dyno vanishes."""
        self.send(signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> None:
        """Send SIGTERM to the whole group, as Heroku does; return at once."""
        self.send(signal.SIGTERM)

    def end(self) -> None:
        """End the group, cleanly if possible."""
        self.send(signal.SIGCONT)
        self.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def send(number: signal.Signals, pid: int) -> bool:
    """Send a signal; return False if the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = (line.split() for line in listed.stdout.splitlines())
    return sorted(int(child) for child, parent in pairs if int(parent) == pid)
