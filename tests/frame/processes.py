"""The listener's processes, as the Procfile starts them with the contract's environment alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx

from demo.stage import free_port
from tests import patient
from tests.acceptance.town import BIN, ROOT, Process, environment, wait_until

KEY = "k" * 32


def settings(database_url: str) -> dict[str, str]:
    """The four variables that are required; Heroku is nowhere."""
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": KEY,
        "HEROKU_API_KEY": "HRKU-test",
        "AUTOPROMOTE_ADMINS": "ana@example.com",
        "HEROKU_API_URL": "http://127.0.0.1:9",
    }


def line_of(kind: str) -> list[str]:
    """The Procfile's line, for the shell that a dyno starts it with."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    [line] = [line.partition(":")[2].strip() for line in lines if line.startswith(f"{kind}:")]
    return ["bash", "-c", f"exec {line}"]


def dyno(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process, and what measures coverage in it."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return environment(**measured, **env)


def do(
    kind: str, env: Mapping[str, str], *, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        line_of(kind),
        cwd=folder,
        env=dyno(env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start(kind: str, env: Mapping[str, str], log: Path) -> Process:
    """Start it."""
    return Process(line_of(kind), dyno(env), log)


def saying(process: Process, words: str) -> None:
    """Wait until its log has these words."""
    wait_until(lambda: words in process.log.read_text(), f"{words!r} in {process.log}")


def workers(pid: int) -> list[int]:
    """The processes that this one has forked."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Web:
    """A web process that answers."""

    def __init__(
        self,
        env: Mapping[str, str],
        log: Path,
        command: list[str] | None = None,
        *,
        folder: Path = ROOT,
    ) -> None:
        port = free_port()
        values = dyno({**env, "PORT": str(port)})
        self.process = Process(command or line_of("web"), values, log, folder=folder)
        self.http = patient.Client(base_url=f"http://127.0.0.1:{port}")
        self.port = port
        wait_until(self._answers, f"an answer; see {log}")

    def _answers(self) -> bool:
        try:
            return self.http.get("/healthz").is_success
        except httpx.TransportError:
            assert self.process.is_alive, self.process.log.read_text()
            return False

    def end(self) -> None:
        """Whatever happened."""
        self.http.close()
        self.process.stop()


PYTHON = str(BIN / "python")
