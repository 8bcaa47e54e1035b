"""The inbox: every authentic delivery is stored, even one we cannot parse; nothing else is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from listener import heroku
from listener.crypto import DecryptionError, Keys
from listener.db import apps, deliveries, subscriptions
from listener.db.deliveries import Arrival
from listener.db.engine import Database
from listener.db.subscriptions import LiveSecret
from listener.errors import Unavailable
from listener.heroku import BadSignature, Event, MalformedEvent, VerifiedBody
from listener.services import apps as named
from listener.services.views import DeliveryView


class Inbox:
    """Takes deliveries in, and shows them."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def receive(self, body: bytes, signature: str) -> None:
        """Store a delivery of Heroku's. Raises BadSignature; Unavailable if a secret won't open."""
        with self._database.begin() as conn:
            secret, verified = self._verified(subscriptions.live_secrets(conn), body, signature)
            subscriptions.delivered(conn, secret.subscription_id)
            if secret.proved_at is None:
                subscriptions.prove(conn, secret.id)
            deliveries.add(conn, _arrival(verified, secret, self._keys.bodies.seal(body)))

    def list_(self, *, app: str | None, limit: int) -> list[DeliveryView]:
        """List the deliveries, newest first; with an app, those about it."""
        with self._database.begin() as conn:
            rows = deliveries.list_(conn, app_id=named.find_id(conn, app), limit=limit)
            names = apps.names(conn, {row.app_id for row in rows if row.app_id is not None})
        return [DeliveryView(row, names.get(row.app_id or "")) for row in rows]

    def _verified(
        self, secrets: Sequence[LiveSecret], body: bytes, signature: str
    ) -> tuple[LiveSecret, VerifiedBody]:
        are_all_open = True
        for secret in secrets:
            try:
                text = self._keys.open(secret.sealed).decode()
                return secret, heroku.verify(body, signature, [text])
            except DecryptionError:
                are_all_open = False
            except BadSignature:
                continue
        if are_all_open:
            message = "No secret of ours made this signature."
            raise BadSignature(message)
        # It may come from Heroku all the same. We refuse it for now; Heroku sends it again later.
        message = "A webhook secret cannot be opened with any SECRET_KEY."
        raise Unavailable(message, id="secrets_unreadable")


def _arrival(body: VerifiedBody, secret: LiveSecret, sealed: bytes) -> Arrival:
    try:
        event = heroku.parse(body)
    except MalformedEvent as error:
        return _settled(body, secret, sealed, f"not understood: {error.reason}")
    if event.app_id != secret.app_id:
        return _settled(body, secret, sealed, "ignored: about another app than was subscribed to")
    return _told(event, secret, sealed, event.delivery_id or _digest(body))


def _settled(body: VerifiedBody, secret: LiveSecret, sealed: bytes, outcome: str) -> Arrival:
    # The key is its digest, never an id that it claims: it must not replace another delivery.
    return Arrival(
        key=_digest(body),
        subscription_id=secret.subscription_id,
        app_id=secret.app_id,
        body=sealed,
        outcome=outcome,
    )


def _told(event: Event, secret: LiveSecret, sealed: bytes, key: str) -> Arrival:
    release = event.release
    artifact = release.artifact if release is not None else None
    return Arrival(
        key=key,
        subscription_id=secret.subscription_id,
        app_id=event.app_id,
        body=sealed,
        delivery_id=event.delivery_id,
        event_id=event.id,
        action=event.action,
        resource=event.resource,
        release_id=release.id if release is not None else None,
        version=release.version if release is not None else None,
        status=release.status if release is not None else None,
        artifact=artifact.id if artifact is not None else None,
        commit=release.commit if release is not None else None,
        stack=release.stack if release is not None else None,
    )


def _digest(body: VerifiedBody) -> str:
    return hashlib.sha256(body.content).hexdigest()
