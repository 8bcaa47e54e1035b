"""The stage of the demo and of the benchmarks: every process, started as the Procfile says."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from demo.people import ANA, BEN, Person
from listener.local_postgres import server

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
ROBOT = "HRKU-demo-robot"
PATIENCE = 30.0
PORTS = range(20_000, 32_000)  # Linux and macOS give these to nobody who names none
_AGAIN = re.compile(r"requests of Heroku within a minute\. Try again in (\d+) s")
# They come with the tools of developers, and libraries that a dyno has load them where they are.
ONLY_HERE = ("pygments", "rich")


class DemoFailed(Exception):
    """A step of the demo did not have the promised result."""


def say(text: str = "") -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def free_port() -> int:
    """Return a port on which nobody listens now, and which nobody else who asks here is given.

    It is none of those that a system gives to whoever asks for any, for it might do so meanwhile.
    """
    # The same for everybody, whatever TMPDIR says to one of us.
    folder = Path(f"/tmp/autopromote-ports-{os.getuid()}")  # noqa: S108  closed to others
    folder.mkdir(mode=0o700, exist_ok=True)
    for port in secrets.SystemRandom().sample(PORTS, 100):
        mark = os.open(folder / str(port), os.O_WRONLY | os.O_CREAT, 0o600)
        with suppress(OSError), socket.socket() as probe:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.bind(("127.0.0.1", port))
            _MARKS.append(mark)
            if len(_MARKS) > MOST_MARKS:
                os.close(_MARKS.popleft())
            return port
        os.close(mark)
    raise DemoFailed("no port is free")


# Until a program listens on its port, another may draw it: who runs beside us sees that it is ours.
# Files that are open for as long as we run, the oldest of them no longer.
_MARKS: deque[int] = deque()
MOST_MARKS = 50


def wait_for(ask: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true, and return it. Raises DemoFailed."""
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        if answer := ask():
            return answer
        time.sleep(0.05)  # between two questions
    raise DemoFailed(f"waited {PATIENCE:.0f} s in vain for {what}")


