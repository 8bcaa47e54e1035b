"""`promotions --watch` and `events --follow` over restarts of the listener and of its database.

All followers watch one story together: a deploy, one while the listener is away, one while
PostgreSQL is, one more, and a delivery that is replayed.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any

import pytest

from reliability.database import postgres
from tests.acceptance.town import ADMIN_TOKEN, BIN, ROOT, Heroku, Town, environment, wait_until
from tests.cli.test_live import screen_of

pytestmark = pytest.mark.acceptance

PATIENCE = 90.0  # the longest pause of a follower is thirty seconds
PROGRAM = str(BIN / "autopromote")
NURSERY = (str(BIN / "python"), "-m", "tests.acceptance.nursery")


class Follower:
    """The real program, followed in turn; its output is read as it comes."""

    def __init__(self, town: Town, *words: str, on_terminal: bool = False) -> None:
        self.words = words
        self._printed, self._complained = bytearray(), bytearray()
        env = environment(
            AUTOPROMOTE_URL=town.url,
            HOME=str(town.folder),
            XDG_CONFIG_HOME=str(town.folder / "config"),
            HEROKU_API_URL=town.heroku.url,
            HEROKU_API_KEY=ADMIN_TOKEN,
            **(
                {"COLUMNS": "150", "LINES": "30", "TERM": "xterm", "NO_COLOR": "1"}
                if on_terminal
                else {}
            ),
        )
        del env["PYTHONUNBUFFERED"]  # nobody sets it
        self._terminal: int | None = None
        if on_terminal:
            self._terminal, theirs = pty.openpty()
            self._process = subprocess.Popen(
                [*NURSERY, PROGRAM, *words],
                cwd=ROOT,
                env=env,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
            os.close(theirs)
            self._readers = [self._reader(self._terminal, self._printed)]
            return
        self._process = subprocess.Popen(
            [PROGRAM, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            self._reader(self._process.stdout.fileno(), self._printed),
            self._reader(self._process.stderr.fileno(), self._complained),
        ]

    def _reader(self, source: int, into: bytearray) -> Thread:
        def read() -> None:
            try:
                while piece := os.read(source, 65536):
                    into.extend(piece)
            except OSError:  # of a terminal whose other end is closed
                return

        thread = Thread(target=read, daemon=True)
        thread.start()
        return thread

    @property
    def printed(self) -> str:
        """What it printed so far."""
        return self._printed.decode(errors="replace")

    @property
    def complained(self) -> str:
        """What it said beside."""
        return self._complained.decode(errors="replace")

    def complained_of(self, words: str, times: int) -> bool:
        """Whether it said these words so often."""
        return self.complained.count(words) >= times

    @property
    def lines(self) -> list[str]:
        """Each whole line."""
        return self.printed.splitlines()

    def reads(self, pattern: str) -> None:
        """Wait until something like this was printed."""
        found = re.compile(pattern)

        def look() -> bool:
            assert self._process.poll() is None, (self.words, self.printed, self.complained)
            return found.search(self.printed) is not None

        what = f"{pattern} of {self.words}; {self.printed[-2000:]} {self.complained}"
        wait_until(look, what, PATIENCE)

    def interrupt(self) -> int:
        """Press Ctrl-C; answers the exit code, after all that was printed was read."""
        if self._terminal is not None:
            os.write(self._terminal, b"\x03")
        else:
            self._process.send_signal(signal.SIGINT)
        code = self._process.wait(60)
        for reader in self._readers:
            reader.join(60)
        return code

    def end(self) -> None:
        """Whatever happened."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._terminal is not None:
            os.close(self._terminal)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


@dataclass
class Crowd:
    """All that follow."""

    watching: Follower
    watching_as_json: Follower
    on_terminal: Follower
    tail: Follower
    tail_as_json: Follower

    @property
    def all(self) -> list[Follower]:
        """Each of them."""
        ones = [self.watching, self.watching_as_json, self.on_terminal]
        return [*ones, self.tail, self.tail_as_json]


@dataclass
class Story:
    """What everybody saw, and what the listener knows at the end."""

    crowd: Crowd
    codes: list[int]
    events: list[Any]
    promotions: list[Any]
    taken_back: str  # the event of an outcome that a replay took back


