"""Answers a shell: within two seconds, or not at all."""

import faulthandler
import os
import sys
from collections.abc import Mapping, Sequence

from autopromote.completion import shells
from autopromote.completion.words import Completion
from autopromote.overview import Table

SECONDS = 2.0  # whatever is slow: a name server, a slow listener, a disk


def answer(table: Table, aliases: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Print what the word at the cursor may become; the first argument is the shell."""
    end_within(SECONDS)
    shell, *rest = arguments or [""]
    if shell not in shells.SCRIPTS or (shell == "bash" and len(rest) < 2):
        return 1
    candidates = Completion(table, aliases, os.environ).candidates(shells.read(shell, rest))
    sys.stdout.write(shells.write(shell, rest, candidates))
    sys.stdout.flush()
    return 0


def end_within(seconds: float) -> None:
    """End the program after so many seconds, without output, even in a blocking system call."""
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - open to the end
    faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
