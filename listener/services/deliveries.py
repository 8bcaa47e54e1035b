"""The inbox: every authentic delivery is stored, even one we cannot parse; nothing else is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from listener import heroku
from listener.crypto import Keys
from listener.db import apps, deliveries
from listener.db.deliveries import Arrival
from listener.db.engine import Database
from listener.db.subscriptions import LiveSecret
from listener.heroku import BadSignature, Event, MalformedEvent, VerifiedBody
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services import webhook_secrets
from listener.services.delivery_writer import DeliveryWriter, SignedArrival, Stored
from listener.services.views import DeliveryView
from listener.services.webhook_secrets import OpenedSecret, WebhookSecrets

PATIENCE = 10.0  # seconds that a request waits for its commit at most


class Inbox:
    """Takes deliveries in, and shows them."""

    def __init__(self, database: Database, keys: Keys, *, patience: float = PATIENCE) -> None:
        self._database = database
        self._keys = keys
        self._patience = patience
        self._secrets = WebhookSecrets(keys)
        self._writer = DeliveryWriter(database, self._secrets)

    @property
    def waiting(self) -> int:
        """How many deliveries nobody has begun to store."""
        return self._writer.waiting

    def receive(self, body: bytes, signature: str) -> None:
        """Store a delivery of Heroku's, and return after the commit.

        Raises BadSignature; Unavailable if a secret won't open, or storing takes too long.
        """
        if not heroku.is_well_formed(signature):
            message = "No secret makes such a signature."
            raise BadSignature(message)
        ends_at = time.monotonic() + self._patience
        signed = self._signed(self._secrets.known, body, signature)
        # What is remembered accepts nothing and refuses nothing: the writer reads what is live.
        while (live := self._writer.store(signed, seconds=ends_at - time.monotonic())) is not None:
            signed = self._signed(live, body, signature)
            if signed is None:
                raise webhook_secrets.refusal(live)

    def sign(self, body: bytes, signature: str) -> SignedArrival | None:
        """Return a delivery as it may be submitted; None where `receive` must have it.

        That is so where this process remembers no secret, of the apps that the body names, that
        made the signature.
        """
        named = webhook_secrets.named_in(body, self._secrets.known)
        return self._signed(named, body, signature)

    def submit(self, deliveries: Sequence[SignedArrival]) -> list[Stored]:
        """Begin to store deliveries, and return at once.

        There are answers for the first ones, as many as there is room for. An answer is None after
        the commit. If it is anything else, nothing is stored, for the secret is not live any more.
        """
        return self._writer.submit(deliveries)

    def _signed(
        self, secrets: Sequence[OpenedSecret], body: bytes, signature: str
    ) -> SignedArrival | None:
        found = webhook_secrets.find(secrets, body, signature)
        if found is None:
            return None
        secret, verified = found
        return SignedArrival(_arrival(verified, secret, self._keys.bodies.seal(body)), secret)


def list_(
    context: Context, *, app: str | None, before: int | None = None, limit: int
) -> list[DeliveryView]:
    """List the deliveries, newest first; with an app, those about it."""
    with context.database.begin() as conn:
        app_id, scope = named.find_id(context, conn, app), context.reach.sees
        rows = deliveries.list_(conn, app_id=app_id, scope=scope, before=before, limit=limit)
        names = apps.names(conn, {row.app_id for row in rows if row.app_id is not None})
    return [DeliveryView(row, names.get(row.app_id or "")) for row in rows]


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