def is_up(url: str) -> bool:
    """Return whether a server answers at this URL."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def without_tools(folder: Path) -> str:
    """Return a PYTHONPATH with which a process loads no more than it would on a dyno."""
    hidden = folder / "not-on-a-dyno"
    hidden.mkdir()
    for name in ONLY_HERE:
        (hidden / f"{name}.py").write_text("raise ModuleNotFoundError('a dyno has it not')\n")
    return str(hidden)


@contextmanager
def running(
    command: list[str], env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process; end it by its id when the block ends."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(env), stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


class Stage:
    """The processes, and the CLI as a person would use it."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        *,
        settings: Mapping[str, str] | None = None,
        prepare: Callable[[Stage], Mapping[str, str]] = lambda _: {},
        database: Callable[[], AbstractContextManager[str]] = server.throwaway,
        tell: Callable[[str], None] = say,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare the processes; `settings` are more of the listener's, `database` lends its URL.

        Before the listener starts, `prepare` finds the emulator up, and returns more settings.
        What a person shall see is given to `tell`, a line at a time; `go_on` is asked before each
        step, and raises where there shall be none.
        """
        self._folder = folder
        self._stack = stack
        self._http = stack.enter_context(httpx.Client(timeout=10, trust_env=False))
        self._settings = dict(settings or {})
        self._prepare = prepare
        self._database = database
        self._tell = tell
        self._go_on = go_on
        self._env = {
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
        }
        self.heroku_url = f"http://127.0.0.1:{free_port()}"
        self.github_url = f"{self.heroku_url}/_github/api/v3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        places = {"AUTOPROMOTE_URL": self.url, "HEROKU_API_URL": self.heroku_url}
        self.people = {
            person: person.environment(folder, self._env | places) for person in (ANA, BEN)
        }
        self.person = self.people[ANA]

    def start(self) -> None:
        """Start the emulator, PostgreSQL, and the listener with the Procfile's commands."""
        begun = time.monotonic()
        port = self.heroku_url.rpartition(":")[2]
        emulator = [str(BIN / "python"), "-m", "emulator", "--port", port, "--seed", "demo"]
        self._run(emulator, self._env, "emulator")
        self.database_url = self._stack.enter_context(self._database())
        wait_for(lambda: is_up(f"{self.heroku_url}/_emulator/state"), "the emulator")
        settings = self._env | {
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": secrets.token_hex(32),
            "HEROKU_API_KEY": ROBOT,
            "HEROKU_API_URL": self.heroku_url,
            "AUTOPROMOTE_GITHUB_URL": self.github_url,
            "AUTOPROMOTE_ADMINS": ANA.email,
            "AUTOPROMOTE_APPROVERS": BEN.email,
            "PUBLIC_URL": self.url,
            "PORT": str(self.port),
            "PYTHONPATH": without_tools(self._folder),
            **self._settings,
            **self._prepare(self),
        }
        lines = (ROOT / "Procfile").read_text().splitlines()
        procfile = {name: line.strip() for name, _, line in (one.partition(":") for one in lines)}
        self._shell(procfile["release"], settings)
        self.listener = self._run(["bash", "-c", f"exec {procfile['web']}"], settings, "listener")
        wait_for(lambda: is_up(f"{self.url}/readyz"), "the listener")
        self._tell(f"An emulated Heroku and GitHub: {self.heroku_url}    the listener: {self.url}")
        self._tell(f"Both are up, with PostgreSQL, after {time.monotonic() - begun:.1f} s.")

    def _run(
        self, command: list[str], env: Mapping[str, str], name: str
    ) -> subprocess.Popen[bytes]:
        self._go_on()
        log = self._folder / f"{name}.log"
        return self._stack.enter_context(running(command, env, log))

    def log_of(self, name: str) -> str:
        """Return the log of a process so far."""
        return (self._folder / f"{name}.log").read_text()

    def _shell(self, line: str, env: Mapping[str, str]) -> None:
        self._go_on()
        done = subprocess.run(
            ["bash", "-c", f"exec {line}"],
            cwd=ROOT,
            env=dict(env),
            capture_output=True,
            text=True,
            check=False,
        )
        self._go_on()  # Ctrl-C ends it, too
        if done.returncode:
            raise DemoFailed(f"{line}\n{done.stdout}{done.stderr}")

    def type(self, *words: str, who: Person = ANA) -> None:
        """Run the CLI and show its output, as if somebody typed it. Raises DemoFailed."""
        self._tell(f"\n{who.name}$ autopromote {shlex.join(words)}")
        done = self._cli(who, *words)
        for line in (done.stderr + done.stdout).splitlines():
            self._tell(f"  {line}" if line else "")
        if done.returncode:
            raise DemoFailed(f"autopromote {shlex.join(words)} ended with {done.returncode}")

    def ask(self, *words: str) -> Any:
        """Run the CLI as Ana with --json and return the parsed answer. Raises DemoFailed.

        Whoever asks for much gets only so many calls to Heroku a minute, and is told when again.
        """
        done = self._cli(ANA, *words, "--json")
        while done.returncode and (told := _AGAIN.search(done.stderr)):
            time.sleep(int(told[1]))
            done = self._cli(ANA, *words, "--json")
        if done.returncode:
            raise DemoFailed(done.stderr)
        return json.loads(done.stdout)

    def _cli(self, who: Person, *words: str) -> subprocess.CompletedProcess[str]:
        self._go_on()
        command = [str(BIN / "autopromote"), *words]
        done = subprocess.run(
            command,
            check=False,
            env=self.people[who],
            cwd=self._folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self._go_on()  # what Ctrl-C cut short is not told
        return done

    def heroku(self, path: str, body: Any, method: str = "POST") -> Any:
        """Ask the control API of the emulated Heroku, and return the answer."""
        self._go_on()
        answer = self._http.request(method, f"{self.heroku_url}/_emulator/{path}", json=body)
        return answer.raise_for_status().json()
