"""Notices say what ships: how much, whether it goes back, a few commits and where to see them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from listener.core.commits import Pull
from listener.core.promotion import Status
from listener.inventory.context import Clock
from listener.worker.queues import READING, TELLING
from tests.services.shipped import commits, compared, set_shipment, store
from tests.worker.chats import Chat, open_chat
from tests.worker.emulated import PROD
from tests.worker.shipping import connect, push
from tests.worker.stage import Stage

HUB = "https://github.com/acme/shop"
HOSTILE = (
    "\x1b[31m@everyone\x1b[0m <b>\u202egnp\u202c</b> [x](http://evil.example)\x9b2J "
    + "x" * 8000
    + "\n\nNever shown."
)


@pytest.fixture
def chat(stage: Stage) -> Iterator[Chat]:
    """A service that listens."""
    with open_chat() as found:
        stage.context = replace(stage.context, notify_urls=(found.url,))
        yield found


def tell(stage: Stage) -> None:
    """Send what is due, as threads do that tell and read."""
    while stage.step(TELLING):
        pass


def tell_alone(stage: Stage) -> bool:
    """One step of the thread that tells, while nobody reads what ships."""
    with stage.database.begin() as conn:
        claim = TELLING[0].claim(conn, "test")
    if claim is not None:
        TELLING[0].step(stage.context, claim, Clock(claim.claimed_at))
    return claim is not None


def bodies(chat: Chat, word: str) -> list[list[str]]:
    """The lines of what the chat was told under a title that ends so."""
    return [each["message"].splitlines() for each in chat.told if each["title"].endswith(word)]


def said(chat: Chat, word: str) -> list[str]:
    """The lines on what ships in the last of them."""
    lines = bodies(chat, word)[-1]
    first = next(number for number, each in enumerate(lines) if each.startswith("Ships: "))
    return [each for each in lines[first:] if not each.startswith(("Look", "Page"))]


def ship(stage: Stage, *messages: str) -> int:
    """Commits that go to production; answers the version of the deploy."""
    version = stage.deploy(commit=push(stage, *messages)[-1])
    stage.look()
    stage.age(seconds=3)
    return version


def test_a_success_says_what_went(stage: Stage, chat: Chat) -> None:
    connect(stage)
    ship(stage, "Fix the login (#7)", *(f"Change {number}" for number in range(6)))
    tell(stage)

    reason, *_, look = bodies(chat, "succeeded")[-1]
    assert reason.startswith("Released as v")
    assert look.startswith("Look: ")
    ships, *few, more, pulls, compare = said(chat, "succeeded")
    assert ships == "Ships: 7 commits by Bo."
    assert [each.split(" ", 2)[2] for each in few] == [f"Change {n}, Bo" for n in (5, 4, 3, 2, 1)]
    assert (more, pulls) == ("- and 2 more", "Pull requests: #7")
    assert compare.startswith(f"Compare: {HUB}/compare/")


def test_a_rollback_says_what_it_takes_back(stage: Stage, chat: Chat) -> None:
    connect(stage)
    ship(stage, "Add a page", "Break the cart")
    stage.ask_rollback()
    stage.work()
    tell(stage)

    ships, *few, compare = said(chat, "is done")
    assert ships == "Ships: Goes back: it takes back 2 commits."
    assert [each.split(" ", 2)[2] for each in few] == ["Break the cart, Bo", "Add a page, Bo"]
    assert compare.startswith(f"Compare: {HUB}/compare/")


def test_a_question_waits_a_little_for_what_ships(stage: Stage, chat: Chat) -> None:
    stage.change_rule(conditions={"approvals": 1})
    row = stage.promotion(asked(stage))
    assert tell_alone(stage)
    assert chat.told == []
    store(stage.database, row.id, compared(commits("One", "Two")))
    assert not tell_alone(stage)  # within the second
    stage.shift(stage.seconds(1))
    assert tell_alone(stage)

    (ships, *_) = said(chat, "waits for approval")
    assert ships == "Ships: 2 commits by Ana Ivanova."


def test_what_ships_is_read_at_once_when_a_notice_waits(stage: Stage, chat: Chat) -> None:
    stage.change_rule(conditions={"approvals": 1})
    asked(stage)
    assert not stage.step(READING)
    tell_alone(stage)
    assert stage.step(READING)


def test_after_ten_seconds_a_question_goes_without(stage: Stage, chat: Chat) -> None:
    stage.change_rule(conditions={"approvals": 1})
    begun = time.monotonic()
    asked(stage)
    waited = 0
    while not chat.told:
        assert tell_alone(stage)
        stage.shift(stage.seconds(1))
        waited += 1

    assert waited <= 11
    assert waited + time.monotonic() - begun >= 10  # with what this machine took itself
    assert "Ships:" not in chat.told[0]["message"]


def test_a_question_says_why_nothing_is_told_and_a_success_does_not(
    stage: Stage, chat: Chat
) -> None:
    stage.change_rule(conditions={"approvals": 1})
    version = asked(stage)
    set_shipment(stage.database, stage.promotion(version).id, untold="Nobody tells.")
    tell(stage)
    stage.approve(version, "bo@example.com")
    stage.work()
    tell(stage)

    (question,), (success,) = bodies(chat, "waits for approval"), bodies(chat, "succeeded")
    assert "Ships: Not told: Nobody tells." in question
    assert not [line for line in success if line.startswith("Ships")]


def test_nothing_else_waits(stage: Stage, chat: Chat) -> None:
    stage.hotfix()
    stage.reconcile()
    assert tell_alone(stage)
    assert [each["title"] for each in chat.told] == [f"{PROD} is on hold"]


def test_a_promotion_that_is_blocked_is_told_at_once(stage: Stage, chat: Chat) -> None:
    stage.put_hold()
    stage.deploy(commit="c" * 40)
    stage.look()
    assert tell_alone(stage)
    assert [each["title"].split()[-2:] for each in chat.told] == [["is", "blocked"]]


def test_words_of_commits_stay_one_short_line_each(stage: Stage, chat: Chat) -> None:
    stage.change_rule(conditions={"approvals": 1})
    row = stage.promotion(asked(stage))
    coming = commits(*[HOSTILE] * 300, author="Ana\n@everyone\x1b[2J\u202e")
    store(stage.database, row.id, compared(coming, pulls=[Pull(9, HOSTILE, "http://evil.example")]))
    tell(stage)

    ships, *few, more, pulls, compare = said(chat, "waits for approval")
    assert ships == "Ships: 300 commits by Ana @everyone [2J."
    assert (len(few), more, pulls) == (5, "- and 295 more", "Pull requests: #9")
    assert compare.startswith(f"Compare: {HUB}/compare/")
    for line in few:
        assert line.isprintable()
        assert "\u202e" not in line
        assert len(line) < 200


def asked(stage: Stage) -> int:
    """A deploy about which people are asked."""
    version = stage.deploy(commit="c" * 40)
    stage.look()
    assert stage.promotion(version).status is Status.WAITING
    return version
