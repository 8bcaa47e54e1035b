"""The webhooks on an app: made, shown, changed, removed; their secrets never shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from listener.heroku import BadAnswer, Delivery, Doubtful, Heroku, Refused, Webhook
from tests.heroku import samples
from tests.outbound.peer import Peer, Script, answer, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
URL = "https://autopromote.example.com/webhooks/heroku"
SECRET = "dcbff0c4430a2960a2552389d587bc58"
WEBHOOK = Webhook("hook-1", samples.APP_ID, "acme-staging", URL, "sync", ("api:release",))


def test_shows_them(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, [samples.webhook()])))
    assert client(at.url).webhooks("acme-staging") == [WEBHOOK]
    assert at.requests[0].path == "/apps/acme-staging/webhooks"


def test_makes_one(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.webhook())))
    assert client(at.url).create_webhook("acme-staging", url=URL, secret=SECRET) == WEBHOOK
    (request,) = at.requests
    assert (request.method, request.path) == ("POST", "/apps/acme-staging/webhooks")
    expected = {"include": ["api:release"], "level": "sync", "secret": SECRET, "url": URL}
    assert request.json == expected


@pytest.mark.parametrize(
    "given",
    [
        {"secret": SECRET},
        {"url": URL, "level": "notify"},
        {"include": ["api:release", "api:build"]},
        {},
    ],
)
def test_changes_only_what_is_given(peer: Start, client: Client, given: dict[str, Any]) -> None:
    at = peer(giving(answer(200, samples.webhook())))
    assert client(at.url).update_webhook("acme-staging", "hook-1", **given) == WEBHOOK
    (request,) = at.requests
    assert (request.method, request.path) == ("PATCH", "/apps/acme-staging/webhooks/hook-1")
    assert request.json == given


@pytest.mark.parametrize("content", [answer(200, samples.webhook()), answer(204), answer(200)])
def test_removes_one(peer: Start, client: Client, content: bytes) -> None:
    at = peer(giving(content))
    client(at.url).delete_webhook("acme-staging", "hook-1")
    (request,) = at.requests
    assert (request.method, request.path) == ("DELETE", "/apps/acme-staging/webhooks/hook-1")


def test_one_that_is_gone_already_is_told(peer: Start, client: Client) -> None:
    said = {"id": "not_found", "message": "Couldn't find that webhook."}
    at = peer(giving(answer(404, said)))
    with pytest.raises(Refused, match="Couldn't find that webhook") as caught:
        client(at.url).delete_webhook("acme-staging", "hook-1")
    assert caught.value.status == 404


def test_one_that_was_made_unseen_is_in_doubt(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, {"id": "hook-1"})))
    with pytest.raises(Doubtful, match="app is not an object") as caught:
        client(at.url).create_webhook("acme-staging", url=URL, secret=SECRET)
    assert caught.value.status == 201


def test_a_secret_does_not_come_back_in_an_error(peer: Start, client: Client) -> None:
    said = {"id": "invalid_params", "message": f"{SECRET} is too short."}
    at = peer(giving(answer(422, said)))
    with pytest.raises(Refused) as caught:
        client(at.url).update_webhook("acme-staging", "hook-1", secret=SECRET)
    assert caught.value.message == "[hidden] is too short."


def test_words_that_hold_a_short_secret_by_chance_stay_whole(peer: Start, client: Client) -> None:
    at = peer(giving(answer(422, {"id": "invalid_params", "message": "secret is too short."})))
    with pytest.raises(Refused) as caught:
        client(at.url).update_webhook("acme-staging", "hook-1", secret="e")
    assert caught.value.message == "secret is too short."


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"url": None}, "url is missing"),
        ({"url": "https://" + "x" * 3000}, "url is not a text"),
        ({"level": None}, "level is missing"),
        ({"app": None}, "app is not an object"),
    ],
)
def test_one_that_lacks_what_we_need_is_a_bad_answer(
    peer: Start, client: Client, changes: dict[str, Any], wrong: str
) -> None:
    at = peer(giving(answer(200, [samples.webhook(**changes)])))
    with pytest.raises(BadAnswer, match=wrong):
        client(at.url).webhooks("acme-staging")


def test_what_it_includes_is_read_as_far_as_it_can_be() -> None:
    assert Webhook.from_json(samples.webhook(include=["dyno", 5])).include == ("dyno",)
    assert Webhook.from_json(samples.webhook(include=None)).include == ()


def test_shows_deliveries_newest_first(peer: Start, client: Client) -> None:
    older = samples.delivery()
    newer = samples.delivery(id="delivery-2", created_at="2026-01-02T03:04:06Z", status="skipped")
    newest = samples.delivery(
        id="delivery-3", created_at="2026-01-03T00:00:00Z", last_attempt=None, num_attempts=0
    )
    at = peer(giving(answer(206, [older, newest, newer], next_range="x")))
    found = client(at.url).webhook_deliveries("acme-staging", limit=2)
    assert found == [
        Delivery("delivery-3", "succeeded", 0, None, datetime(2026, 1, 3, tzinfo=UTC), "hook-1"),
        Delivery(
            "delivery-2", "skipped", 1, 204, datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC), "hook-1"
        ),
    ]
    (request,) = at.requests
    assert request.path == "/apps/acme-staging/webhook-deliveries"
    assert request.headers["range"] == "seq ..; order=desc, max=2"


def test_an_attempt_without_an_answer_has_no_code() -> None:
    attempt = {"id": "attempt-1", "code": None, "error_class": "timeout", "status": "failed"}
    assert Delivery.from_json(samples.delivery(last_attempt=attempt)).code is None
