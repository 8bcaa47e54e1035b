"""The test bed: an emulated Heroku, PostgreSQL behind a relay, dynos behind a router, one team."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx

from demo.stage import BIN, ROOT, free_port, is_up, without_tools
from reliability.database import Postgres, postgres
from reliability.processes import Process
from reliability.relay import DatabaseRelay, Router

ANA, ROBOT = "ana@example.com", "robot@example.com"
ABE, VIC = "abe@example.com", "vic@example.com"  # an approver and a viewer; Ana is admin
ANA_TOKEN, ROBOT_TOKEN = "HRKU-reliability-ana", "HRKU-reliability-robot"
ABE_TOKEN, VIC_TOKEN = "HRKU-reliability-abe", "HRKU-reliability-vic"
ACCOUNTS = {ANA_TOKEN: ANA, ROBOT_TOKEN: ROBOT, ABE_TOKEN: ABE, VIC_TOKEN: VIC}
# A plain rule, one with two targets, and one that promotes every deploy in turn to an app with a
# release phase.
RULES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "plain": ("plain-staging", ("plain-prod",), ()),
    "wide": ("wide-staging", ("wide-prod", "wide-eu"), ()),
    "each": ("each-staging", ("each-prod",), ("--on-newer", "keep")),
}
PHASE = {"each-prod": 0.7}
PATIENCE_SECONDS = 60.0


class Broken(Exception):
    """Something did not happen in time, or failed; the message says what."""


def await_(ask: Callable[[], Any], what: Callable[[], str], patience: float) -> Any:
    """Ask until the answer is true, and return it. Raises Broken."""
    ends_at = time.monotonic() + patience
    while time.monotonic() < ends_at:
        if answer := ask():
            return answer
        time.sleep(0.1)  # between two questions
    raise Broken(f"waited {patience:.0f} s in vain for {what()}")


class Heroku:
    """The emulator on a real socket, its control API, and its true records."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        tokens = [f"{token}={email}" for token, email in ACCOUNTS.items()]
        pace = ("--retry-first", "0.3", "--retry-longest", "2")
        command = [str(BIN / "python"), "-m", "emulator", "--port", str(port), *pace]
        command += ["--token", *tokens]
        self.process = Process(command, env, folder / "emulator.log", cwd=ROOT, name="emulator")
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Call the control API, and return the answer. Raises Broken."""
        answer = self._http.request(method, f"/_emulator/{path}", json=body)
        if not answer.is_success:
            raise Broken(f"{method} {path} {body}: {answer.text}")
        return answer.json() if answer.content else None

    def names(self) -> dict[str, str]:
        """Return the names of the apps by id."""
        state = self.control("state", method="GET")
        return {app["id"]: app["name"] for app in state["apps"]}

    def deliveries(self, app: str) -> list[Any]:
        """Return the deliveries about an app, with their events."""
        found: list[Any] = self.control(f"apps/{app}/deliveries", method="GET")
        return found

    def releases(self, app: str) -> list[Any]:
        """Return every release of an app as it truly is, oldest first."""
        found: list[Any] = self.control(f"apps/{app}/releases", method="GET")
        return found

    def requests(self) -> list[Any]:
        """Return the requests to the Platform API so far."""
        found: list[Any] = self.control("requests", method="GET")
        return found

    def close(self) -> None:
        """End the emulator."""
        self._http.close()
        self.process.kill()


class Ground:
    """The whole test bed: Heroku, the relay, the router, and the listener's processes."""

    def __init__(self, folder: Path, database: Postgres, chance: Random, stack: ExitStack) -> None:
        self.folder = folder
        self.database = database
        self.chance = chance
        # A killed process leaves files behind; they are deleted with the folder.
        (folder / "tmp").mkdir()
        self.env = {
            "TMPDIR": str(folder / "tmp"),
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
        }
        self.heroku = Heroku(self.env, folder)
        stack.callback(self.heroku.close)
        self.relay = DatabaseRelay(_short(stack), database.socket)
        stack.callback(self.relay.close)
        self.processes: list[Process] = []
        self._ports: dict[Process, int] = {}
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._router = Router(port, self._live_ports)
        stack.callback(self._router.close)
        stack.callback(self.end_all)
        self._settings = self.env | {
            "DATABASE_URL": self.relay.url,
            "SECRET_KEY": secrets.token_hex(32),
            "HEROKU_API_KEY": ROBOT_TOKEN,
            "HEROKU_API_URL": self.heroku.url,
            "AUTOPROMOTE_ADMINS": ANA,
            "AUTOPROMOTE_APPROVERS": ABE,
            "AUTOPROMOTE_VIEWERS": VIC,
            "AUTOPROMOTE_RECONCILE": "20s",
            "PUBLIC_URL": self.url,
        }
        self._without_tools = without_tools(folder)
        self._person = self.env | {
            "AUTOPROMOTE_URL": self.url,
            "HEROKU_API_URL": self.heroku.url,
            "HEROKU_API_KEY": ANA_TOKEN,
        }

    # Processes.

    def start(self, kind: str, *, code: Path = ROOT) -> Process:
        """Start a process of the Procfile (`web` or `worker`), from this code or another."""
        lines = (code / "Procfile").read_text().splitlines()
        line = next(words.strip() for name, _, words in _parted(lines) if name == kind)
        port = free_port()
        paths = f"{self._without_tools}{os.pathsep}{code}"
        env = self._settings | {"PORT": str(port), "PYTHONPATH": paths}
        log = self.folder / f"{kind}-{len(self._ports)}.log"
        command = ["bash", "-c", f"exec {line}"]
        process = Process(command, env, log, cwd=code, name=kind)
        self._ports[process] = port
        self.processes.append(process)
        return process

    def migrate(self) -> None:
        """Run the Procfile's release phase. Raises Broken."""
        command = [str(BIN / "python"), "-m", "listener", "migrate"]
        done = subprocess.run(
            command, cwd=ROOT, env=self._settings, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Broken(f"migrate: {done.stderr}")

    def of(self, kind: str) -> list[Process]:
        """Return the living processes of a kind."""
        return [each for each in self.processes if each.name == kind and each.is_alive]

    def is_ready(self) -> bool:
        """Return whether there is a web process and all of them say that they are ready."""
        webs = self.of("web")
        return bool(webs) and all(
            is_up(f"http://127.0.0.1:{self._ports[each]}/readyz") for each in webs
        )

    def port_of(self, process: Process) -> int:
        """Return where a process listens."""
        return self._ports[process]

    def end_all(self) -> None:
        """End every process of the listener."""
        for process in self.processes:
            process.end()

    def _live_ports(self) -> list[int]:
        webs = [self._ports[each] for each in self.of("web")]
        start = secrets.randbelow(len(webs)) if webs else 0
        return webs[start:] + webs[:start]

    # People.

    def type(self, *words: str, patience: float = 30.0) -> tuple[int, str]:
        """Run the real CLI; return its exit code and all its output."""
        command = [str(BIN / "autopromote"), *words]
        try:
            done = subprocess.run(
                command,
                env=self._person,
                cwd=self.folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return -1, "no answer in time"
        return done.returncode, done.stdout + done.stderr

    def must_type(self, *words: str) -> str:
        """Run the real CLI, and return its output. Raises Broken unless it succeeds."""
        code, said = self.type(*words)
        if code:
            raise Broken(f"autopromote {' '.join(words)} ended with {code}:\n{said}")
        return said


def _parted(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    return (line.partition(":") for line in lines)


def _short(stack: ExitStack) -> Path:
    """Create a folder with a short path: the path of a socket is limited."""
    made = tempfile.TemporaryDirectory(prefix="autopromote-", dir="/tmp")
    return Path(stack.enter_context(made))


@contextmanager
def ground(seed: int, *, dynos: int, workers: int) -> Iterator[Ground]:
    """Create apps, rules and processes; end them with the block."""
    with (
        tempfile.TemporaryDirectory(prefix="autopromote-reliability-") as folder,
        ExitStack() as stack,
    ):
        database = stack.enter_context(postgres())
        made = Ground(Path(folder), database, Random(seed), stack)
        await_(lambda: is_up(f"{made.heroku.url}/_emulator/state"), lambda: "the emulator", 30)
        made.migrate()
        for kind in ["web"] * dynos + ["worker"] * workers:
            made.start(kind)
        for app in (app for source, targets, _ in RULES.values() for app in (source, *targets)):
            _make_app(made.heroku, app)
        await_(made.is_ready, lambda: "the listener", PATIENCE_SECONDS)
        made.must_type("login")
        for name, (source, targets, more) in RULES.items():
            made.must_type("webhooks:add", "--app", source)
            made.must_type("rules:add", name, "--from", source, "--to", ",".join(targets), *more)
        yield made


def _make_app(heroku: Heroku, app: str) -> None:
    heroku.control("apps", {"name": app, "owner": ANA, "collaborators": [ROBOT]})
    heroku.control(f"apps/{app}/deploys", {})
    if app in PHASE:
        phase = {"release_phase": {"seconds": PHASE[app]}}
        heroku.control(f"apps/{app}", phase, "PATCH")
