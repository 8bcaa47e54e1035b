"""Those who use the command line here, and what they look at."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.acceptance.town import ROBOT, Town
from tests.cli.program import Autopromote

VIEWER_TOKEN, APPROVER_TOKEN, STRANGER_TOKEN = "HRKU-viewer", "HRKU-approver", "HRKU-stranger"
ROLES = {
    "AUTOPROMOTE_VIEWERS": "*@viewers.example",
    "AUTOPROMOTE_APPROVERS": "*@approvers.example",
}
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ \((~ \d+[smhd] ago|in ~ \d+[smhd])\)"


def login_file(person: Autopromote) -> Path:
    return person.home / ".config" / "autopromote" / "login.json"


def answer_of(person: Autopromote, *words: str) -> Any:
    """What a command prints with `--json`; nothing else may be on stdout."""
    outcome = person(*words, "--json")
    assert outcome.code == 0, outcome.stderr
    return json.loads(outcome.stdout)


def apps(town: Town, *names: str) -> None:
    """Make apps with one deploy each."""
    for name in names:
        town.heroku.app(name)
        town.heroku.deploy(name)


def asked(town: Town) -> list[str]:
    """What was asked of Heroku by people, not by the listener's own user."""
    requests = town.heroku.control("requests", method="GET")
    return [f"{one['method']} {one['path']}" for one in requests if one["token_email"] != ROBOT]


def timeless(shown: str) -> str:
    """What was shown, without how long ago it all was: that grows between two looks."""
    return re.sub(r"\(~ \d+[smhd] ago\)", "", shown)
