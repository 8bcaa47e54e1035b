"""Our webhooks are compared with what Heroku has of them, and what is wrong is told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from listener.crypto import Keys
from listener.db import sync
from listener.db.tables import chore
from listener.services.subscriptions import SubscriptionsDesk
from listener.services.views import SubscriptionView
from listener.worker.queues import PROMOTING
from tests.worker import wire
from tests.worker.emulated import ANA, STAGING
from tests.worker.stage import Stage

ADDRESS = "http://127.0.0.1:9"  # nothing is delivered in these tests
TITLE = "The webhook of acme-staging is not healthy"


@pytest.fixture
def desk(stage: Stage) -> SubscriptionsDesk:
    """A subscription that Heroku has."""
    made = SubscriptionsDesk(replace(stage.context, public_url=ADDRESS), Keys(["k" * 32]))
    made.add(STAGING, by=ANA, reached_at="")
    stage.wire.take_calls()
    return made


def shown(desk: SubscriptionsDesk) -> SubscriptionView:
    [view] = desk.list_(app=STAGING, limit=10)
    return view


def break_it(stage: Stage, desk: SubscriptionsDesk, change: dict[str, Any] | None) -> None:
    """Somebody changes our webhook at Heroku, or removes it."""
    heroku, id = stage.context.heroku, str(shown(desk).row.heroku_id)
    if change is None:
        heroku.delete_webhook(STAGING, id)
    else:
        heroku.update_webhook(STAGING, id, **change)
    stage.wire.take_calls()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "Heroku has this webhook no more."),
        ({"level": "notify"}, "At Heroku its level is notify: what is missed is not sent again."),
        ({"url": "http://127.0.0.1:9/x"}, "At Heroku it points to http://127.0.0.1:9/x."),
        ({"include": ["api:build"]}, "At Heroku it does not tell of releases."),
    ],
)
def test_reconcile_notices_what_somebody_did_to_a_webhook(
    stage: Stage, desk: SubscriptionsDesk, change: dict[str, Any] | None, words: str
) -> None:
    stage.reconcile()
    assert shown(desk).is_healthy is None

    break_it(stage, desk, change)
    stage.reconcile()
    view = shown(desk)
    assert (view.is_healthy, view.row.health) == (False, words)
    assert view.health == f"{words} Run `autopromote webhooks:add -a {STAGING}` to mend it."
    assert stage.notices() == [TITLE]


def test_people_are_told_once(stage: Stage, desk: SubscriptionsDesk) -> None:
    break_it(stage, desk, {"level": "notify"})
    for _ in range(3):
        stage.reconcile()
    desk.get(STAGING)
    assert stage.notices() == [TITLE]

    break_it(stage, desk, None)
    stage.reconcile()
    assert stage.notices() == [TITLE, TITLE]


def test_whoever_looks_first_has_people_told(stage: Stage, desk: SubscriptionsDesk) -> None:
    break_it(stage, desk, None)
    desk.get(STAGING)
    assert stage.notices() == [TITLE]


def test_what_is_mended_is_healthy_again(stage: Stage, desk: SubscriptionsDesk) -> None:
    break_it(stage, desk, {"level": "notify"})
    stage.reconcile()
    desk.add(STAGING, by=ANA, reached_at="")
    stage.reconcile()
    assert shown(desk).row.health is None

    break_it(stage, desk, {"level": "notify"})
    stage.reconcile()
    break_it(stage, desk, {"level": "sync"})
    stage.reconcile()
    assert shown(desk).row.health is None
    assert stage.notices() == [TITLE, TITLE]


def test_it_costs_one_call_a_webhook_each_reconcile(stage: Stage, desk: SubscriptionsDesk) -> None:
    path = f"GET /apps/{stage.app(STAGING).id}/webhooks"
    stage.reconcile()
    assert stage.wire.take_calls().count(path) == 1
    stage.work()
    stage.age(minutes=4)
    assert path not in stage.wire.take_calls()
    stage.age(minutes=1)
    assert stage.wire.take_calls().count(path) == 1


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_where_heroku_does_not_answer_nothing_is_said(
    stage: Stage, desk: SubscriptionsDesk, status: int
) -> None:
    break_it(stage, desk, None)
    path = f"/apps/{stage.app(STAGING).id}/webhooks"
    stage.wire.put(wire.answers(status, applied=False), method="GET", path=path)
    stage.reconcile()
    assert (shown(desk).row.health, stage.notices()) == (None, [])

    stage.reconcile()
    assert stage.notices() == [TITLE]


def test_an_answer_from_before_it_was_made_anew_says_nothing(
    stage: Stage, desk: SubscriptionsDesk
) -> None:
    break_it(stage, desk, None)

    def mended_meanwhile(_: httpx.Request, send: wire.Send) -> httpx.Response:
        answer = send()
        desk.add(STAGING, by=ANA, reached_at="")
        return answer

    path = f"/apps/{stage.app(STAGING).id}/webhooks"
    stage.wire.put(mended_meanwhile, method="GET", path=path)
    stage.reconcile()
    assert (shown(desk).row.health, stage.notices()) == (None, [])


def test_a_subscription_that_was_removed_is_left_alone(
    stage: Stage, desk: SubscriptionsDesk
) -> None:
    with stage.database.begin() as conn:
        sync.ask_reconcile(conn)
    assert stage.step(PROMOTING[2:3])
    desk.remove(STAGING, by=ANA)
    stage.wire.take_calls()
    assert stage.step(PROMOTING[3:])
    stage.reconcile()
    assert not [call for call in stage.wire.take_calls() if call.endswith("/webhooks")]
    with stage.database.begin() as conn:
        due = conn.execute(select(chore.c.due_at).where(chore.c.name.startswith("webhook ")))
        assert list(due.scalars()) == [None]


def test_a_half_made_subscription_is_known_to_be_one(stage: Stage) -> None:
    stage.tell(stage.deploy())
    stage.reconcile()
    assert TITLE not in stage.notices()
