"""The official Heroku CLI as a person runs it, in a home of its own, knowing only this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.town import ADMIN_TOKEN, BIN, ROOT, environment
from tests.cli.program import Outcome

PATIENCE = 60
PLUGIN = ROOT / "cli" / "heroku-plugin"
# Whatever would ask somebody else than HEROKU_HOST is off: telemetry, news, updates, npm's own.
SILENT = {
    "DISABLE_TELEMETRY": "true",
    "HEROKU_DISABLE_AUTOUPDATE": "1",
    "HEROKU_SKIP_NEW_VERSION_CHECK": "1",
    "HIDE_HEROKU_RELEASE_NOTES": "1",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_offline": "true",
    "npm_config_update_notifier": "false",
}
PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC"}


@dataclass(frozen=True)
class OfficialCli:
    """Runs `heroku` from an empty directory, as the admin unless the environment says otherwise."""

    program: Path
    home: Path
    directory: Path
    url: str
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: str = "", **env: str) -> Outcome:
        done = subprocess.run(
            [str(self.program), *words],
            cwd=self.directory,
            env=self.environment(**env),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        return Outcome(done.stdout, done.stderr, done.returncode)

    def says(self, *words: str, **env: str) -> str:
        """What a command that must succeed prints on stdout."""
        outcome = self(*words, **env)
        assert outcome.code == 0, f"{words}: {outcome}"
        return outcome.stdout

    def json(self, *words: str) -> Any:
        """What it prints with `--json`."""
        return json.loads(self.says(*words, "--json"))

    @contextmanager
    def started(self, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
        """The command while it runs, first of a process group of its own, as from a shell."""
        process = subprocess.Popen(
            [str(self.program), *words],
            cwd=self.directory,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def environment(self, **env: str) -> dict[str, str]:
        """A whole environment; an empty value is as good as none to the CLI."""
        login = {"HEROKU_API_KEY": ADMIN_TOKEN}
        here = {
            "HOME": str(self.home),
            "HEROKU_HOST": self.url,
            "HEROKU_PARTICLEBOARD_URL": self.url,
        }
        return environment(**PLAIN, **SILENT, **here) | login | self.env | env


def packed() -> Path:
    """The plugin's tarball, as `make plugin` makes it."""
    package = json.loads((PLUGIN / "package.json").read_text())
    return ROOT / "dist" / f"{package['name']}-{package['version']}.tgz"


def our_program() -> Path:
    """The program of this checkout."""
    return BIN / "autopromote"
