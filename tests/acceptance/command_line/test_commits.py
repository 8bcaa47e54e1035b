"""Blocked commits, from the first to the last."""

from __future__ import annotations

import pytest

from tests.acceptance.command_line.people import answer_of, apps
from tests.acceptance.town import Town
from tests.cli.program import Autopromote

pytestmark = pytest.mark.acceptance


def test_a_commit_is_blocked_and_let_go(town: Town, ana: Autopromote) -> None:
    apps(town, "blocks-staging", "blocks-prod")
    blocked = ana("commits:block", "3F2A91C", "-a", "blocks-prod", "--reason", "it \x1b[31mleaks")
    assert blocked.stderr == "Blocking 3F2A91C on ⬢ blocks-prod... done\n"
    assert blocked.stdout == (
        "3f2a91c is blocked on blocks-prod until it is unblocked. Nobody knows such a commit yet."
        " That is 3f2a91c.\n"
    )
    header, row = ana("commits", "-a", "blocks-prod").stdout.splitlines()
    assert header.split() == ["Commit", "App", "By", "Blocked", "Reason"]
    assert row.startswith("3f2a91c  ⬢ blocks-prod  ana@example.com  ")
    assert row.endswith("  it leaks")

    twice = ana("commits:block", "3f2a91c", "-a", "blocks-prod", "--reason", "x")
    assert (twice.stdout, twice.code) == ("", 1)
    assert "3f2a91c is blocked there already." in twice.stderr
    ended = answer_of(ana, "commits:unblock", "3f2a91c", "-a", "blocks-prod")
    assert ended["unblocked_by"] == "ana@example.com"
    assert ana("commits", "-a", "blocks-prod").stderr.startswith("No commit is blocked.\n")
