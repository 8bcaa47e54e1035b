"""Stands in for the program: writes down how it was called, and does as its environment says."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

SEEN = ("HEROKU_API_KEY", "HEROKU_API_URL", "HEROKU_APP", "HEROKU_HOST", "AUTOPROMOTE_IN_HEROKU")


def main() -> int:
    """Answer `--version`; else write the note, and answer what came in."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(os.environ.get("STAND_IN_VERSION", "autopromote/0+source linux") + "\n")
        return 0

    note = Path(os.environ["STAND_IN_NOTE"])
    if os.environ.get("STAND_IN_WAITS"):
        return wait(note)
    is_seen = [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)]
    write(note, argv=sys.argv[1:], terminals=is_seen, env={n: os.environ.get(n) for n in SEEN})
    sys.stdout.write(sys.stdin.read())
    sys.stderr.write("said beside it\n")
    return int(os.environ.get("STAND_IN_EXIT", "0"))


def wait(note: Path) -> int:
    """Wait for a signal that ends it in its own way; others end it in theirs."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    write(note, told=signal.Signals(signal.sigwait(ends)).name)
    sys.stdout.write("the last word\n")
    return 5


def write(note: Path, **values: Any) -> None:
    """Leave the note."""
    note.write_text(json.dumps(values))


if __name__ == "__main__":
    sys.exit(main())
