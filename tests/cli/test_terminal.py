"""What a person at a terminal meets: a question before what cannot be taken back, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess

import pytest

from tests.cli.program import Autopromote, barred

ASKED = barred(
    "Warning: This removes rule ship and cancels the promotions that wait under it.",
    "To proceed, type ship or re-run this command with --confirm ship",
)
QUESTION = f"{ASKED}> "
NOT_LOGGED_IN = barred("Error: Not logged in. Run `autopromote login`.")


def answer_question(autopromote: Autopromote, typed: str, *words: str) -> tuple[str, int]:
    """Run a command with a terminal for its stdin, type into it; return stderr and exit code."""
    ours, theirs = pty.openpty()
    try:
        child = subprocess.Popen(
            autopromote.command(*words),
            cwd=autopromote.directory,
            env=autopromote.environment(),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.write(ours, typed.encode())
        stdout, stderr = child.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert stdout == b""
    return stderr.decode(), child.returncode


@pytest.mark.parametrize(
    ("typed", "stderr", "code"),
    [
        ("ship\n", f"{QUESTION}Removing rule ship... !\n{NOT_LOGGED_IN}", 1),
        (" ship \n", f"{QUESTION}Removing rule ship... !\n{NOT_LOGGED_IN}", 1),
        ("yes\n", QUESTION + barred("Error: Confirmation yes did not match ship. Aborted."), 1),
        ("\n", QUESTION + barred("Error: Confirmation  did not match ship. Aborted."), 1),
    ],
)
def test_a_person_is_asked_to_type_the_name(
    autopromote: Autopromote, typed: str, stderr: str, code: int
) -> None:
    assert answer_question(autopromote, typed, "rules:remove", "ship") == (stderr, code)


def test_a_question_that_is_not_answered_is_a_no(autopromote: Autopromote) -> None:
    stderr, code = answer_question(autopromote, "\x04", "rules:remove", "ship")
    assert stderr == QUESTION + barred("Error: Confirmation  did not match ship. Aborted.")
    assert code == 1


def test_who_has_confirmed_is_not_asked(autopromote: Autopromote) -> None:
    outcome = answer_question(autopromote, "", "rules:remove", "ship", "--confirm", "ship")
    assert outcome == (f"Removing rule ship... !\n{NOT_LOGGED_IN}", 1)


def test_an_interrupt_ends_with_130(autopromote: Autopromote) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        child = subprocess.Popen(
            autopromote.command("whoami"),
            env=autopromote.environment(AUTOPROMOTE_URL=url, AUTOPROMOTE_TOKEN="t"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        connection, _ = silent.accept()
        with connection:
            child.send_signal(signal.SIGINT)
            stdout, stderr = child.communicate(timeout=60)
    assert (stdout, stderr.strip(), child.returncode) == (b"", b"", 130)


@pytest.mark.parametrize("words", [("--help",), ("rules:add", "--help"), ("--version",)])
def test_a_reader_that_leaves_ends_it_without_a_word(
    autopromote: Autopromote, words: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        child = subprocess.run(
            autopromote.command(*words),
            env=autopromote.environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (child.stderr, child.returncode) == (b"", 1)


def test_a_terminal_without_our_characters_still_gets_its_message(autopromote: Autopromote) -> None:
    done = subprocess.run(
        autopromote.command("nonsense"),
        env=autopromote.environment(PYTHONIOENCODING="latin-1"),
        capture_output=True,
        check=False,
    )
    assert done.stderr.splitlines()[0] == b" ?   Error: nonsense is not an autopromote command."
    assert done.returncode == 2
