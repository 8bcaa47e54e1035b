"""`autopromote commits`: what is asked of the listener, and what is said of its answer."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.program import Autopromote
from tests.cli.test_machine_tokens import asked

SHA = "3f2a91c" + "0" * 33
BLOCK: dict[str, Any] = {
    "id": "1",
    "commit": SHA,
    "app": None,
    "repository": "acme/shop",
    "reason": "it loses orders",
    "by": "ana@example.com",
    "created_at": "2026-11-29T20:00:00.000Z",
    "unblocked_at": None,
    "unblocked_by": None,
}
MESSAGE = "3f2a91c is blocked on every app until it is unblocked."
PUT = BLOCK | {"too_late_for": [], "message": MESSAGE}
WHY = ("--reason", "it loses orders")


def body(heard: bytes) -> Any:
    """What was asked for."""
    return json.loads(heard.partition(b"\r\n\r\n")[2])


def test_a_commit_is_blocked_everywhere(autopromote: Autopromote) -> None:
    outcome, heard = asked(autopromote, PUT, "commits:block", "3f2a91c", *WHY)
    assert body(heard) == {"commit": "3f2a91c", "reason": "it loses orders", "app": None}
    assert outcome == (
        f"{MESSAGE} That is {SHA}.\n",
        "Blocking 3f2a91c on every app... done\n",
        0,
    )


def test_what_it_comes_too_late_for_is_a_warning(autopromote: Autopromote) -> None:
    late = PUT | {"too_late_for": ["7"], "message": "Too late for promotion 7, already posting."}
    words = ("commits:block", "3f2a91c", "--app", "acme-prod", *WHY)
    outcome, heard = asked(autopromote, late, *words)
    assert body(heard)["app"] == "acme-prod"
    assert (outcome.stdout, outcome.code) == ("", 0)
    assert "Too late for promotion 7, already posting." in outcome.stderr


def test_a_commit_is_unblocked(autopromote: Autopromote) -> None:
    outcome, heard = asked(autopromote, BLOCK, "commits:unblock", "3f2a91c", "-a", "acme-prod")
    assert heard.startswith(b"POST /api/commit-blocks/actions/unblock ")
    assert body(heard) == {"commit": "3f2a91c", "app": "acme-prod"}
    assert outcome == ("", "Unblocking 3f2a91c on ⬢ acme-prod... done\n", 0)


def test_blocked_commits_are_listed(autopromote: Autopromote) -> None:
    outcome, heard = asked(autopromote, [BLOCK], "commits", "--unblocked", "-a", "acme-prod")
    assert heard.startswith(b"GET /api/commit-blocks?app=acme-prod&all=true ")
    assert "3f2a91c00000" in outcome.stdout
    assert "every app" in outcome.stdout
    outcome, _ = asked(autopromote, [BLOCK], "commits", "--json")
    assert json.loads(outcome.stdout) == [BLOCK]
    assert asked(autopromote, [], "commits")[0] == (
        "",
        "No commit is blocked.\nUse `autopromote commits:block` to block one.\n",
        0,
    )
