"""Results on stdout, words about them on stderr, colours only for those who see them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from io import FileIO

import pytest

from cli.output import action, block, complain, paint, say_json, warn
from tests.cli.program import BAR, Autopromote, barred

SHOW = """
from cli.output import complain, paint, warn
from cli.tables import table
table(("Name", "Reason"), [("ship", "w" * 200)])
warn("careful")
complain("broken")
"""


def test_an_action_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with action("Adding rule ship"):
        assert capsys.readouterr() == ("", "Adding rule ship... ")
    assert capsys.readouterr() == ("", "done\n")


def test_an_action_can_end_in_other_words(capsys: pytest.CaptureFixture[str]) -> None:
    with action("Adding \x1b[31mrule") as doing:
        doing.end = "done, it was\nthere"
    assert capsys.readouterr() == ("", "Adding rule... done, it was there\n")


def test_an_action_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="why"), action("Adding rule ship"):
        raise ValueError("why")
    assert capsys.readouterr() == ("", "Adding rule ship... !\n")


def test_a_block_leaves_out_what_has_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    block(
        "ship",
        [
            ("Source", "example-app-staging"),
            ("By", None),
            ("Targets", "one\ntwo \x1b[31mred"),
            ("Note", ""),
        ],
    )
    assert capsys.readouterr() == (
        "=== ship\n\nSource:   example-app-staging\nTargets:  one\n          two red\n",
        "",
    )


def test_an_empty_block_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    block("ship", [])
    assert capsys.readouterr() == ("=== ship\n\n", "")


def test_every_line_of_an_error_is_behind_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    complain("one\n\ntwo\x1b[2J")
    warn("three")
    assert capsys.readouterr() == ("", barred("Error: one", "", "two", "Warning: three"))


def test_json_is_the_answer_and_nothing_a_terminal_acts_upon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = {"name": "ünï \x1b[31m\x9b1m\u202e\ud800", "list": [1, None]}
    say_json(answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out) == answer
    assert printed.out == (
        '{\n  "name": "ünï \\u001b[31m\\u009b1m\\u202e\\ud800",\n'
        '  "list": [\n    1,\n    null\n  ]\n}\n'
    )


def on_a_terminal(autopromote: Autopromote, script: str, **env: str) -> str:
    """Run a script on a terminal of 40 columns; return what is printed on it."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*autopromote.command()[:1], "-c", script],
        env=autopromote.environment(COLUMNS="40", **env),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    with FileIO(ours) as terminal:
        printed = b"".join(iter(lambda: read(terminal), b""))
    assert child.wait(timeout=60) == 0
    return printed.decode().replace("\r\n", "\n")


def read(terminal: FileIO) -> bytes:
    """Read on; a terminal that nobody writes to any more is at its end."""
    try:
        return terminal.read(4096)
    except OSError:
        return b""


def test_a_terminal_sees_colours_and_no_line_too_long(autopromote: Autopromote) -> None:
    cut = "w" * 33 + "…"
    assert on_a_terminal(autopromote, SHOW, TERM="xterm") == (
        f"\x1b[1mName  Reason\x1b[0m\nship  {cut}\n"
        f"\x1b[38;5;214m{BAR}\x1b[0mWarning: careful\n"
        f"\x1b[31m{BAR}\x1b[0mError: broken\n"
    )


@pytest.mark.parametrize("env", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
def test_colours_can_be_turned_off(autopromote: Autopromote, env: dict[str, str]) -> None:
    cut = "w" * 33 + "…"
    assert on_a_terminal(autopromote, SHOW, **env) == (
        f"Name  Reason\nship  {cut}\n{barred('Warning: careful', 'Error: broken')}"
    )


def test_a_pipe_sees_no_colours() -> None:
    assert paint("text", "bad", bold=True) == "text"
