"""A diff tells the commits between, read while the person waits, and never for long."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from listener.core.commits import Relation
from listener.core.shown import Shown
from listener.services import commits_between
from listener.services.diff import Comparison
from listener.services.promote import NewPromotions
from listener.services.rollback import NewRollback
from tests.services.office import ANA, EU, PROD, STAGING, Office
from tests.services.shipped import SHOP, commits, compared, store


@pytest.fixture
def shop(office: Office) -> list[str]:
    """Staging and its targets in a pipeline with a repository of three commits; their SHAs."""
    couplings = {"staging": [STAGING], "production": [PROD, EU]}
    pipeline = office.control("pipelines", {"name": "shop", "couplings": couplings})["id"]
    messages = ("Begin", "Fix the login (#7)", "Add a page")
    pushed = [{"message": each, "author": "Bo"} for each in messages]
    shas: list[str] = office.control("repositories", {"full_name": SHOP, "commits": pushed})
    office.control(f"pipelines/{pipeline}/repo", {"full_name": SHOP}, "PUT")
    return shas


def deploy(office: Office, app: str, commit: str) -> None:
    office.control(f"apps/{app}/deploys", {"commit": commit})


def diff(office: Office, *targets: str) -> dict[str, Shown]:
    """What would ship to each of the targets, by name."""
    wish = Comparison(source=STAGING, targets=targets or (PROD,))
    found = {each.app.name: each.ships for each in office.diffs.compare(wish).changes}
    return {name: ships for name, ships in found.items() if ships is not None}


def calls(office: Office) -> list[tuple[str, str]]:
    return [call for call in office.calls() if "/repo" in call[1]]


def test_the_commits_between_are_told_and_read_once(office: Office, shop: list[str]) -> None:
    for app in (PROD, EU):
        deploy(office, app, shop[0])
    deploy(office, STAGING, shop[2])
    office.calls()

    told = diff(office, PROD, EU)
    assert len([call for call in calls(office) if "compare" in call[1]]) == 2  # each direction
    again = diff(office, EU)

    assert calls(office) == []
    assert told[PROD] == told[EU] == again[EU]
    assert told[PROD].message == "2 commits by Bo."
    assert [each.sha for each in told[PROD].commits or ()] == [shop[2], shop[1]]
    assert [each.number for each in told[PROD].pulls] == [7]


def test_what_would_go_back_is_said(office: Office, shop: list[str]) -> None:
    deploy(office, PROD, shop[2])
    deploy(office, EU, shop[0])
    deploy(office, STAGING, shop[0])
    told = diff(office, PROD, EU)
    assert told[PROD].message == "Goes back: it takes back 2 commits."
    assert [each.subject for each in told[PROD].leaves or ()] == [
        "Add a page",
        "Fix the login (#7)",
    ]
    assert told[EU].relation is Relation.IDENTICAL


def test_why_nothing_is_told_is_said(office: Office) -> None:
    told = diff(office)[PROD]
    assert told.relation is None
    assert "does not tell the repository of acme-staging" in (told.untold or "")


def test_a_commit_that_is_none_is_said(office: Office, shop: list[str]) -> None:
    deploy(office, PROD, "local")
    assert diff(office)[PROD].untold == "Heroku names no commit of what acme-prod runs."


def test_nobody_waits_for_a_slow_heroku_and_the_next_one_is_told(
    office: Office, shop: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(office, PROD, shop[0])
    deploy(office, STAGING, shop[2])
    monkeypatch.setattr(commits_between, "SECONDS", 0.05)
    fault: dict[str, Any] = {"kind": "latency", "path": ".*/repo/compare", "seconds": 2}
    office.control("faults", fault)
    assert diff(office)[PROD].untold == commits_between.LATE
    until = time.monotonic() + 60
    while (told := diff(office)[PROD]).untold is not None:
        assert time.monotonic() < until
    assert told.message == "2 commits by Bo."
    for thread in threading.enumerate():  # those that nobody waited for
        if thread.name.startswith(commits_between.THREAD):
            thread.join()


def test_a_rollback_says_at_once_what_a_promotion_had_brought(office: Office) -> None:
    older, newer = "a" * 40, "b" * 40
    for commit in (older, newer):
        deploy(office, STAGING, commit)
        office.promotions.promote_by_hand(NewPromotions(source=STAGING, targets=(PROD,)), by=ANA)
        office.work()
    brought = compared(commits("Fix the login", "Break the cart"))
    store(office.database, office.found()[-1].id, brought, base=older, head=newer)

    back = office.promotions.roll_back(NewRollback(app=PROD, to=None, reason="it broke"), by=ANA)

    ships = back.promotion.ships
    assert ships is not None
    assert (ships.base, ships.head) == (newer, older)
    assert ships.message == "Goes back: it takes back 2 commits."
    assert [each.subject for each in ships.leaves or ()] == ["Break the cart", "Fix the login"]


def test_a_rollback_of_what_nobody_compared_says_so(office: Office) -> None:
    for commit in ("a" * 40, "b" * 40):
        deploy(office, PROD, commit)
    back = office.promotions.roll_back(NewRollback(app=PROD, to=None, reason="it broke"), by=ANA)
    assert back.promotion.ships is not None
    assert back.promotion.ships.message == "Not read yet."
