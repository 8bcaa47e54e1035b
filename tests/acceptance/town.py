"""A town on loopback: the emulator, dynos started as the Procfile says, and the real CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from demo.stage import free_port
from tests import patient

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ADMIN, ROBOT = "ana@example.com", "robot@example.com"
ADMIN_TOKEN, ROBOT_TOKEN = "HRKU-test-ana", "HRKU-test-robot"
PATIENCE = 120.0
ENDED = {"succeeded", "failed", "errored", "rolled_back", "superseded", "cancelled"} | {
    "rejected",
    "skipped",
    "shadowed",
}

Answer = TypeVar("Answer")


def wait_until(ask: Callable[[], Answer | None], what: str, patience: float = PATIENCE) -> Answer:
    """Ask until there is an answer that is true; fail with what was waited for."""
    ends_at = time.monotonic() + patience
    while time.monotonic() < ends_at:
        if answer := ask():
            return answer
        time.sleep(0.02)  # between two questions, never instead of one
    raise AssertionError(f"waited {patience} s in vain for {what}")


def environment(**values: str) -> dict[str, str]:
    """Nothing of the caller's environment but PATH, so that only the contract's variables count."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **values}


class Process:
    """A process group of ours, ended by its id."""

    def __init__(
        self, command: list[str], env: Mapping[str, str], log: Path, *, folder: Path = ROOT
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=folder, env=env, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Of the first process of the group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """It still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL the whole group, as when a dyno vanishes."""
        if self.is_alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, patience: float = 30.0) -> int:
        """SIGTERM as Heroku does; answers the exit code."""
        if self.is_alive:
            self._process.terminate()
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


class Heroku:
    """The emulator on a real socket, and what tests ask of it."""

    def __init__(self, log: Path) -> None:
        tokens = [f"{ADMIN_TOKEN}={ADMIN}", f"{ROBOT_TOKEN}={ROBOT}"]
        flags = [word for token in tokens for word in ("--token", token)]
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        command = [str(BIN / "python"), "-m", "emulator", "--port", str(port), *flags]
        self.process = Process(command, environment(), log)
        self._http = patient.Client(base_url=self.url)
        self._as_admin = {
            "Authorization": f"Bearer {ADMIN_TOKEN}",
            "Accept": "application/vnd.heroku+json; version=3",
        }
        wait_until(self._answers, "the emulator")

    def close(self) -> None:
        """End the emulator, and what is open to it."""
        self._http.close()
        self.process.kill()

    def _answers(self) -> bool:
        try:
            return self._http.get("/_emulator/state").is_success
        except httpx.TransportError:
            assert self.process.is_alive, self.process.log.read_text()
            return False

    def clear(self) -> None:
        """Take everything away that a test may have left."""
        for app in self.control("state", method="GET")["apps"]:
            self.control(f"apps/{app['id']}", method="DELETE")
        for left in ("faults", "requests"):
            self.control(left, method="DELETE")
        self.control("rate-limits", {"email": ROBOT, "remaining": 4500})

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """A call of the control API."""
        answer = self._http.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A call of the Platform API, as the admin."""
        answer = self._http.request(method, path, json=body, headers=self._as_admin | headers)
        assert answer.is_success, answer.text
        return answer.json()

    def app(self, name: str, **values: Any) -> Any:
        """Make an app that both accounts may use."""
        return self.control("apps", {"name": name, "collaborators": [ADMIN, ROBOT], **values})

    def deploy(self, app: str, **values: Any) -> Any:
        """A person deploys new code."""
        return self.control(f"apps/{app}/deploys", values)

    def releases(self, app: str) -> list[Any]:
        """All releases of an app, newest first."""
        found = self.api("GET", f"/apps/{app}/releases", Range="version ..; order=desc, max=1000")
        assert isinstance(found, list)
        return found

    def current(self, app: str) -> Any:
        """The release an app runs."""
        return next(release for release in self.releases(app) if release["current"])

    def posts(self, app: str) -> list[Any]:
        """The requests for new releases of an app that arrived."""
        return self.requests("POST", f"/apps/{app}/releases")

    def requests(self, method: str | None = None, ending: str = "") -> list[Any]:
        """The API requests that the listener's user made; apps by name or id."""
        names = {app["id"]: app["name"] for app in self.api("GET", "/apps")}
        found = []
        for request in self.control("requests", method="GET"):
            path = request["path"]
            for app_id, name in names.items():
                path = path.replace(app_id, name)
            is_ours = request["token_email"] == ROBOT and path.endswith(ending)
            if is_ours and method in (None, request["method"]):
                found.append(request | {"path": path})
        return found

    def fault(self, kind: str, method: str = "POST", path: str = ".*", **values: Any) -> None:
        """Have coming requests go wrong."""
        self.control("faults", {"kind": kind, "method": method, "path": path, **values})

    def wait_for_deliveries(self) -> None:
        """Until every webhook delivery that is due was handed over."""
        wait_until(lambda: self.control("webhooks/flush")["idle"], "webhook deliveries")


