"""To be told of promotions costs their way not one statement, transaction or call more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from typing_extensions import override

from tests.worker.emulated import STAGING
from tests.worker.github import Hub
from tests.worker.stage import Stage
from tests.worker.test_tell_event import Receiver, make, receiver, to

__all__ = ["make", "receiver"]  # fixtures


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, those that begin and end transactions too."""
    found: list[str] = []

    class Counting(psycopg.Cursor[Any]):
        @override
        def execute(self, query: Any, *args: Any, **more: Any) -> Any:
            found.append(query.decode() if isinstance(query, bytes) else str(query))
            return super().execute(query, *args, **more)

    def count(connection: Any, record: Any, _: object) -> None:
        connection.cursor_factory = Counting
        record.info.pop("cursor", None)  # the one it had before

    pool = stage.database._engine.pool  # noqa: SLF001 - nothing else counts them
    event.listen(pool, "checkout", count)
    yield found
    event.remove(pool, "checkout", count)


def statements(hub: Hub) -> tuple[list[str], list[str]]:
    """What the way of one deploy sends to the database, and to Heroku; without our own looks."""
    stage = hub.stage
    hub.deploy()
    stage.wire.take_calls()
    with counted(stage) as found:
        stage.look()
        sent = [each for each in found if "EXISTS (SELECT * FROM promotion" not in each]
    return sent, [call.partition(" ")[0] for call in stage.wire.take_calls()]


def least(hub: Hub) -> tuple[list[str], list[str]]:
    """The same where this machine is not late for any of it: the least of three."""
    return min((statements(hub) for _ in range(3)), key=lambda sent: len(sent[0]))


@pytest.mark.parametrize("waits", [False, True])
def test_the_way_of_a_promotion_costs_the_same(
    bare: Stage, receiver: Receiver, waits: bool
) -> None:
    bare.add_rule(conditions={"soak": "1h"} if waits else {})
    hub = Hub(bare)
    hub.push("Begin")
    bare.control(f"apps/{STAGING}/repo", {"full_name": hub.name}, method="PUT")
    statements(hub)
    before = least(hub)

    to(bare, receiver)
    bare.change_rule(conditions={"deployment": "production", "commit_status": True})
    bare.work()
    statements(hub)
    after = least(hub)

    assert len(before[0]) > 20
    assert (len(after[0]), after[1]) == (len(before[0]), before[1])
    notified = [[each for each in told if "pg_notify" in each] for told in (before[0], after[0])]
    assert len(notified[0]) == len(notified[1])
    with bare.database.begin() as conn:
        told = conn.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one()
    assert told >= 6
