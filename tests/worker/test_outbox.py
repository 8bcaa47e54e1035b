"""The outbox: what people are told, once by every service that listens, however long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from listener.core.promotion import Status
from listener.crypto import Keys
from listener.db.tables import notice
from listener.worker import notify
from listener.worker.queues import TELLING
from tests.worker import wire
from tests.worker.chats import Chat, open_chat
from tests.worker.emulated import ANA, EU, PROD
from tests.worker.stage import LEASE, Stage


@pytest.fixture
def alive() -> Iterator[Chat]:
    """A service that listens."""
    with open_chat() as chat:
        yield chat


@pytest.fixture
def dead() -> Iterator[Chat]:
    """A service out of order."""
    with open_chat() as chat:
        chat.is_dead = True
        yield chat


def told(stage: Stage, *chats: Chat) -> Stage:
    """A stage whose listener tells these services."""
    stage.context = replace(stage.context, notify_urls=tuple(chat.url for chat in chats))
    return stage


def fail(stage: Stage) -> int:
    """A promotion that Heroku refuses; answers its version."""
    stage.wire.put(wire.answers(403, applied=False))
    version = stage.deploy()
    stage.look()
    return version


def tell(stage: Stage) -> None:
    """Send what is due to be sent."""
    while stage.step(TELLING):
        pass


def rows(stage: Stage) -> list[Any]:
    """Every notice, oldest first."""
    with stage.database.begin() as conn:
        return list(conn.execute(select(notice).order_by(notice.c.id)))


def test_a_failed_promotion_is_told_in_herokus_words(stage: Stage, alive: Chat) -> None:
    version = fail(told(stage, alive))
    tell(stage)

    (message,) = alive.told
    assert message["title"] == f"Promotion 1 of acme-staging v{version} to {PROD} failed"
    assert "Heroku's words." in message["message"]
    assert "autopromote promotions:retry 1" in message["message"]


def test_a_hold_is_told_with_how_it_ends(stage: Stage, alive: Chat) -> None:
    told(stage, alive).hotfix()
    stage.reconcile()
    tell(stage)

    (message,) = alive.told
    assert message["title"] == f"{PROD} is on hold"
    assert f"autopromote holds:release -a {PROD}" in message["message"]


# The services of a rule.


def test_a_rule_tells_its_own_services_beside_everybodys(
    stage: Stage, alive: Chat, dead: Chat
) -> None:
    told(stage, alive)
    stage.change_rule(notify=(dead.url, alive.url))
    fail(stage)
    tell(stage)
    assert (len(alive.told), len(dead.told)) == (1, 0)
    assert rows(stage)[-1].error == "1 of 2 services did not take it."
    dead.is_dead = False
    stage.shift(stage.seconds(11))
    tell(stage)
    assert (len(alive.told), len(dead.told)) == (1, 1)


def test_another_rule_tells_others(bare: Stage, alive: Chat) -> None:
    bare.add_rule(name="eu", targets=(EU,), notify=(alive.url,))
    bare.add_rule()
    bare.deploy()
    bare.look()
    tell(bare)
    assert [message["title"].rpartition(" to ")[2] for message in alive.told] == [f"{EU} succeeded"]


def test_a_promotion_by_hand_is_told_to_those_of_the_rule_that_goes_the_same_way(
    stage: Stage, alive: Chat
) -> None:
    stage.change_rule(notify=(alive.url,))
    stage.promote(stage.deploy())
    stage.work()
    tell(stage)
    assert len(alive.told) == 1


def test_a_hold_is_told_to_those_of_the_rules_to_that_app(stage: Stage, alive: Chat) -> None:
    stage.change_rule(notify=(alive.url,))
    stage.hotfix()
    stage.reconcile()
    tell(stage)
    assert [message["title"] for message in alive.told] == [f"{PROD} is on hold"]


def test_what_no_key_opens_is_tried_again_and_keeps_nobody_else(stage: Stage, alive: Chat) -> None:
    stage.change_rule(notify=("json://127.0.0.1:9/hush",))
    keys = stage.context.keys
    stage.context = replace(told(stage, alive).context, keys=Keys(["o" * 32]))
    fail(stage)
    tell(stage)
    assert len(alive.told) == 1
    assert rows(stage)[-1].error == "1 of 2 services did not take it."
    assert rows(stage)[-1].due_at is not None
    stage.context = replace(stage.context, keys=keys)


def test_a_rule_that_is_removed_tells_nobody_any_more(stage: Stage, alive: Chat) -> None:
    stage.change_rule(notify=(alive.url,))
    fail(stage)
    stage.rules.remove("ship", by=ANA)
    tell(stage)
    assert (alive.told, rows(stage)[-1].due_at) == ([], None)


def test_a_dead_service_keeps_no_other_from_being_told_once(
    stage: Stage, dead: Chat, alive: Chat
) -> None:
    fail(told(stage, dead, alive))
    tell(stage)
    assert len(alive.told) == 1
    (row,) = rows(stage)
    assert (row.error, row.sent_at) == ("1 of 2 services did not take it.", None)

    dead.is_dead = False
    stage.shift(stage.seconds(11))
    tell(stage)
    assert (len(dead.told), len(alive.told)) == (1, 1)
    (row,) = rows(stage)
    assert (row.error, row.due_at) == (None, None)
    assert row.sent_at is not None


def test_it_is_tried_again_later_and_later_for_about_a_day(stage: Stage, dead: Chat) -> None:
    fail(told(stage, dead))
    for _ in range(notify.MOST_TRIES):
        tell(stage)
        stage.shift(stage.seconds(4 * 3600))

    (row,) = rows(stage)
    assert (row.due_at, row.sent_at) == (None, None)
    assert row.error == "1 of 1 services did not take it."
    pauses = [notify.pause(attempt).total_seconds() for attempt in range(1, 13)]
    assert pauses[:3] == [10, 20, 40]
    assert 3600 * 6 < sum(pauses) < 3600 * 30


def test_an_url_that_is_none_is_an_error_and_shown_nowhere(stage: Stage, alive: Chat) -> None:
    fail(told(stage, Chat("nonsense://secret-token"), alive))
    tell(stage)

    assert len(alive.told) == 1
    assert "secret-token" not in str(rows(stage))


def test_without_services_a_notice_is_settled(stage: Stage) -> None:
    fail(stage)
    tell(stage)
    assert [row.due_at for row in rows(stage)] == [None]


def test_a_notice_is_written_with_what_made_it_true_or_not_at_all(stage: Stage) -> None:
    version = fail(stage)
    for moment in range(1, 80):
        stage.wire.put(wire.answers(403, applied=False))
        stage.desk.retry(str(stage.promotion(version).id), by=ANA)
        stage.mortality.die_at(moment)
        with pytest.raises(wire.Killed):
            stage.work()
        stage.mortality.die_at(None)
        assert len(rows(stage)) == stage.life(version).count("failed"), f"killed at {moment}"
        if stage.promotion(version).status is Status.FAILED:
            return
        stage.wire.troubles.clear()
        stage.wire.put(wire.answers(403, applied=False), times=2)
        stage.outlive()
    pytest.fail("a promotion that never ends")


def test_a_service_that_was_told_before_the_process_died_is_not_told_again(
    stage: Stage, alive: Chat, dead: Chat
) -> None:
    """The one was told, and written down; the other was not."""
    fail(told(stage, alive, dead))
    stage.mortality.die_at(9)
    with pytest.raises(wire.Killed):
        tell(stage)
    stage.mortality.die_at(None)
    stage.shift(LEASE)
    tell(stage)

    assert len(alive.told) == 1