class Dyno:
    """The listener's web process, as the Procfile says, with the contract's environment only."""

    def __init__(self, env: Mapping[str, str], log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        lines = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines())
        web = next(command.strip() for name, _, command in lines if name == "web")
        values = {**env, "PORT": str(self.port)}
        self.process = Process(["bash", "-c", f"exec {web}"], environment(**values), log)
        wait_until(self._is_ready, f"the listener; see {log}")

    def _is_ready(self) -> bool:
        try:
            return patient.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            assert self.process.is_alive, self.process.log.read_text()
            return False


class Town:
    """Everything together; a test makes the apps it needs."""

    def __init__(self, heroku: Heroku, database_url: str, folder: Path) -> None:
        self.heroku = heroku
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "a secret key of at least thirty-two characters",
            "HEROKU_API_KEY": ROBOT_TOKEN,
            "AUTOPROMOTE_ADMINS": ADMIN,
            "HEROKU_API_URL": heroku.url,
            "PUBLIC_URL": self.url,
        }
        self.dynos: list[Dyno] = []
        self._http = patient.Client()
        self._token = ""

    def migrate(self) -> None:
        """The Procfile's release phase."""
        command = [str(BIN / "python"), "-m", "listener", "migrate"]
        env = environment(**self.settings)
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def start(self, *, second: bool = False, **settings: str) -> Dyno:
        """Start a web dyno: the one that Heroku delivers to, or a second one beside it."""
        log = self.folder / f"dyno-{len(self.dynos)}.log"
        dyno = Dyno(self.settings | settings, log, None if second else self.port)
        self.dynos.append(dyno)
        return dyno

    @contextmanager
    def beside(self, **settings: str) -> Iterator[Dyno]:
        """Run a second web dyno for a while; it works for nobody, and answers as the first does."""
        log = self.folder / "dyno-beside.log"
        dyno = Dyno(self.settings | settings | {"AUTOPROMOTE_RUNNERS": "0"}, log)
        try:
            yield dyno
        finally:
            dyno.process.kill()

    def move(self, folder: Path) -> None:
        """Give people another home, in which nobody has logged in."""
        self.folder, self._token = folder, ""

    @property
    def is_untouched(self) -> bool:
        """No dyno was ended or added since the first was started."""
        return len(self.dynos) == 1 and self.dynos[0].process.is_alive

    def close(self) -> None:
        """End every dyno."""
        self._http.close()
        for dyno in self.dynos:
            dyno.process.kill()

    def cli(self, *words: str, expect: int = 0, **env: str) -> str:
        """Run the real program; answers its stdout."""
        home = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}
        base = environment(
            AUTOPROMOTE_URL=self.url,
            HEROKU_API_URL=self.heroku.url,
            HEROKU_API_KEY=ADMIN_TOKEN,
            **home,
        )
        done = subprocess.run(
            [str(BIN / "autopromote"), *words],
            cwd=self.folder,
            env=base | env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if expect == 0 else done.stdout + done.stderr

    def json(self, *words: str) -> Any:
        """Run the real program with --json."""
        return json.loads(self.cli(*words, "--json"))

    def pair(self, source: str = "acme-staging", *targets: str, **rule: str) -> None:
        """Apps with one release each, a subscription and an armed rule between them."""
        targets = targets or ("acme-prod",)
        for app in (source, *targets):
            self.heroku.app(app)
            self.heroku.deploy(app)
        self.cli("login")
        self.cli("webhooks:add", "-a", source)
        flags = [word for name, value in rule.items() for word in (f"--{name}", value)]
        self.cli("rules:add", "ship", "--from", source, "--to", ",".join(targets), *flags)

    def use(self, token: str) -> None:
        """Ask with this token of the listener, where it lets nobody in by a Heroku token."""
        self._token = token

    def get(self, path: str) -> Any:
        """A call of the listener's API, for what is asked often: a program takes its time."""
        if not self._token:
            body = {"heroku_token": ADMIN_TOKEN}
            self._token = self._http.post(f"{self.url}/api/tokens", json=body).json()["token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._http.get(f"{self.url}/api/{path}", headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def promotions(self) -> list[Any]:
        """The promotions, newest first."""
        found = self.get("promotions")
        assert isinstance(found, list)
        return found

    def wait_for(self, status: str, version: int | None = None, target: str | None = None) -> Any:
        """The promotion once it has this status."""

        def look() -> Any:
            for one in self.promotions():
                is_it = version in (None, one["source"]["release"]["version"])
                is_there = target in (None, one["target"]["app"]["name"])
                if is_it and is_there and one["status"] == status:
                    return one
            return None

        return wait_until(look, f"{status} of v{version}; there are {self.promotions()}")
