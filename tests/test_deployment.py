"""What Heroku reads: the button's app.json, the Procfile, and that they agree with the settings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from demo.stage import without_tools
from listener import VERSION
from listener.config import BadSettings, read

ROOT = Path(__file__).resolve().parents[1]
APP = json.loads((ROOT / "app.json").read_text())
REQUIRED = {name for name, asked in APP["env"].items() if asked.get("required", True)}
FILLED_IN = {
    "AUTOPROMOTE_ADMINS": "ana@example.com",
    "HEROKU_API_KEY": "HRKU-00000000-0000-4000-8000-000000000000",
    "SECRET_KEY": "what Heroku generates has 64 characters of its own choice",
}
ADDED_BY_HEROKU = {"DATABASE_URL": "postgres://user:word@db.example.com/name"}


def test_what_the_button_asks_for_is_enough() -> None:
    assert set(FILLED_IN) == REQUIRED
    read(FILLED_IN | ADDED_BY_HEROKU)


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_the_button_asks_for_nothing_that_can_be_left_out(name: str) -> None:
    asked = FILLED_IN | ADDED_BY_HEROKU
    del asked[name]

    with pytest.raises(BadSettings, match=name):
        read(asked)


def test_the_button_brings_the_smallest_database_and_one_web_dyno() -> None:
    assert APP["addons"] == [{"plan": "heroku-postgresql:essential-0"}]
    assert APP["formation"] == {"web": {"quantity": 1, "size": "basic"}}


def test_the_procfile_is_what_the_contract_says() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()

    assert dict(line.split(": ", 1) for line in lines) == {
        "release": "python -m listener migrate",
        "web": "gunicorn --config listener/gunicorn_conf.py 'listener.app:create_app()'",
        "worker": "python -m listener worker",
    }


def test_a_dyno_tells_the_version_that_the_distribution_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


LOADED = """
import json, sys
from importlib.metadata import packages_distributions
import gunicorn.app.wsgiapp, listener.app, apprise
known = packages_distributions()
names = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted({one for name in names for one in known.get(name, [])})))
"""


def test_what_is_measured_loads_what_a_dyno_has_and_no_more(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=os.environ | {"PYTHONPATH": f"{without_tools(tmp_path)}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    text = (ROOT / "requirements.txt").read_text()
    installed = set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))
    loaded = {re.sub("[-_.]+", "-", name).lower() for name in json.loads(done.stdout)}
    assert {"gunicorn", "sqlalchemy", "apprise"} <= loaded
    assert loaded - installed - {"heroku-autopromote"} == set()
