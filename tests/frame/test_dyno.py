"""A dyno, played: what git has of this checkout, the Procfile, and what Heroku puts around it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.town import ROOT
from tests.frame.processes import Web, do, saying, settings

ADDED = {
    "DYNO": "web.1",
    "GUNICORN_CMD_ARGS": "--access-logfile -",  # by Heroku's Python buildpack
    "PYTHONHASHSEED": "random",
    "PYTHONUNBUFFERED": "true",
    "WEB_CONCURRENCY": "2",
}


@pytest.fixture(scope="module")
def slug(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that `git push` brings, without what only lies about here."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    folder = tmp_path_factory.mktemp("slug")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # else it is just being removed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def test_release_phase_boot_and_stop_from_what_was_pushed(
    empty_database_url: str, slug: Path, tmp_path: Path
) -> None:
    env = settings(empty_database_url) | ADDED
    released = do("release", env | {"DYNO": "release.1"}, folder=slug)
    assert (released.returncode, released.stderr) == (0, "")

    web = Web(env, tmp_path / "log", folder=slug)
    try:
        saying(web.process, "event=runners_started")
        assert web.http.get("/readyz").status_code == 200
        assert web.http.get("/approvals/hush-hush").status_code == 404
        assert web.process.stop(patience=28) == 0
    finally:
        web.end()
    log = web.process.log.read_text()
    assert (log.count("path=/approvals/"), log.count("hush-hush"), log.count("Traceback")) == (
        1,
        0,
        0,
    )
    assert str(ROOT) not in log