@pytest.fixture(scope="module")
def story(one_heroku: Heroku, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Live the story once, for all tests of this file."""
    one_heroku.clear()
    with postgres() as database:
        town = Town(one_heroku, database.url, tmp_path_factory.mktemp("followed"))
        with ExitStack() as stack:
            stack.callback(town.close)
            town.migrate()
            town.start()
            town.pair()
            crowd = gather(town, stack)
            deploy(town, crowd)

            town.dynos[-1].process.stop()
            town.heroku.deploy("acme-staging")
            away(crowd, times=1)
            town.start()
            all_read(town, crowd)

            database.crash()
            town.heroku.deploy("acme-staging")
            away(crowd, times=2)
            database.start()
            all_read(town, crowd)
            deploy(town, crowd)

            town.heroku.wait_for_deliveries()
            wait_until(lambda: is_settled(town), "an outcome of every delivery")
            again = town.get("deliveries")[-1]["id"]
            town.cli("webhooks:replay", again)
            events = town.get("events?limit=1000")
            crowd.tail_as_json.reads(re.escape(events[-1]["id"]))
            codes = [each.interrupt() for each in crowd.all]
            yield Story(crowd, codes, events, town.promotions(), f"outcome-{again}")


def gather(town: Town, stack: ExitStack) -> Crowd:
    """Have all begin to follow, and the terminal drawn."""

    def begin(*words: str, on_terminal: bool = False) -> Follower:
        follower = Follower(town, *words, on_terminal=on_terminal)
        stack.callback(follower.end)
        return follower

    watch, follow = ("promotions", "--watch"), ("events", "--follow")
    crowd = Crowd(
        watching=begin(*watch),
        watching_as_json=begin(*watch, "--json"),
        on_terminal=begin(*watch, on_terminal=True),
        tail=begin(*follow),
        tail_as_json=begin(*follow, "--json"),
    )
    crowd.on_terminal.reads("There are no such promotions")
    return crowd


def deploy(town: Town, crowd: Crowd) -> None:
    """Deploy, and wait until everybody saw where it went."""
    town.heroku.deploy("acme-staging")
    all_read(town, crowd)


def all_read(town: Town, crowd: Crowd) -> None:
    """Wait until the release that runs on staging is in production, and everybody saw it."""
    version = town.heroku.current("acme-staging")["version"]
    row = town.wait_for("succeeded", version)
    crowd.watching.reads(rf"v{version} to .*: succeeded")
    crowd.watching_as_json.reads(rf'"id": "{row["id"]}".*"status": "succeeded"')
    crowd.on_terminal.reads(rf"{row['id']} +succeeded")
    crowd.tail.reads(rf"of ⬢ acme-staging v{version} to ⬢ acme-prod: succeeded")
    crowd.tail_as_json.reads(rf'"event": "succeeded".*"promotion": {{"id": "{row["id"]}"')


def away(crowd: Crowd, *, times: int) -> None:
    """Wait until everybody has noticed that nobody answers, for the first or the second time."""
    for each in crowd.all:
        if each is crowd.on_terminal:
            each.reads("No answer since")
        else:
            said = partial(each.complained_of, "Trying on.", times)
            wait_until(said, f"a word of {each.words}: {each.complained}", PATIENCE)


def is_settled(town: Town) -> bool:
    """Whether each delivery was decided on."""
    return all(each["settled_at"] is not None for each in town.get("deliveries"))


def test_ctrl_c_ends_each_of_them_and_nothing_is_broken(story: Story) -> None:
    assert story.codes == [130] * 5
    for each in story.crowd.all:
        assert "Traceback" not in each.printed + each.complained
        assert each.printed.endswith("\n")


def test_in_a_pipe_each_promotion_is_followed_to_its_end(story: Story) -> None:
    ends = [re.search(r"v(\d+) to .*: succeeded", line) for line in story.crowd.watching.lines]
    versions = [int(found[1]) for found in ends if found]
    known = [each["source"]["release"]["version"] for each in reversed(story.promotions)]
    assert versions == known  # each once, in order
    assert len(known) == 4
    assert story.crowd.watching.complained.count("The listener answers again.") == 2


def test_as_json_no_line_says_again_what_the_last_one_said(story: Story) -> None:
    lines = [json.loads(line) for line in story.crowd.watching_as_json.lines]
    states = Counter((each["id"], each["status"], each["reason"]) for each in lines)
    assert set(states.values()) == {1}
    ended = {each["id"]: each["status"] for each in lines}
    assert ended == {each["id"]: "succeeded" for each in story.promotions}


def test_a_terminal_shows_all_of_them_as_they_are(story: Story) -> None:
    printed = story.crowd.on_terminal.printed.replace("\r\n", "\n")
    assert "No answer since" in printed
    assert "\x1b[?25l" not in printed  # the cursor was never hidden
    shown = [line for line in screen_of(printed) if line.strip()]
    rows = [line.split()[:2] for line in shown if line.split()[0].isdecimal()]
    assert rows == [[each["id"], "succeeded"] for each in story.promotions]


def test_no_event_is_lost_or_told_twice(story: Story) -> None:
    told = [json.loads(line)["id"] for line in story.crowd.tail_as_json.lines]
    known = [each["id"] for each in story.events]
    assert Counter(told) == Counter([*known, story.taken_back])
    assert {each["event"] for each in story.events} >= {"arrived", "replayed", "succeeded"}


def test_a_person_reads_the_same_events(story: Story) -> None:
    assert len(story.crowd.tail.lines) == len(story.events) + 1  # that was taken back
    ends = [
        line for line in story.crowd.tail.lines if line.endswith(": succeeded (Released as v4.)")
    ]
    assert len(ends) == 1
