"""What a page shows is told of as it changes: no page waits for the end of what it may keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.db import access_tokens, queue
from listener.db.access_tokens import Kind, NewToken
from listener.db.engine import CHANNEL
from tests.worker.emulated import ANA, STAGING
from tests.worker.stage import Stage

PATIENCE_SECONDS = 60.0
END = "end"


def told(stage: Stage, act: Callable[[Stage], object]) -> set[str]:
    """The topics that are notified while something happens."""
    found: set[str] = set()
    with stage.database.listen(CHANNEL) as connection:
        act(stage)
        with stage.database.begin() as conn:
            queue.notify(conn, END)
        for each in connection.notifies(timeout=PATIENCE_SECONDS):
            topics = set(each.payload.split())
            if END in topics:
                return found
            found |= topics
    raise AssertionError(f"no end after {found}")


def evaluate(stage: Stage) -> None:
    """The step that finds out what the newest promotion waits for, or how it ends."""
    before = stage.promotions()[-1]
    assert (before.status, before.gates) == (Status.WAITING, [])
    assert stage.step(stage.promoting)
    after = stage.promotions()[-1]
    assert (after.status, after.reason) != (before.status, before.reason)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"conditions": {"soak": "1h"}}, Status.WAITING),
        ({"conditions": {"approvals": 1}}, Status.WAITING),
        ({"mode": Mode.SHADOW}, Status.SHADOWED),
    ],
)
def test_what_a_promotion_was_found_to_wait_for_or_to_end_as(
    bare: Stage, wish: dict[str, Any], status: Status
) -> None:
    bare.add_rule(**wish)
    bare.deploy()
    bare.look_only()
    assert queue.PAGE in told(bare, evaluate)
    assert bare.promotions()[-1].status is status


def test_a_new_promotion_that_somebody_works_on_already(stage: Stage) -> None:
    stage.deploy()
    assert queue.PAGE in told(stage, Stage.look_only)


def put_hold(stage: Stage) -> None:
    stage.put_hold()


def log_in(stage: Stage) -> None:
    with stage.database.begin() as conn:
        soon = datetime.now(UTC) + timedelta(hours=1)
        login = NewToken(id="login", kind=Kind.BROWSER, email=ANA, expires_at=soon, made_from=None)
        assert access_tokens.add(conn, login)


def log_out(stage: Stage) -> None:
    with stage.database.begin() as conn:
        assert access_tokens.revoke(conn, "login", by=ANA)


@pytest.mark.parametrize(
    ("before", "act"),
    [
        (None, put_hold),
        (put_hold, Stage.release_hold),
        (None, lambda stage: stage.put_hold(None)),
        (None, lambda stage: stage.change_rule(mode=Mode.OFF)),
        (None, lambda stage: stage.rules.remove("ship", by=ANA)),
        (None, log_in),
        (log_in, log_out),
    ],
)
def test_what_changes_where_nothing_waits(
    stage: Stage, before: Callable[[Stage], object] | None, act: Callable[[Stage], object]
) -> None:
    if before is not None:
        before(stage)
    assert queue.PAGE in told(stage, act)


def test_a_rule_that_is_new(bare: Stage) -> None:
    assert queue.PAGE in told(bare, lambda stage: stage.add_rule())


def test_what_changes_nothing_is_not_told(stage: Stage) -> None:
    """A look at what is known, and a question that has the same answer."""
    stage.change_rule(conditions={"soak": "1h"})
    stage.deploy()
    stage.look()
    assert queue.PAGE not in told(stage, lambda it: it.look(STAGING))
