"""A web process loads what it needs at first; what is large waits until somebody needs it."""

from __future__ import annotations

import subprocess
import sys

LATER = ("alembic", "apprise", "holidays", "mako", "requests")


def test_a_web_process_loads_nothing_that_only_some_need() -> None:
    script = f"import sys, listener.app; print([n for n in {LATER} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
