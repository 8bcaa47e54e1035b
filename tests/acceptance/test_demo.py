"""`make demo` on a real terminal: what it shows, and that nothing outlives it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select

import pytest

from tests import patient
from tests.acceptance.town import BIN, ROOT, environment, wait_until

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(sys.platform != "linux", reason="orphans are known on Linux alone"),
]
PATIENCE = 150.0  # a week goes by, and the machine may be busy
ENDING = 120.0  # each of its processes has ten seconds, and the machine may be busy
PYTHON = str(BIN / "python")


class Showing:
    """The demo on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._terminal, theirs = pty.openpty()
        os.set_blocking(self._terminal, False)
        self._shown = b""
        self._is_open = True
        self._nursery = subprocess.Popen(
            [PYTHON, "-m", "tests.acceptance.nursery", PYTHON, "-m", "demo"],
            cwd=ROOT,
            env=environment(TMPDIR=str(folder), TERM="xterm"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def reads(self, words: str) -> str:
        """Wait until these words stand on the terminal; answers all that does."""

        def look() -> str | None:
            self._read()
            return self.shown if words in self.shown else None

        return wait_until(look, f"{words!r}", PATIENCE)

    @property
    def shown(self) -> str:
        """Of what was read so far."""
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def _read(self) -> None:
        while self._is_open and select([self._terminal], [], [], 0)[0]:
            try:
                self._shown += os.read(self._terminal, 65536)
            except OSError:
                return

    def interrupt(self) -> None:
        """Press Ctrl-C, impatiently."""
        os.write(self._terminal, b"\x03" * 5)

    def terminate(self) -> None:
        """SIGTERM, to the demo alone."""
        os.kill(children(self._nursery.pid)[0], signal.SIGTERM)

    def processes(self) -> list[int]:
        """All that the demo started and that runs."""
        return descendants(self._nursery.pid)

    def shut(self) -> None:
        """Close the terminal, as its window is closed."""
        if self._is_open:
            os.close(self._terminal)
        self._is_open = False

    def is_over(self) -> bool:
        """Nothing that the demo started runs any more."""
        self._read()
        return self._nursery.poll() is not None

    @property
    def code(self) -> int:
        """How the demo ended."""
        return self._nursery.wait()

    def end(self) -> None:
        """Whatever happened."""
        self.shut()
        while not self.is_over():
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes that this one started, or took over."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid: int) -> list[int]:
    """And theirs."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


@pytest.fixture
def showing(tmp_path: Path) -> Iterator[Showing]:
    showing = Showing(tmp_path)
    yield showing
    showing.end()


@pytest.mark.parametrize(
    ("way", "moment"),
    [
        pytest.param(Showing.shut, "Logging in", id="the terminal is closed"),
        pytest.param(Showing.interrupt, "Both are up", id="Ctrl-C, again and again"),
        pytest.param(Showing.terminate, "A week goes by", id="SIGTERM"),
    ],
)
def test_nothing_outlives_a_demo_that_is_ended_half_way(
    showing: Showing, tmp_path: Path, way: Callable[[Showing], None], moment: str
) -> None:
    showing.reads(moment)
    assert len(showing.processes()) > 5

    way(showing)

    wait_until(showing.is_over, f"the end of all; {showing.shown}", ENDING)
    assert (showing.code, list(tmp_path.iterdir())) == (130, [])
    assert "failed" not in showing.shown
    assert "Traceback" not in showing.shown


def test_a_colleague_approves_and_both_can_be_played_by_pasted_lines(
    showing: Showing, tmp_path: Path
) -> None:
    shown = showing.reads("until `exit`")
    [ana] = set(re.findall(r"^  (/\S+/ana) autopromote", shown, re.MULTILINE))
    [ben] = set(re.findall(r"^  (/\S+/ben) autopromote", shown, re.MULTILINE))
    elsewhere = environment(HOME=str(tmp_path), AUTOPROMOTE_TOKEN="of-another", HEROKU_APP="mine")

    def paste(line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line], env=elsewhere, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    [push] = re.findall(r"^  (curl .*)", shown, re.MULTILINE)
    paste(push)
    waiting = re.compile(r"^(\d+) +waiting .*v9.*acme-prod-eu", re.MULTILINE)
    row = wait_until(
        lambda: waiting.search(paste(f"{ana} autopromote promotions")), "the one that waits"
    )
    assert re.search(r"^  \d+ +rolled_back .*acme-api-us", shown, re.MULTILINE)
    assert re.search(r"^  \d+ +waiting .*acme-billing-prod .*approvals", shown, re.MULTILINE)
    assert len(re.findall(r"^  \d+ +succeeded .*~ [1-6]d ago", shown, re.MULTILINE)) >= 8
    [page] = re.findall(r"^The page: (\S+)", shown, re.MULTILINE)
    assert "Log in with Heroku" in patient.get(page, trust_env=False, follow_redirects=True).text
    [wall] = re.findall(r"^  (http://\S+/wall/\S+)$", shown, re.MULTILINE)
    assert "rolled_back" in patient.get(wall, trust_env=False).text
    assert re.search(r"^  [0-9A-Z]{5}-[0-9A-Z]{5}$", shown, re.MULTILINE)
    assert "ben$ autopromote promotions:approve" in shown
    assert re.search(r"waits: .*\btests\b", shown)
    assert "#4 Take coupons at the checkout, ben" in shown
    assert "to production, queued, in_progress, success" in shown
    links = re.findall(r"http://\S+/(?:compare/\S+|deployments)", shown)
    pages = [patient.get(link, trust_env=False).text for link in links]
    assert [len(pages), "Take coupons" in pages[-2], "success" in pages[-1]] == [3, True, True]
    assert "a release of yours" in paste(f"{ana} autopromote promotions:approve {row[1]}")
    assert "Approved by ben@example.com" in paste(f"{ben} autopromote promotions:approve {row[1]}")
    assert "ana@example.com" in paste(f"{ana} sh -c 'autopromote whoami'")
    assert not (tmp_path / ".config").exists()

    showing.shut()

    wait_until(showing.is_over, "the end of all", ENDING)
    assert showing.code == 0
