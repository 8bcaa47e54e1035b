"""A wheel turns for a person who waits, and nothing moves for anybody else."""

from __future__ import annotations

import re

import pytest

from autopromote.progress import FRAMES, PLAIN_FRAMES, turning
from tests.cli.program import Autopromote
from tests.cli.terminal import on_a_terminal

# The block ends when the wheel has turned, whenever that is: it waits for what is printed.
SLOW = """
import sys, threading
from autopromote import progress
from autopromote.output import action
from contextlib import suppress
has_turned = threading.Event()
class Watched:
    def __init__(self, stream): self.stream = stream
    def __getattr__(self, name): return getattr(self.stream, name)
    def write(self, text):
        self.stream.write(text)
        if text.endswith("\\b") and text != " \\b": has_turned.set()
sys.stderr = Watched(sys.stderr)
"""
IN_AN_ACTION = f"{SLOW}\nwith action('Adding rule ship'): has_turned.wait(30)"
FAILING = (
    f"{SLOW}\nwith suppress(ValueError), action('Adding'): has_turned.wait(30); raise ValueError"
)
WITH_WORDS = (
    f"{SLOW}\nwith progress.turning('Waiting', after=0): has_turned.wait(30)\nprint('done')"
)
NESTED = f"""{SLOW}
with progress.turning('Waiting', after=0), progress.turning('Inside', after=0): has_turned.wait(30)
print('done')
"""
QUICK = f"{SLOW}\nwith action('Adding rule ship'): pass"


def wheel(frames: str = FRAMES) -> str:
    """What a wheel prints while it turns."""
    return rf"([{re.escape(frames)}]\x08)+"


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        (IN_AN_ACTION, rf"Adding rule ship\.\.\. {wheel()} \x08done\n"),
        (FAILING, rf"Adding\.\.\. {wheel()} \x08\x1b\[31m!\x1b\[0m\n"),
        (WITH_WORDS, rf"Waiting {wheel()}\r\x1b\[Kdone\n"),
        (NESTED, rf"Waiting {wheel()}\r\x1b\[Kdone\n"),
        (QUICK, r"Adding rule ship\.\.\. done\n"),
    ],
)
def test_a_person_sees_the_wheel_turn_and_go(
    autopromote: Autopromote, script: str, printed: str
) -> None:
    assert re.fullmatch(printed, on_a_terminal(autopromote, script, TERM="xterm"))


def test_a_terminal_without_our_characters_has_a_wheel_too(autopromote: Autopromote) -> None:
    printed = on_a_terminal(autopromote, IN_AN_ACTION, TERM="xterm", PYTHONIOENCODING="latin-1")
    assert re.fullmatch(rf"Adding rule ship\.\.\. {wheel(PLAIN_FRAMES)} \x08done\n", printed)


def test_where_nothing_can_move_nothing_does(autopromote: Autopromote) -> None:
    script = f"{QUICK.replace('pass', 'has_turned.wait(0.5)')}"
    assert on_a_terminal(autopromote, script, TERM="dumb") == "Adding rule ship... done\n"


def test_a_pipe_sees_no_wheel(capsys: pytest.CaptureFixture[str]) -> None:
    with turning("Waiting", after=0):
        pass
    assert capsys.readouterr() == ("", "")
