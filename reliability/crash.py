"""`make crash`: processes, the database and commits die while people work."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import psycopg

from demo.stage import ROOT
from reliability.database import PRLIMIT
from reliability.ground import ROBOT, Ground
from reliability.people import People
from reliability.processes import Process, send

LEASE_SECONDS = 31.0
KILL, TERM, STOP, CONT = signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGCONT


class Crash:
    """Random accidents from a seed, each with its end."""

    def __init__(self, ground: Ground, people: People, chance: Random, *, is_long: bool) -> None:
        self._ground = ground
        self._people = people
        self._chance = chance
        self._later: list[tuple[float, Callable[[], object]]] = []
        self._stopped: set[int] = set()
        self._old_code: Path | None = None
        self._old: list[Process] = []
        self.counts: dict[str, int] = {}
        self.accidents: dict[str, tuple[int, Callable[[], object]]] = {
            "runner killed": (8, lambda: self._hit_group("worker", KILL)),
            "web worker killed": (8, lambda: self._hit_child(KILL)),
            "dyno killed": (8, lambda: self._hit_group("web", KILL)),
            "runner terminated": (4, lambda: self._hit_group("worker", TERM)),
            "web worker terminated": (4, lambda: self._hit_child(TERM)),
            "dyno terminated": (4, lambda: self._hit_group("web", TERM)),
            "stopped for seconds": (5, lambda: self._stop(self._chance.uniform(0.5, 4))),
            "stopped past the lease": (2, lambda: self._stop(LEASE_SECONDS)),
            "database crashed": (5, self._crash_database),
            "database killed": (2, self._kill_database),
            "backends terminated": (6, self._ground.database.cut_off),
            "commits lost": (9, self._lose_commits),
            "commits dropped": (9, self._drop_commits),
            "read-only": (4, self._only_read),
        }
        if is_long and shutil.which(PRLIMIT):
            self.accidents["disk full"] = (2, self._fill_disk)
        if is_long:
            self.accidents["old code beside new"] = (2, self._start_old)

    def use_old(self, revision: str) -> bool:
        """Unpack the code of an older revision; return False if the clone does not have it."""
        done = subprocess.run(
            ["git", "archive", "--format=tar", revision], cwd=ROOT, capture_output=True, check=False
        )
        if done.returncode:
            self.accidents.pop("old code beside new", None)
            return False
        self._old_code = self._ground.folder / "old"
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(self._old_code, filter="data")
        return True

    def happen(self) -> None:
        """Let people act, cause one accident during it, and let time pass."""
        self._ground.heroku.control("rate-limits", {"email": ROBOT, "remaining": 4500})
        for _ in range(self._chance.randint(1, 2)):
            self._people.act()
        time.sleep(self._chance.uniform(0, 0.25))  # the work is at a random point
        weights = [weight for weight, _ in self.accidents.values()]
        name = self._chance.choices(list(self.accidents), weights)[0]
        try:
            self.accidents[name][1]()
        except psycopg.OperationalError:  # the accident needs a running database
            name = "none, for the database was away"
        self.counts[name] = self.counts.get(name, 0) + 1
        self._go_on(self._chance.uniform(0.1, 0.9))

    def heal(self) -> None:
        """End all accidents, and have every process run."""
        commits = self._ground.relay.commits
        commits.to_lose = commits.to_drop = 0
        for _, end in sorted(self._later, key=lambda each: each[0]):
            end()
        self._later.clear()
        self._ground.database.start()
        self._ground.database.only_read(False)

    def _go_on(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while (now := time.monotonic()) < ends_at:
            due = [each for each in self._later if each[0] <= now]
            self._later = [each for each in self._later if each[0] > now]
            for _, end in due:
                end()
            time.sleep(0.05)  # time has to pass

    def _after(self, seconds: float, end: Callable[[], object]) -> None:
        self._later.append((time.monotonic() + seconds, end))

    # Processes.

    def _hit_group(self, kind: str, number: signal.Signals) -> None:
        found = [each for each in self._ground.of(kind) if each not in self._old]
        if not found:
            return
        process = self._chance.choice(found)
        process.kill() if number == KILL else process.terminate()
        self._ground.start(kind)

    def _hit_child(self, number: signal.Signals) -> None:
        process = self._chance.choice(self._ground.of("web"))
        process.send_to_child(number, self._chance.randrange(4))

    def _stop(self, seconds: float) -> None:
        """Stop a process for so many seconds: the worker of a web process, or a runner."""
        process = self._chance.choice(self._ground.of("web") + self._ground.of("worker"))
        place = self._chance.randrange(4)
        if process.name == "worker":
            pid: int | None = process.pid
            process.send(STOP)
        else:
            pid = process.send_to_child(STOP, place)
        if pid is not None:
            self._after(seconds, lambda: send(CONT, pid))

    def _start_old(self) -> None:
        if self._old_code is None or any(each.is_alive for each in self._old):
            return
        process = self._ground.start(self._chance.choice(("web", "worker")), code=self._old_code)
        self._old.append(process)
        self._after(self._chance.uniform(8, 20), process.kill)

    # The database.

    def _crash_database(self) -> None:
        self._hurt_database(self._ground.database.crash)

    def _kill_database(self) -> None:
        self._hurt_database(self._ground.database.kill)

    def _hurt_database(self, hurt: Callable[[], object]) -> None:
        if self._ground.database.is_running:
            hurt()
            self._after(self._chance.uniform(0, 2), self._ground.database.start)

    def _lose_commits(self) -> None:
        self._ground.relay.commits.to_lose += self._chance.randint(1, 3)
        self._people.deploy()

    def _drop_commits(self) -> None:
        self._ground.relay.commits.to_drop += self._chance.randint(1, 3)
        self._people.deploy()

    def _only_read(self) -> None:
        database = self._ground.database
        database.only_read(True)
        self._after(self._chance.uniform(0.5, 4), lambda: self._writable(database.start))

    def _writable(self, start: Callable[[], object]) -> None:
        start()
        self._ground.database.only_read(False)

    def _fill_disk(self) -> None:
        database = self._ground.database
        if database.is_running:
            database.fill_disk(True)
            self._after(self._chance.uniform(1, 4), self._empty_disk)

    def _empty_disk(self) -> None:
        database = self._ground.database
        if database.is_running:
            database.fill_disk(False)
        database.start()
