"""Closed times where it counts: right before a post, and on the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from listener.core.promotion import Status
from listener.inventory.context import Clock
from listener.worker import create_release
from listener.worker.candidates import gather
from listener.worker.evaluate import evaluate_gates
from listener.worker.job import Job
from listener.worker.queues import PROMOTING
from tests.worker.stage import Stage

A_DAY = timedelta(days=1)


def test_what_closes_between_decision_and_post_stops_it(bare: Stage) -> None:
    """Everything is gathered and says yes; midnight comes before the post is committed."""
    tomorrow = datetime.now(UTC) + A_DAY
    bare.add_rule(conditions={"closed": [f"{tomorrow:%a} UTC"]})
    bare.deploy()
    bare.look_only()
    with bare.database.begin() as conn:
        claim = PROMOTING[0].claim(conn, "test")
    assert claim is not None
    job = Job(bare.context, claim, Clock(claim.claimed_at))
    gathered = gather(job)
    assert evaluate_gates(job.row, gathered, job.now()).objection is None
    with bare.database.begin() as conn:
        create_release.check(conn, job, gathered)
    later = Job(bare.context, claim, Clock(claim.claimed_at + A_DAY))
    with (
        pytest.raises(create_release.PreconditionChanged, match=r"^Closed: "),
        bare.database.begin() as conn,
    ):
        create_release.check(conn, later, gathered)


def test_no_closed_time_stops_a_rollback(bare: Stage) -> None:
    bare.add_rule()
    version = [bare.deploy(), bare.deploy()][-1]
    bare.look()
    assert bare.promotion(version).status is Status.SUCCEEDED
    bare.change_rule(conditions={"closed": ["daily UTC"]})
    bare.ask_rollback()
    bare.work()
    (back,) = [row for row in bare.promotions() if row.kind == "rollback"]
    assert back.status is Status.ROLLED_BACK
