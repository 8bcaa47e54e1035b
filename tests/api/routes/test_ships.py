"""What ships with promotions, over HTTP: numbers in lists, and commits where one is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from listener.core.commits import Pull
from tests.api.routes.caller import Caller
from tests.services.office import EU, PROD, STAGING, Office
from tests.services.shipped import BASE, HEAD, commits, compared, set_shipment, store

HUB = "https://github.com/acme/shop"


@pytest.fixture
def made(approver: Caller) -> list[Any]:
    """Two promotions of one release."""
    found: list[Any] = approver.post("/api/promotions", {"source": STAGING, "targets": [PROD, EU]})
    return found


def ships(caller: Caller, promotion_id: int = 1) -> Any:
    """What is told to ship with one promotion."""
    return caller.get(f"/api/promotions/{promotion_id}")["ships"]


def test_until_it_is_read_only_the_commit_that_goes_is_known(made: list[Any]) -> None:
    assert made[0]["ships"] == {
        "from": None,
        "to": made[0]["source"]["slug"]["commit"],
        "is_read": False,
        "message": "Not read yet.",
        "relation": None,
        "goes_back": None,
        "rolled_back": None,
        "coming": 0,
        "leaving": 0,
        "authors": [],
        "author_count": 0,
        "pulls": [],
        "pull_count": 0,
        "repository": None,
        "compare_url": None,
        "told_by": None,
        "untold": None,
    }


def test_a_list_tells_how_much_and_one_promotion_tells_each_commit(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    coming = [
        *commits("Fix the login (#7)\n\nIt was broken.", login="ana"),
        *commits("", "Merge pull request #9 from acme/pages\n\nAdd pages", author="Bo Berg")[1:],
    ]
    pulls = [Pull(7, "Fix the login", "https://elsewhere.example.com/7", "ana")]
    store(office.database, 1, compared(coming, pulls=pulls))

    (_, listed) = approver.get("/api/promotions")
    shown = ships(approver)

    told = listed["ships"]
    assert "commits" not in told
    assert (told["from"], told["to"], told["relation"]) == (BASE, HEAD, "ahead")
    assert (told["coming"], told["leaving"], told["goes_back"]) == (2, 0, False)
    assert (told["authors"], told["author_count"]) == (["ana", "Bo Berg"], 2)
    assert told["pulls"] == [
        {"number": 7, "title": "Fix the login", "url": f"{HUB}/pull/7", "author": "ana"},
        {"number": 9, "title": "Add pages", "url": f"{HUB}/pull/9", "author": None},
    ]
    assert told["compare_url"] == f"{HUB}/compare/{BASE[:12]}...{HEAD[:12]}"
    assert (told["told_by"], told["repository"], told["is_read"]) == ("heroku", "acme/shop", True)
    assert {name: value for name, value in shown.items() if name in told} == told
    assert shown["leaves"] == []
    assert [each["pull"] for each in shown["commits"]] == [9, 7]
    assert shown["commits"][1] == {
        "sha": coming[0].sha,
        "subject": "Fix the login (#7)",
        "author": "Ana Ivanova",
        "login": "ana",
        "at": "2026-11-28T12:00:00.000Z",
        "pull": 7,
    }


def test_what_goes_back_links_to_what_leaves(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    store(office.database, 1, compared(leaving=commits("Add a page", "Add another")))
    told = ships(approver)
    assert (told["relation"], told["goes_back"], told["leaving"]) == ("behind", True, 2)
    assert [each["subject"] for each in told["leaves"]] == ["Add another", "Add a page"]
    assert told["compare_url"] == f"{HUB}/compare/{HEAD[:12]}...{BASE[:12]}"


def test_the_newest_hundred_are_told_with_the_total_and_long_ones_are_cut(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    messages = [f"Change {number}: {'x' * 8000}" for number in range(300)]
    store(office.database, 1, compared(commits(*messages), commits("Gone")))
    told = ships(approver)
    assert (told["coming"], told["relation"], told["goes_back"]) == (300, "diverged", True)
    assert len(told["commits"]) == 100
    assert told["commits"][0]["subject"].startswith("Change 299: xxx")
    assert len(told["commits"][0]["subject"]) == 300
    assert told["commits"][-1]["subject"].startswith("Change 200: ")
    assert [each["subject"] for each in told["leaves"]] == ["Gone"]


def test_many_people_and_pull_requests_are_counted(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    many = [
        each
        for number in range(60)
        for each in commits(f"Change (#{number + 1})", author=f"Author {number}")
    ]
    store(office.database, 1, compared(many))
    told = ships(approver)
    assert (len(told["authors"]), told["author_count"]) == (50, 60)
    assert (len(told["pulls"]), told["pull_count"]) == (50, 60)


def test_the_same_commit_and_why_nothing_is_told(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    set_shipment(office.database, 1, base=HEAD, head=HEAD)
    set_shipment(office.database, 2, head=HEAD, untold="Nobody\n\u202e\x9btells.")
    same, untold = ships(approver, 1), ships(approver, 2)
    assert (same["relation"], same["goes_back"], same["compare_url"]) == ("identical", False, None)
    assert (untold["relation"], untold["goes_back"], untold["untold"]) == (
        None,
        None,
        "Nobody tells.",
    )
    assert (same["is_read"], untold["is_read"]) == (True, True)


def test_an_explanation_tells_each_commit(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    store(office.database, 1, compared(commits("One", "Two")))
    said = approver.get(f"/api/apps/{STAGING}/explanation")
    told = next(each["ships"] for each in said["promotions"] if each["id"] == "1")
    assert [each["subject"] for each in told["commits"]] == ["Two", "One"]


def test_a_list_asks_as_often_for_many_as_for_one(
    approver: Caller, office: Office, made: list[Any]
) -> None:
    store(office.database, 1, compared(commits("One")))
    store(office.database, 2, compared(commits("One")))

    def statements(path: str) -> list[str]:
        seen: list[str] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        engine = office.database._engine  # noqa: SLF001 - nothing else counts them
        event.listen(engine, "before_cursor_execute", note)
        approver.get(path)
        event.remove(engine, "before_cursor_execute", note)
        return seen

    many, one = statements("/api/promotions"), statements("/api/promotions?limit=1")
    assert len(many) == len(one)
    assert not any("content" in each for each in many)
