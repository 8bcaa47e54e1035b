"""What fails before there is a promotion is told once, and once when it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from listener.crypto import Keys
from listener.db import sync
from listener.db.state_tables import trouble
from listener.services.subscriptions import SubscriptionsDesk
from tests.worker import wire
from tests.worker.emulated import ANA, EU, PROD, STAGING
from tests.worker.stage import Stage

MANY = 200


def fail(stage: Stage, around: wire.Around, path: str = ".*") -> None:
    """Every read fails until `mend`."""
    stage.wire.put(around, method="GET", path=path, times=MANY)


def mend(stage: Stage) -> None:
    """Heroku is as before."""
    stage.wire.troubles.clear()


def pass_minutes(stage: Stage, minutes: int) -> None:
    """Let time pass, with a reconcile every five minutes, as the listener has it."""
    for _ in range(minutes // 5):
        with stage.database.begin() as conn:
            sync.ask_reconcile(conn)
        stage.age(minutes=5)


def rows(stage: Stage) -> list[Any]:
    with stage.database.begin() as conn:
        return list(conn.execute(select(trouble).order_by(trouble.c.id)))


REVOKED = wire.answers(401, applied=False, body={"id": "unauthorized", "message": "Invalid."})


def test_a_revoked_key_is_told_though_nothing_waits_yet(stage: Stage) -> None:
    fail(stage, REVOKED)
    version = stage.deploy()
    stage.tell(version)
    pass_minutes(stage, 5)
    assert stage.notices() == []
    pass_minutes(stage, 45)

    assert stage.promotions() == []
    assert stage.notices() == ["Heroku does not accept the listener's key"]
    [body] = stage.told("trouble")
    assert f"Waiting for it: {STAGING} v{version}." in body
    assert "\nSince: " in body
    assert "\nMend it: `heroku config:set -a LISTENER HEROKU_API_KEY=" in body

    mend(stage)
    pass_minutes(stage, 15)
    assert sorted(stage.notices()[1:]) == [
        "Over: Heroku does not accept the listener's key",
        f"Promotion 1 of {STAGING} v{version} to {PROD} succeeded",
    ]
    pass_minutes(stage, 15)
    assert len(stage.notices()) == 3


@pytest.mark.parametrize(
    ("around", "title"),
    [
        (wire.answers(402, applied=False), "Heroku refuses the listener's account"),
        (
            wire.answers(403, applied=False, body={"id": "suspended", "message": "No."}),
            "Heroku refuses the listener's account",
        ),
        (wire.answers(429, applied=False), "The listener has no requests left at Heroku"),
        (wire.answers(500, applied=False), "Heroku cannot be read"),
        (wire.answers(503, applied=False, body="<html>"), "Heroku cannot be read"),
        (wire.lost, "Heroku cannot be read"),
        (wire.refused, "Heroku cannot be read"),
    ],
)
def test_what_concerns_every_app_is_told_once(
    stage: Stage, around: wire.Around, title: str
) -> None:
    fail(stage, around)
    pass_minutes(stage, 25)
    assert stage.notices() == [title]
    mend(stage)
    pass_minutes(stage, 15)
    assert stage.notices() == [title, f"Over: {title}"]


@pytest.mark.parametrize(
    ("around", "title"),
    [
        (wire.answers(403, applied=False), f"The listener may not read {PROD}"),
        (wire.answers(404, applied=False), f"Heroku shows no {PROD}"),
        (wire.edited(lambda _: []), f"What Heroku shows of {PROD} cannot be used"),
    ],
)
def test_what_concerns_one_app_names_it(stage: Stage, around: wire.Around, title: str) -> None:
    fail(stage, around, f"/apps/{stage.app(PROD).id}/releases")
    pass_minutes(stage, 25)
    assert stage.notices() == [title]
    mend(stage)
    pass_minutes(stage, 15)
    assert stage.notices() == [title, f"Over: {title}"]


def test_a_promotion_that_waits_for_the_same_cause_is_no_second_notice(stage: Stage) -> None:
    version = stage.deploy()
    stage.look_only()
    fail(stage, REVOKED)
    pass_minutes(stage, 45)

    assert stage.notices() == ["Heroku does not accept the listener's key"]
    [body] = stage.told("trouble")
    assert f"promotion 1 of {STAGING} v{version} to {PROD}" in body


def test_what_passes_within_ten_minutes_is_no_news(stage: Stage) -> None:
    fail(stage, wire.answers(500, applied=False))
    pass_minutes(stage, 5)
    mend(stage)
    pass_minutes(stage, 30)
    assert stage.notices() == []
    assert {row.over_at is None for row in rows(stage)} == {False}
    stage.age(days=2)
    stage.reconcile()
    assert rows(stage) == []


def test_webhooks_that_cannot_be_read_are_told_too(stage: Stage) -> None:
    desk = SubscriptionsDesk(
        replace(stage.context, public_url="http://127.0.0.1:9"), Keys(["k" * 32])
    )
    desk.add(STAGING, by=ANA, reached_at="")
    fail(stage, wire.answers(403, applied=False), ".*/webhooks")
    pass_minutes(stage, 30)
    assert stage.notices() == [f"The listener may not read {STAGING}"]
    mend(stage)
    pass_minutes(stage, 10)
    assert len(stage.notices()) == 2


def test_a_key_that_is_revoked_during_an_outage_is_news(stage: Stage) -> None:
    fail(stage, wire.answers(500, applied=False))
    pass_minutes(stage, 20)
    mend(stage)
    fail(stage, REVOKED)
    pass_minutes(stage, 30)
    assert stage.notices() == [
        "Heroku cannot be read",
        "Heroku does not accept the listener's key",
    ]


def test_what_nobody_asks_for_any_more_is_over(stage: Stage) -> None:
    fail(stage, wire.answers(404, applied=False), f"/apps/{stage.app(PROD).id}/releases")
    pass_minutes(stage, 20)
    mend(stage)
    stage.change_rule(targets=(EU,))
    pass_minutes(stage, 45)
    assert all(row.over_at is not None for row in rows(stage))
