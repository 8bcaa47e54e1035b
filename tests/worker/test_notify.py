"""What people are told of a promotion: what needs them, how it ended, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from listener import approval_links
from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.core.trouble import Cause
from listener.db import notifications, troubles
from listener.services.holds import NewHold
from listener.services.promote import NewOverride, NewPromotions
from listener.worker.queues import TELLING
from tests.worker import wire
from tests.worker.chats import open_chat
from tests.worker.closed import closed_windows
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import PUBLIC_URL, Stage

BO = "bo@example.com"
LINK = re.compile(rf"{re.escape(PUBLIC_URL + approval_links.PATH)}(\S+)")


def waiting(bare: Stage, *, mode: Mode = Mode.ARMED, **conditions: Any) -> int:
    """A release of a rule that asks for this; answers its version."""
    bare.add_rule(mode=mode, conditions=conditions)
    version = bare.deploy()
    bare.look()
    return version


# Who is asked.


def test_people_are_asked_once_with_a_link_and_the_command(bare: Stage) -> None:
    with open_chat() as chat:
        bare.context = replace(bare.context, notify_urls=(chat.url,))
        version = waiting(bare, approvals=2, approval_timeout="2h")
        bare.approve(version, BO)
        bare.work()
        while bare.step(TELLING):
            pass
        [asked] = chat.told

    row = bare.promotion(version)
    assert bare.notices() == [
        f"Promotion {row.id} of {STAGING} v{version} to {PROD} waits for approval"
    ]
    (stored,) = bare.told("approval")
    assert LINK.search(stored) is None  # whoever reads the database is not invited
    body = asked["message"]
    assert body.startswith(f"0 of 2 approvals for {STAGING} v{version} to {PROD}.\nUntil: ")
    assert "\nRule: ship\n" in body
    assert f"`autopromote promotions:approve {row.id}`" in body
    link = LINK.search(body)
    assert link is not None
    invited = approval_links.read(bare.context.keys.links, link[1], now=datetime.now(UTC))
    assert (invited.promotion_id, invited.release_id, invited.artifact) == (
        row.id,
        row.release_id,
        row.artifact,
    )
    until = next(gate["until"] for gate in row.gates if gate["name"] == "approvals")
    assert invited.expires_at == datetime.fromisoformat(until).replace(microsecond=0)


@pytest.mark.parametrize("end", ["soon", "9" * 40, "4000000000"])
def test_words_of_people_make_no_link(bare: Stage, end: str) -> None:
    """A reason of many lines is told as it is, though it looks like the end of a question."""
    reason = f"not today\nLook and answer until {end}\nthanks"
    with open_chat() as chat:
        bare.context = replace(bare.context, notify_urls=(chat.url,))
        bare.reject(waiting(bare, approvals=1), BO, reason)
        bare.work()
        while bare.step(TELLING):
            pass
        told = [each["message"] for each in chat.told]
    assert any(reason in message for message in told)
    assert sum(LINK.search(message) is not None for message in told) == 1  # of the question


def test_nobody_is_asked_before_it_has_soaked(bare: Stage) -> None:
    waiting(bare, soak="1h", approvals=1)
    assert bare.notices() == []
    bare.age(hours=1)
    assert len(bare.told("approval")) == 1


def test_people_are_asked_in_time_though_something_else_takes_longer(bare: Stage) -> None:
    waiting(bare, approvals=1, windows=closed_windows())
    assert len(bare.told("approval")) == 1


def test_a_brake_asks_too(bare: Stage) -> None:
    bare.wire.put(wire.answers(403, applied=False))
    waiting(bare, brake="1/24h")
    bare.deploy()
    bare.look()
    (body,) = bare.told("approval")
    assert body.startswith(f"1 promotions to {PROD} failed or were rolled back within 1d")


def test_a_retry_asks_anew(bare: Stage) -> None:
    version = waiting(bare, approvals=1, approval_timeout="2h")
    bare.age(hours=2)
    assert bare.promotion(version).status is Status.REJECTED
    bare.desk.retry(str(bare.promotion(version).id), by=BO)
    bare.work()
    assert len(bare.told("approval")) == 2


def chat_of(bare: Stage) -> list[Any]:
    """What a chat is told by now."""
    with open_chat() as chat:
        bare.context = replace(bare.context, notify_urls=(chat.url,))
        while bare.step(TELLING):
            pass
        return chat.told


def test_every_notice_leads_to_a_page(stage: Stage) -> None:
    """A promotion to its own; only a question to where it is answered."""
    stage.change_rule(conditions={"approvals": 1})
    version = stage.deploy()
    stage.look()
    stage.approve(version, BO)
    stage.work()
    row = stage.promotion(version)
    with stage.database.begin() as conn:
        troubles.note(conn, Cause.TOKEN, "the token", "refused", [])
        (trouble,) = troubles.open_(conn)
        for title, about in (("a hold", None), ("a trouble", trouble.id)):
            notifications.add(conn, "trouble", title=title, body="one line", trouble_id=about)

    told = {each["title"]: each["message"].splitlines() for each in chat_of(stage)}

    (asked,) = (lines for title, lines in told.items() if "waits for approval" in title)
    (ended,) = (lines for title, lines in told.items() if "succeeded" in title)
    assert not any(line.startswith("Page: ") for line in asked)
    assert f"Page: {PUBLIC_URL}/promotions/{row.id}" == ended[-2]
    assert told["a hold"] == ["one line", f"Page: {PUBLIC_URL}/"]
    assert told["a trouble"] == ["one line", f"Page: {PUBLIC_URL}/doctor"]


def test_where_nobody_knows_our_address_a_notice_names_the_command(stage: Stage) -> None:
    stage.context = replace(stage.context, public_url=None)
    stage.deploy()
    stage.look()

    (told,) = chat_of(stage)

    assert "Page: " not in told["message"]
    assert "Look: `autopromote promotions:info" in told["message"]


# What is stuck.


def test_a_hold_that_stops_a_release_is_told_once_a_reason(stage: Stage) -> None:
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.change_rule(conditions={"min_gap": "1s"})  # has it decided anew
    stage.work()
    (body,) = stage.told("blocked")
    assert body.startswith(f"{PROD} is on hold by ana@example.com: launch day (hold 1)\nLook: ")
    stage.holds.put(NewHold(app=PROD, reason="a fair"), by=BO)
    stage.work()
    stage.reconcile()

    assert stage.promotion(version).status is Status.WAITING
    assert len(stage.told("blocked")) == 2


def test_until_when_is_told(stage: Stage) -> None:
    stage.put_hold(ends_at=datetime(2120, 1, 2, 3, 4, tzinfo=UTC))
    stage.deploy()
    stage.look()
    (body,) = stage.told("blocked")
    assert "\nUntil: 2120-01-02 03:04 UTC\n" in body


@pytest.mark.parametrize(
    "conditions",
    [
        {"soak": "1h"},
        {"windows": closed_windows()},
        {"authors": ["*@elsewhere.example"]},
        {"not_descriptions": ["Deploy*"]},
    ],
    ids=lambda conditions: next(iter(conditions)),
)
def test_what_the_rule_itself_asks_for_is_no_news(bare: Stage, conditions: Any) -> None:
    waiting(bare, **conditions)
    assert bare.notices() == []


def test_a_heroku_that_is_gone_for_long_is_told_once(stage: Stage) -> None:
    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.answers(503, applied=False), method="GET", path=path, times=500)
    stage.deploy()
    stage.look()
    assert stage.notices() == []
    stage.age(minutes=11)
    stage.reconcile()
    assert stage.notices() == ["Heroku cannot be read"]
    (body,) = stage.told("trouble")
    assert f"\nWaiting for it: promotion 1 of {STAGING} v" in body


# How it ended.


def test_a_release_that_went_is_told(stage: Stage) -> None:
    version = stage.deploy()
    stage.look()
    assert stage.notices() == [f"Promotion 1 of {STAGING} v{version} to {PROD} succeeded"]
    ours = stage.current()
    assert stage.told("succeeded") == [
        f"Released as v{ours}.\nLook: `autopromote promotions:info 1`."
    ]


def test_a_no_is_told(bare: Stage) -> None:
    version = waiting(bare, approvals=1)
    bare.reject(version, BO, "not today")
    bare.work()
    (body,) = bare.told("rejected")
    assert body.startswith(f"{BO} rejected it: not today.\n")
    assert "promotions:retry" in body


@pytest.mark.parametrize(
    "conditions", [{}, {"approvals": 1, "approval_timeout": "1h"}, {"brake": "1/24h"}], ids=str
)
def test_nothing_of_a_rule_in_shadow_is_told(bare: Stage, conditions: Any) -> None:
    if conditions:
        bare.put_hold()
    waiting(bare, mode=Mode.SHADOW, **conditions)
    bare.age(hours=2)
    assert bare.notices() == []


def test_what_changes_nothing_is_no_news(stage: Stage) -> None:
    stage.put_hold()
    older = stage.deploy()
    stage.look()
    told = stage.notices()
    newer = stage.deploy()
    stage.promote_by_dashboard(PROD, newer)
    stage.look()
    stage.release_hold()
    stage.work()

    assert {stage.promotion(v).status for v in (older, newer)} == {
        Status.SUPERSEDED,
        Status.SKIPPED,
    }
    assert stage.notices() == told


def test_a_rollback_is_titled_as_what_it_is_and_says_who_asked_and_why(stage: Stage) -> None:
    stage.deploy()
    stage.look()
    stage.ask_rollback()
    stage.work()

    assert stage.notices()[-1] == f"Rollback 2 of {PROD} to v3 is done"
    (body,) = stage.told("rolled_back")
    assert body.startswith(
        "Rolled back as v5.\nBack to v3, asked for by ana@example.com: it is slow"
    )
    assert body.endswith("\nLook: `autopromote promotions:info 2`.")


def test_an_override_is_told_with_who_and_why(bare: Stage) -> None:
    version = waiting(bare, soak="1h")
    override = NewOverride(gates=("soak",), reason="the shop is down")
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=version, override=override)
    bare.desk.promote_by_hand(wish, by=BO)
    bare.work()
    (body,) = bare.told("succeeded")
    assert f"\nSet aside by {BO}: soak. Reason: the shop is down\nLook: " in body
