"""Deliveries: the queue of each webhook, and what an attempt changes.

Heroku means to deliver in order: while the head of a queue is retried, everything behind it waits.
A `sync` delivery is retried for 72 hours after its event, a `notify` delivery never.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from emulator.github import signing
from emulator.records import Attempt, Delivery, Event, Json, Webhook
from emulator.state import State, new_id

HEADER = "Heroku-Webhook-Hmac-SHA256"
TRIED_FOR = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt, ready to send."""

    delivery_id: str
    attempt_id: str
    url: str
    body: bytes
    headers: dict[str, str] = field(repr=False)
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of an attempt: a status code, or the class of the error."""

    code: int | None = None
    error_class: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status code is 2xx."""
        return self.code is not None and 200 <= self.code < 300


def queue(world: State, webhook: Webhook, event: Event) -> None:
    """Queue a delivery of the event to the webhook."""
    now, manners = world.now(), webhook.manners
    held = manners.delay or (world.pace.shuffle_window if manners.shuffle else 0)
    delivery = Delivery(
        id=new_id(),
        sequence=next(world.sequence),
        event_id=event.id,
        webhook_id=webhook.id,
        status="pending",
        created_at=now,
        updated_at=now,
        due_at=now + timedelta(seconds=held),
        repeats_left=manners.repeats,
    )
    world.deliveries[delivery.id] = delivery
    world.queues.setdefault(webhook.id, []).append(delivery.id)
    world.wake(webhook.id)


def find_next(world: State, webhook_id: str) -> Delivery | None:
    """Return the next delivery to send, due or not; None when the queue is empty."""
    webhook, waiting = world.webhooks.get(webhook_id), world.queues.get(webhook_id, [])
    if webhook is None or not waiting:
        return None
    if webhook.manners.shuffle:
        due = [each for each in waiting if world.deliveries[each].due_at <= world.now()]
        return world.deliveries[world.chance.choice(due) if due else waiting[0]]
    return world.deliveries[waiting[0]]


def prepare(world: State, delivery: Delivery) -> Errand:
    """Build the request of the next attempt, signed with the current secret."""
    webhook, attempt_id = world.webhooks[delivery.webhook_id], new_id()
    if webhook.repository is not None:
        event = world.events[delivery.event_id]
        told = json.dumps(event.payload, separators=(",", ":")).encode()
        signed = signing.headers(webhook, delivery, event, told)
        return Errand(delivery.id, attempt_id, webhook.url, told, signed, world.now())
    body = json.dumps(_body(world, delivery, attempt_id), separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", HEADER: sign(body, webhook.secret)}
    if webhook.authorization is not None:
        headers["Authorization"] = webhook.authorization
    return Errand(delivery.id, attempt_id, webhook.url, body, headers, world.now())


def sign(body: bytes, secret: str) -> str:
    """Return the base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def _body(world: State, delivery: Delivery, attempt_id: str) -> Json:
    event = world.events[delivery.event_id]
    metadata = {
        "attempt": {"id": attempt_id},
        "delivery": {"id": delivery.id},
        "event": {"id": event.id, "include": event.include},
        "webhook": {"id": delivery.webhook_id},
    }
    return {"id": event.id, **event.payload, "webhook_metadata": metadata}


def record(world: State, errand: Errand, result: Result) -> None:
    """Store the result of an attempt, and decide whether to try again."""
    delivery = world.deliveries.get(errand.delivery_id)
    webhook = world.webhooks.get(delivery.webhook_id) if delivery else None
    if delivery is None or webhook is None:
        return
    tried = _tried(world, delivery, errand, result)
    if not result.is_success and _may_retry(world, webhook, tried):
        settled = _retrying(world, tried)
    elif result.is_success and tried.repeats_left:
        settled = replace(tried, repeats_left=tried.repeats_left - 1)
    else:
        settled = replace(tried, status=_final_status(world, tried, result))
        world.queues[webhook.id].remove(delivery.id)
    world.deliveries[delivery.id] = settled


def _tried(world: State, delivery: Delivery, errand: Errand, result: Result) -> Delivery:
    now = world.now()
    status = "succeeded" if result.is_success else "failed"
    attempt = Attempt(
        errand.attempt_id, status, result.code, result.error_class, errand.started_at, now
    )
    return replace(
        delivery,
        num_attempts=delivery.num_attempts + 1,
        last_attempt=attempt,
        next_attempt_at=None,
        updated_at=now,
    )


def _may_retry(world: State, webhook: Webhook, delivery: Delivery) -> bool:
    return webhook.level == "sync" and not _is_too_old(world, delivery)


def _is_too_old(world: State, delivery: Delivery) -> bool:
    return world.events[delivery.event_id].created_at + TRIED_FOR <= world.now()


def _retrying(world: State, delivery: Delivery) -> Delivery:
    doublings = min(delivery.num_attempts - 1, 30)
    wait = min(world.pace.retry_first * 2**doublings, world.pace.retry_longest)
    due_at = world.now() + timedelta(seconds=wait)
    return replace(delivery, status="retrying", due_at=due_at, next_attempt_at=due_at)


def _final_status(world: State, delivery: Delivery, result: Result) -> str:
    if result.is_success:
        return "succeeded"
    is_first = delivery.num_attempts == 1
    # "skipped" is not in the schema's enum, but Heroku's changelog 2525 names it.
    return "skipped" if is_first and _is_too_old(world, delivery) else "failed"
