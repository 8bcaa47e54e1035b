"""`python -m tests.acceptance.nursery COMMAND…`: run it on this terminal, and outlive its orphans.

The command leads a session on the terminal of the standard input, as if typed there. All that it
leaves behind becomes ours, so this ends, with the command's exit code, when nothing of it runs.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import termios

SET_CHILD_SUBREAPER = 36  # of Linux, in sys/prctl.h


def main(command: list[str]) -> int:
    """Run the command; wait for it and for its orphans."""
    assert ctypes.CDLL(None, use_errno=True).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    first = os.fork()
    if not first:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run below `nohup`
        os.execv(command[0], command)  # noqa: S606  our own program, by its words
    for number in (0, 1, 2):
        os.close(number)  # the terminal is the command's alone
    return wait_for_all(first)


def wait_for_all(first: int) -> int:
    """Wait until there is no child; return how the first one ended."""
    code = 1
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return code
        if pid == first:
            code = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]) & 0xFF)
