"""A process loads what it needs at first; what is large waits until somebody needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.frame.processes import dyno

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
    "re2",
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


def test_what_requests_and_answers_say_is_built_when_it_is_first_needed() -> None:
    script = (
        "import listener.app\n"
        "from listener.api.answers import Answer\n"
        "from listener.api.request_body import Body\n"
        "models = [*Answer.__subclasses__(), *Body.__subclasses__()]\n"
        "print(len(models) > 50, [each.__name__ for each in models if each.__pydantic_complete__])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True []"


def test_an_image_without_what_is_loaded_late_fails_before_it_runs() -> None:
    script = (
        "import os, sys\n"
        "from listener import __main__ as main\n"
        "sys.modules['re2'] = None\n"
        "main._check(os.environ)"
    )
    env = {
        "DATABASE_URL": "postgresql://nobody@localhost/nothing",
        "SECRET_KEY": "0" * 32,
        "HEROKU_API_KEY": "HRKU-none",
        "AUTOPROMOTE_ADMINS": "ana@example.com",
    }
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dyno(env))
    assert done.returncode == 1
    assert "import of re2 halted" in done.stderr
