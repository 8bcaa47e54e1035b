"""What processes load, they have once for all of them, and their threads allocate in one place."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from listener import process_memory
from tests.frame.processes import Web, saying, settings, start, workers

ON_LINUX = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="there is no /proc")
ON_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc's malloc")
ARENA = 64 * 1024 * 1024  # what glibc reserves for one, at a multiple of this
SETTLED = """
import gc
from listener import process_memory
kept = [[] for _ in range(1000)]
process_memory.settle()
print(gc.get_freeze_count(), any(one is kept for one in gc.get_objects()))
"""
REPLACED = """
from listener import process_memory, roles
process_memory.settle()
names = [f"{each.__module__}.{each.__name__}" for each in object.__subclasses__()]
print(names.count("listener.roles.Entry"))
"""
SHARING = """
import sys
from dataclasses import FrozenInstanceError, dataclass, field
from types import ModuleType

from listener import process_memory

@dataclass(frozen=True, slots=True)
class Sealed:
    name: str
    key: str = field(repr=False)
    inner: object = None

    @dataclass
    class Open:
        name: str

@dataclass(frozen=True, slots=True)
class Spoken:
    name: str

    def __repr__(self):
        return "in words of its own"

room = sys.modules["listener.room"] = ModuleType("listener.room")
vars(room).update(Sealed=Sealed, Spoken=Spoken, Open=Sealed.Open)
for each in (Sealed, Spoken, Sealed.Open):
    each.__module__ = "listener.room"
one = Sealed("a", "secret", Sealed("b", "secret", [Spoken("c")]))
for _ in range(2):
    print(one, Sealed.Open(Spoken("d")))
    for name in ("name", "key"):
        for change in (lambda: setattr(one, name, "x"), lambda: delattr(one, name)):
            try:
                change()
            except FrozenInstanceError as error:
                print(error)
    Sealed.Open("a").name = "b"
    print("--")
    process_memory.settle()
print(Sealed.__setattr__ is Spoken.__setattr__, Sealed.__repr__ is Sealed.Open.__repr__)
"""
LOADED = """
import httpcore
from listener import app
from listener.outbound import http

def refuse():
    raise AssertionError("read anew")

app.load()
httpcore.default_ssl_context = refuse
print(http.trusted().cert_store_stats()["x509_ca"])
"""
SEALING = """
import os, re, sys
from pathlib import Path
from listener import crypto

if "prepared" in sys.argv:
    crypto.prepare()
if (child := os.fork()) == 0:
    keys = crypto.Keys(["k" * 32])
    assert keys.open(keys.seal(b"a secret")) == b"a secret"
    mappings = re.split(r"^(?=[0-9a-f]+-)", Path("/proc/self/smaps").read_text(), flags=re.M)
    of_library = [each for each in mappings if "/cryptography/" in each.partition("\\n")[0]]
    print(sum(int(re.search(r"Rss: +([0-9]+)", each)[1]) for each in of_library), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def shared_megabytes(pid: int) -> float:
    """What a process has written, before it was forked or after, and shares with others."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Shared_Dirty:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"nothing is told of {pid}")


def arenas(pid: int) -> int:
    """How many arenas there are beside the first one: what is in use of each, and its reserve."""
    maps = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    spans = [tuple(int(end, 16) for end in line[0].split("-")) for line in maps]
    pairs = zip(spans, spans[1:], maps[1:], strict=False)
    return sum(
        used[0] % ARENA == 0 and used[1] == spare[0] and spare[1] == used[0] + ARENA
        for used, spare, line in pairs
        if line[1] == "---p"
    )


def test_the_collector_leaves_alone_what_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True
    )
    frozen, is_looked_at = done.stdout.split()
    assert int(frozen) > 1000
    assert is_looked_at == "False"


def test_no_class_stays_from_which_another_was_made() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPLACED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


def test_dataclasses_that_share_methods_do_and_say_what_they_did(tmp_path: Path) -> None:
    program = tmp_path / "program.py"  # Python tells what it makes itself by that it is of no file
    program.write_text(SHARING)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    before, after, are_shared = done.stdout.split("--\n")
    assert before == after
    described, *refused = after.splitlines()
    assert described == (
        "Sealed(name='a', inner=Sealed(name='b', inner=[in words of its own]))"
        " Sealed.Open(name=in words of its own)"
    )
    assert refused == [
        "cannot assign to field 'name'",
        "cannot delete field 'name'",
        "cannot assign to field 'key'",
        "cannot delete field 'key'",
    ]
    assert are_shared == "True True\n"


def told_by(code: str, *words: str) -> int:
    """The number that a process of its own prints."""
    command = [sys.executable, "-c", code, *words]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_authorities_are_read_before_processes_part() -> None:
    assert told_by(LOADED) > 100


@ON_LINUX
def test_a_process_seals_without_what_only_the_first_use_executes() -> None:
    assert told_by(SEALING, "prepared") + 500 < told_by(SEALING)


def test_a_child_makes_what_its_parent_keeps() -> None:
    here = os.getpid()
    made = process_memory.made_by_child(lambda: f"{os.getppid()}".encode() * 100_000)
    assert made == f"{here}".encode() * 100_000


def test_of_a_child_that_fails_nothing_is_kept() -> None:
    def fail() -> bytes:
        raise AssertionError

    assert process_memory.made_by_child(fail) is None


@ON_LINUX
@ON_GLIBC
def test_web_processes_share_what_they_load(database_url: str, tmp_path: Path) -> None:
    web = Web(settings(database_url) | {"WEB_CONCURRENCY": "2"}, tmp_path / "log")
    try:
        saying(web.process, "event=runners_started")
        found = workers(web.process.pid)
        assert len(found) == 2
        assert all(shared_megabytes(pid) > 35 for pid in found)
        assert [arenas(pid) for pid in found] == [0, 0]
    finally:
        web.end()


@ON_LINUX
@ON_GLIBC
def test_the_threads_of_a_worker_share_one_arena(database_url: str, tmp_path: Path) -> None:
    worker = start("worker", settings(database_url), tmp_path / "log")
    try:
        saying(worker, "event=step work=chore key=reconcile outcome=done")
        assert arenas(worker.pid) == 0
    finally:
        worker.kill()
