"""`/api/commit-blocks`: commits are blocked, listed and unblocked over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from listener.db import commit_blocks
from listener.db.tables import release
from listener.services.commit_blocks import MOST_OPEN
from tests.api.routes.caller import Caller
from tests.services.office import BO, PROD, STAGING, Office

BLOCKS, UNBLOCK = "/api/commit-blocks", "/api/commit-blocks/actions/unblock"
SHA, LIKE_IT = "3f2a91c" + "0" * 33, "3f2a91c" + "1" * 33


def test_a_block_is_answered_whole_and_stands_in_the_audit(
    approver: Caller, admin: Caller, office: Office
) -> None:
    put = approver.post(BLOCKS, {"commit": "3F2A91C", "app": PROD, "reason": "it loses orders"})
    assert put.pop("created_at").endswith("Z")
    assert put == {
        "id": "1",
        "commit": "3f2a91c",
        "app": {"id": office.app(PROD).id, "name": PROD},
        "repository": None,
        "reason": "it loses orders",
        "by": "bo@example.com",
        "unblocked_at": None,
        "unblocked_by": None,
        "too_late_for": [],
        "message": "3f2a91c is blocked on acme-prod until it is unblocked. Nobody knows such a"
        " commit yet.",
    }
    ended = admin.post(UNBLOCK, {"commit": SHA, "app": PROD}, status=200)
    assert ended["unblocked_by"] == "ana@example.com"
    assert approver.get(BLOCKS) == []
    assert [each["id"] for each in approver.get(f"{BLOCKS}?all=true&app={PROD}")] == ["1"]
    told = [(each["action"], each["subject"]["name"]) for each in admin.get("/api/audit-entries")]
    assert told[:2] == [
        ("commit.unblocked", "3f2a91c on acme-prod"),
        ("commit.blocked", "3f2a91c on acme-prod"),
    ]


def test_what_may_be_two_commits_is_asked_back(approver: Caller, office: Office) -> None:
    office.add_rule()
    with office.database.begin() as conn:
        for app, sha in ((STAGING, SHA), (PROD, LIKE_IT)):
            its_own = update(release).where(release.c.app_id == office.app(app).id)
            conn.execute(its_own.values(commit=sha))
    refused = approver.refused("POST", BLOCKS, {"commit": "3f2a91c", "reason": "x"})
    assert refused == (
        422,
        "invalid_params",
        f"commit: 3f2a91c may be {SHA}, {LIKE_IT}: say more of it. Nothing was blocked.",
    )
    assert approver.post(BLOCKS, {"commit": "3f2a91c0", "reason": "x"})["commit"] == SHA


@pytest.mark.parametrize("commit", ["3f2a91", "main", "3f2a91g", "-" * 7, "3" * 65, ""])
def test_what_is_no_sha_is_refused(approver: Caller, commit: str) -> None:
    assert approver.refused("POST", BLOCKS, {"commit": commit, "reason": "x"})[0] == 422


def test_a_commit_is_blocked_once_and_unblocked_where_it_is(approver: Caller) -> None:
    approver.post(BLOCKS, {"commit": SHA, "reason": "x", "app": PROD})
    twice = approver.refused("POST", BLOCKS, {"commit": SHA, "reason": "y", "app": PROD})
    assert twice == (409, "commit_blocked", "3f2a91c is blocked there already.")
    elsewhere = approver.refused("POST", UNBLOCK, {"commit": SHA[:7]})
    assert elsewhere == (
        404,
        "commit_block_not_found",
        "3f2a91c is not blocked there, but on acme-prod.",
    )
    assert approver.refused("POST", UNBLOCK, {"commit": LIKE_IT, "app": PROD})[0] == 404


def test_so_many_commits_are_blocked_at_a_place_and_no_more(
    approver: Caller, office: Office
) -> None:
    with office.database.begin() as conn:
        for number in range(MOST_OPEN):
            sha = f"{number:040x}"
            commit_blocks.put(conn, sha, None, repository=None, reason="x", by=BO)
    more = {"commit": SHA, "reason": "it loses orders"}

    refused = approver.refused("POST", BLOCKS, more)

    assert refused[:2] == (409, "commit_blocks_full")
    assert refused[2] == (
        f"{MOST_OPEN} commits are blocked on every app, and there may be no more: unblock one that"
        " nobody ships any more. Nothing was blocked."
    )
    assert len(approver.get(f"{BLOCKS}?limit=1000")) == MOST_OPEN
    approver.post(BLOCKS, {**more, "app": PROD})  # each app has its own
    again = approver.refused("POST", BLOCKS, {"commit": f"{0:040x}", "reason": "x"})
    assert again[1] == "commit_blocked"
    approver.post(UNBLOCK, {"commit": f"{0:040x}"}, status=200)
    approver.post(BLOCKS, more)
