"""Tokens of machines: what is sent, what is shown, and that the secret alone is on stdout."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.program import Autopromote, Outcome
from tests.cli.stranger import answer, stranger

MADE = {
    "name": "ci",
    "role": "promoter",
    "apps": ["pay-*", "shop"],
    "made_by": "ana@example.com",
    "made_from": "192.0.2.7",
    "created_at": "2030-01-01T18:00:00Z",
    "last_used_at": None,
    "expires_at": "2030-01-31T18:00:00Z",
}


def asked(autopromote: Autopromote, said: object, *words: str) -> tuple[Outcome, bytes]:
    """Run a command before a listener that answers this; return the outcome, and what it heard."""
    with stranger(answer("200 OK", json.dumps(said))) as met:
        outcome = autopromote(*words, AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="t")
        shown = outcome.stderr.replace(met.url, "URL")
    [heard] = met.heard
    return Outcome(outcome.stdout, shown, outcome.code), heard


def test_the_secret_alone_is_printed(autopromote: Autopromote) -> None:
    words = ("--role", "promoter", "--apps", "pay-*+shop", "--expires", "2030-01-31T18:00Z")
    outcome, heard = asked(autopromote, MADE | {"token": "s3cret"}, "tokens:create", "ci", *words)
    assert json.loads(heard.partition(b"\r\n\r\n")[2]) == {
        "name": "ci",
        "role": "promoter",
        "apps": ["pay-*", "shop"],
        "expires_at": "2030-01-31T18:00:00Z",
    }
    assert (outcome.stdout, outcome.code) == ("s3cret\n", 0)
    assert re.fullmatch(
        r"Creating token ci\.\.\. done\n"
        r"It is promoter of pay-\*\+shop until 2030-01-31 18:00:00 UTC \(in ~ \d+d\), and is not"
        r" shown again\.\nUse it as AUTOPROMOTE_TOKEN, with AUTOPROMOTE_URL=URL\.\n",
        outcome.stderr,
    ), outcome.stderr


def test_what_is_not_said_is_left_to_the_listener(autopromote: Autopromote) -> None:
    words = ("tokens:create", "ci", "--role", "viewer", "--json")
    outcome, heard = asked(autopromote, MADE | {"token": "s3cret"}, *words)
    assert json.loads(heard.partition(b"\r\n\r\n")[2]) == {"name": "ci", "role": "viewer"}
    assert json.loads(outcome.stdout)["token"] == "s3cret"


@pytest.mark.parametrize("role", ["approver", "admin", "owner"])
def test_roles_of_people_are_none_of_machines(autopromote: Autopromote, role: str) -> None:
    outcome = autopromote("tokens:create", "ci", "--role", role, AUTOPROMOTE_TOKEN="t")
    assert (outcome.stdout, outcome.code) == ("", 2)
    assert "'viewer', 'promoter'" in outcome.stderr


def test_tokens_are_listed(autopromote: Autopromote) -> None:
    every = MADE | {"name": "all", "apps": None}
    outcome, _ = asked(autopromote, [MADE, every], "tokens")
    lines = [line.split()[:3] for line in outcome.stdout.splitlines() if "ana@" in line]
    assert lines == [["ci", "promoter", "of"], ["all", "promoter", "ana@example.com"]]
    assert asked(autopromote, [], "tokens")[0] == (
        "",
        "No machine has a token.\nUse `autopromote tokens:create` to make one.\n",
        0,
    )
