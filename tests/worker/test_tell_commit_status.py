"""GitHub shows the verdict at the commit: the latest one, where a rule asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from listener.worker import tell_commit_status
from tests.worker import wire
from tests.worker.emulated import PROD
from tests.worker.github import Hub
from tests.worker.stage import PUBLIC_URL, Stage


@pytest.fixture
def hub(bare: Stage) -> Hub:
    """A repository at GitHub, and a rule that tells of its verdicts at the commit."""
    bare.add_rule(conditions={"commit_status": True})
    hub = Hub(bare)
    hub.connect()
    hub.tell()
    return hub


def told(hub: Hub) -> list[tuple[str, str]]:
    """State and description of what was told of the last commit, oldest first."""
    found = hub.statuses()
    return [(each["state"], each["description"]) for each in found if each["sha"] == hub.last]


def ask(hub: Hub, **conditions: Any) -> int:
    """A deploy under a rule that asks for more; answers its version."""
    hub.stage.change_rule(conditions=conditions)
    version = hub.deploy()
    hub.stage.look()
    hub.tell()
    return version


def test_what_goes_at_once_is_told_once(hub: Hub) -> None:
    version = ask(hub)

    [(state, said)] = told(hub)
    assert (state, said) == ("success", hub.stage.promotion(version).reason)
    status = hub.statuses()[-1]
    assert status["context"] == f"autopromote/ship/{PROD}"
    assert status["target_url"] == f"{PUBLIC_URL}/promotions/2"


def test_what_waits_is_pending_until_somebody_says_yes(hub: Hub) -> None:
    version = ask(hub, approvals=1)
    [first] = told(hub)
    assert first == ("pending", "Waits: approvals.")

    hub.stage.approve(version, "cy@example.com")
    hub.stage.work()
    hub.tell()
    assert [state for state, _ in told(hub)] == ["pending", "success"]


def test_a_no_is_a_failure(hub: Hub) -> None:
    version = ask(hub, approvals=1)
    hub.stage.reject(version, "cy@example.com", "not today")
    hub.stage.work()
    hub.tell()
    assert told(hub)[-1] == ("failure", "Rejected: approvals.")


def test_another_reason_to_wait_is_told_once_a_minute(hub: Hub) -> None:
    ask(hub, approvals=1)
    for _ in range(3):
        hub.stage.put_hold()
        hub.stage.work()
        hub.tell()
        hub.stage.release_hold()
        hub.stage.work()
        hub.tell()
    assert len(told(hub)) == 1
    hub.stage.put_hold()
    hub.stage.work()
    hub.tell(seconds=61)
    assert [state for state, _ in told(hub)] == ["pending", "pending"]
    assert "hold" in told(hub)[-1][1]


def test_no_reason_is_told_to_all_who_read_the_repository(hub: Hub) -> None:
    version = ask(hub, approvals=1, deployment="production")
    hub.stage.put_hold()  # launch day
    hub.stage.work()
    hub.tell(seconds=61)
    hub.stage.release_hold()
    hub.stage.reject(version, "cy@example.com", "https://wiki.internal/secret")
    hub.stage.work()
    hub.tell(seconds=61)

    deployed = [status for each in hub.deployments() for status in each["statuses"]]
    said = [each["description"] for each in (*hub.statuses(), *deployed)]
    assert len(said) > 3
    assert not [each for each in said if "launch day" in each or "@" in each or "/" in each]


def test_the_end_is_told_however_often_it_waited_for_something_else(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_commit_status, "MOST_PENDING", 2)
    version = ask(hub, approvals=1)
    for _ in range(2):
        hub.stage.put_hold()
        hub.stage.work()
        hub.tell(seconds=61)
        hub.stage.release_hold()
        hub.stage.work()
        hub.tell(seconds=61)
    assert [state for state, _ in told(hub)] == ["pending"] * 2

    hub.stage.approve(version, "cy@example.com")
    hub.stage.work()
    hub.tell()
    assert [state for state, _ in told(hub)] == ["pending", "pending", "success"]

    again = hub.stage.deploy(commit=hub.last)  # the same commit, in a new build
    hub.stage.look()
    hub.tell(seconds=61)
    assert hub.stage.promotion(again).status is Status.WAITING
    assert [state for state, _ in told(hub)] == ["pending", "pending", "success"]


def test_what_the_rule_leaves_out_has_no_status(hub: Hub) -> None:
    ask(hub, authors=["*@elsewhere.example"])
    assert told(hub) == []


def test_a_rollback_says_nothing_of_an_old_commit(hub: Hub) -> None:
    ask(hub)
    before = len(hub.statuses())
    hub.stage.ask_rollback()
    hub.stage.work()
    hub.tell()
    assert len(hub.statuses()) == before


def test_without_the_flag_nothing_is_told(hub: Hub) -> None:
    ask(hub, commit_status=None, deployment="production")
    assert told(hub) == []
    assert len(hub.deployments()) == 1


def test_a_status_that_was_perhaps_told_is_told_again(hub: Hub) -> None:
    hub.stage.wire.put(wire.answer_lost, path=".*/statuses/.*")
    ask(hub)
    hub.tell(seconds=11)
    assert [state for state, _ in told(hub)] == ["success", "success"]


def test_without_credentials_it_is_said_why(hub: Hub) -> None:
    hub.forget()
    ask(hub)
    with hub.stage.database.begin() as conn:
        row = conn.exec_driver_sql("SELECT due_at, error FROM outbox WHERE promotion_id = 2").one()
    assert (row.due_at, row.error) == (None, "GitHub is not told: set AUTOPROMOTE_GITHUB_TOKEN.")
