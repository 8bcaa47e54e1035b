"""Starts the program by a fork of one process that has loaded the libraries of others.

Loading click and httpx takes longer than all a command does. What is ours is not loaded here: each
run imports it anew, in a process, a directory and an environment of its own, as
`python -m autopromote` does. The acceptance tests start Python itself.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("click", "difflib", "encodings.idna", "httpcore", "httpx", "inspect", "tomllib")
# What the interpreter heeds as it begins, and what measures coverage.
HEEDED = ("COV", "LC_", "PYTHON")
LANG = "C.UTF-8"
_MOST = 1 << 20  # bytes of arguments and environment
_Order = tuple[Sequence[str], str, dict[str, str]]  # arguments, directory, environment


def can_start(env: Mapping[str, str]) -> bool:
    """Return whether a process that has begun already can do with this environment."""
    heeded = {name for name in env if name.startswith(HEEDED)} - {"PYTHONPATH"}
    return not heeded and env.get("LANG") == LANG


class Starter:
    """The way to the process that forks; it ends when ours does."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.starter", str(theirs.fileno())],
                cwd=ROOT,
                env={"LANG": LANG, "TZ": "UTC", "PYTHONPATH": str(ROOT / "cli")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def run(
        self, arguments: Sequence[str], directory: Path, env: Mapping[str, str], stdin: str
    ) -> tuple[str, str, int]:
        """Run the program; return what it printed, its errors and its code as subprocess does."""
        with ExitStack() as stack:
            files = [stack.enter_context(TemporaryFile("w+", encoding="utf-8")) for _ in range(3)]
            files[0].write(stdin)
            files[0].seek(0)
            code = self._start((arguments, str(directory), {**env}), files)
            stdout, stderr = (file.read() for file in files[1:] if file.seek(0) == 0)
        return stdout, stderr, code

    def _start(self, order: _Order, files: Sequence[IO[str]]) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                descriptors = [*(file.fileno() for file in files), theirs.fileno()]
                socket.send_fds(self._orders, [json.dumps(order).encode()], descriptors)
            ours.settimeout(60)
            return int(ours.recv(16))

    def close(self) -> None:
        """Have it fork no more."""
        self._orders.close()
        self._process.wait()


def _serve(orders: socket.socket) -> None:
    """Fork for each order; return in each process that is to become the program."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    while True:
        order, files, _, _ = socket.recv_fds(orders, _MOST, 4)
        if not order:
            sys.exit()
        if not os.fork():
            orders.close()
            return _become(json.loads(order), files)
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                """Let go of those that have told how their program ended."""


def _become(order: _Order, files: list[int]) -> None:
    *standard, answer = files
    if program := os.fork():
        _tell(program, answer)
    arguments, directory, env = order
    os.close(answer)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv[1:] = arguments


def _tell(program: int, answer: int) -> NoReturn:
    """Wait for the program, and tell how it ended."""
    _, status = os.waitpid(program, 0)
    os.write(answer, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("autopromote", run_name="__main__", alter_sys=True)
