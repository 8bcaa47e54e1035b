"""Walls: what is sent, what is shown, and that the address alone is on stdout."""

from __future__ import annotations

import json
import re

from tests.cli.program import Autopromote
from tests.cli.test_machine_tokens import asked

MADE = {
    "name": "lobby",
    "apps": [{"id": "1", "name": "acme-staging"}, {"id": "2", "name": "acme-prod"}],
    "names": False,
    "made_by": "ana@example.com",
    "created_at": "2030-01-01T18:00:00Z",
    "expires_at": "2030-01-31T18:00:00Z",
}
NEW = {"url": "https://x.example.com/wall/s3cret", "lanes": ["acme"], "in_no_lane": []}


def test_the_address_alone_is_printed(autopromote: Autopromote) -> None:
    words = ("--apps", "acme-staging, acme-prod", "--apps", "acme-eu", "--names")
    idle = {**NEW, "lanes": ["acme", "pay"], "in_no_lane": [{"id": "3", "name": "acme-eu"}]}
    outcome, heard = asked(autopromote, MADE | idle, "wall:create", "lobby", *words)

    assert json.loads(heard.partition(b"\r\n\r\n")[2]) == {
        "name": "lobby",
        "apps": ["acme-staging", "acme-prod", "acme-eu"],
        "names": True,
    }
    assert (outcome.stdout, outcome.code) == ("https://x.example.com/wall/s3cret\n", 0)
    assert re.fullmatch(
        r"Creating wall lobby\.\.\. done\n"
        r"Whoever has it sees the lanes acme and pay, until 2030-01-31 18:00:00 UTC"
        r" \(in ~ \d+d\)\. It is not shown again\.\n"
        r"\W+Warning: No rule that it may show is about acme-eu\.\n",
        outcome.stderr,
    ), outcome.stderr


def test_a_wall_without_lanes_says_so_and_its_end_is_sent(autopromote: Autopromote) -> None:
    words = ("wall:create", "lobby", "--apps", "acme-staging", "--expires", "2030-01-31T18:00Z")
    outcome, heard = asked(autopromote, MADE | {**NEW, "lanes": []}, *words)

    assert json.loads(heard.partition(b"\r\n\r\n")[2])["expires_at"] == "2030-01-31T18:00:00Z"
    assert "Whoever has it sees no lane yet, until" in outcome.stderr


def test_machines_get_it_all(autopromote: Autopromote) -> None:
    words = ("wall:create", "lobby", "--apps", "acme-staging", "--json")
    outcome, _ = asked(autopromote, MADE | NEW, *words)

    assert json.loads(outcome.stdout)["url"] == NEW["url"]


def test_a_wall_of_no_app_is_misuse(autopromote: Autopromote) -> None:
    outcome = autopromote("wall:create", "lobby", "--apps", ",", AUTOPROMOTE_TOKEN="t")

    assert (outcome.stdout, outcome.code) == ("", 2)
    assert "Say which apps" in outcome.stderr


def test_walls_are_listed_and_removed(autopromote: Autopromote) -> None:
    outcome, _ = asked(autopromote, [MADE, MADE | {"names": True}], "wall")
    assert "lanes and authors" in outcome.stdout
    assert asked(autopromote, [], "wall")[0].stderr == (
        "No link shows lanes.\nUse `autopromote wall:create` to make one.\n"
    )

    outcome, heard = asked(autopromote, MADE, "wall:remove", "lobby", "--json")
    assert heard.startswith(b"DELETE /api/walls/lobby ")
    assert json.loads(outcome.stdout) == MADE
    assert outcome.stderr == "Removing wall lobby... done\n"
