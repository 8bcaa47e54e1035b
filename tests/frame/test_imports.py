"""A process loads what it needs at first; what is large waits until somebody needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each takes memory for as long as a process lives; with a dot: a part of what is needed.
WEB = (
    "alembic",
    "apprise",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.serialization",
    "holidays",
    "jsonschema",
    "listener.local_postgres",
    "mako",
    "markdown",
    "requests",
    "sqlalchemy.orm",
    "statistics",
    "unittest",
    "yaml",
)
COMMAND = ("flask", "listener.api", "listener.worker")


@pytest.mark.parametrize(("module", "later"), [("app", WEB), ("__main__", COMMAND)])
def test_it_loads_nothing_that_only_some_need(module: str, later: tuple[str, ...]) -> None:
    script = f"import sys, listener.{module}; print([n for n in {later} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
