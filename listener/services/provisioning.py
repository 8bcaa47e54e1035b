"""Makes the webhook at Heroku what the subscription wants; safe to stop and repeat."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, cast

from sqlalchemy import Connection

from listener.crypto import DecryptionError, Keys
from listener.db import subscriptions
from listener.db.subscriptions import SecretRow, SecretState, SubscriptionRow
from listener.errors import NotFound
from listener.heroku import Webhook
from listener.inventory.context import Context
from listener.inventory.webhooks import INCLUDE, LEVEL, hook_url
from listener.services.heroku_calls import HerokuCall

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class PendingSecret:
    """A stored secret that Heroku is to be given now."""

    id: int
    text: str


class WebhookProvisioner:
    """Provides one webhook with our URL and level and a secret we know, or none."""

    def __init__(self, context: Context, keys: Keys) -> None:
        self._context = context
        self._keys = keys

    def mend(
        self, ask: HerokuCall, row_id: int, *, renew: bool = False, drop_old: bool = False
    ) -> None:
        """Create or repair the webhook; with `renew`, give it a new secret.

        A secret is stored before it is sent, so that a run that stops half-way goes on with the
        same secret the next time. With `drop_old` the older secrets count no more.
        """
        with self._context.database.begin() as conn:
            row = present(subscriptions.find(conn, row_id))
            own = hook_url(self._context.address(conn))
        found = self._at_heroku(ask, row, own)
        kept = _kept(row, found)
        with self._context.database.begin() as conn:
            sending = self._to_send(conn, row_id, kept, renew=renew)
        for extra in found:
            if extra is not kept:
                self._delete(ask, extra)
        webhook = self._tell(ask, own or row.url, row, kept, sending)
        with self._context.database.begin() as conn:
            subscriptions.confirm(
                conn, row_id, heroku_id=webhook.id, url=webhook.url, level=webhook.level
            )
            if sending is not None:
                subscriptions.activate(conn, row_id, sending.id, drop_old=drop_old)

    def undo(self, ask: HerokuCall, row: SubscriptionRow) -> None:
        """Delete our webhooks at Heroku; one that is gone already is no error."""
        for webhook in self._at_heroku(ask, row, hook_url(self._context.address())):
            self._delete(ask, webhook)

    def _at_heroku(self, ask: HerokuCall, row: SubscriptionRow, own: str | None) -> list[Webhook]:
        """Find the app's webhooks that are ours: by id, or because they point to us."""
        found = ask.unless_gone(self._context.heroku.webhooks, row.app_id) or []
        return [w for w in found if w.id == row.heroku_id or w.url in (row.url, own)]

    def _delete(self, ask: HerokuCall, webhook: Webhook) -> None:
        ask.unless_gone(self._context.heroku.delete_webhook, webhook.app_id, webhook.id)

    def _tell(
        self,
        ask: HerokuCall,
        url: str,
        row: SubscriptionRow,
        kept: Webhook | None,
        sending: PendingSecret | None,
    ) -> Webhook:
        heroku = self._context.heroku
        secret = sending.text if sending is not None else None
        if kept is None:
            text = cast(PendingSecret, sending).text  # a webhook to create lacks a secret, too
            return ask(heroku.create_webhook, row.app_id, url=url, secret=text, level=LEVEL)
        wrong = {
            "secret": secret,
            "url": url if kept.url != url else None,
            "level": LEVEL if kept.level != LEVEL else None,
        }
        include = None if INCLUDE in kept.include else (INCLUDE,)
        if include is None and not any(wrong.values()):
            return kept
        return ask(heroku.update_webhook, row.app_id, kept.id, include=include, **wrong)

    def _to_send(
        self, conn: Connection, row_id: int, kept: Webhook | None, *, renew: bool
    ) -> PendingSecret | None:
        """Return the secret that Heroku lacks, or may lack; None where it has the current one."""
        row = present(subscriptions.lock(conn, row_id))
        if (pending := self._opened(conn, row.secret(SecretState.PENDING))) is not None:
            return pending
        current = None if renew else self._opened(conn, row.secret(SecretState.CURRENT))
        if current is not None and kept is None:
            return current
        if current is not None and kept is not None and kept.id == row.heroku_id:
            return None
        text = secrets.token_hex(SECRET_BYTES)
        sealed = self._keys.seal(text.encode())
        return PendingSecret(subscriptions.add_pending(conn, row_id, sealed), text)

    def _opened(self, conn: Connection, secret: SecretRow | None) -> PendingSecret | None:
        """Open the secret; None where no key opens it, so that a new one must take its place."""
        if secret is None:
            return None
        try:
            opened = self._keys.open(subscriptions.sealed(conn, secret.id))
        except DecryptionError:
            return None
        return PendingSecret(secret.id, opened.decode())


def present(row: SubscriptionRow | None) -> SubscriptionRow:
    """Return the subscription. Raises NotFound where somebody has removed it."""
    return row if row is not None else missing()


def missing(also: str = "") -> NoReturn:
    """Raise NotFound of a subscription."""
    raise NotFound("subscription", f"Couldn't find that subscription.{also}")


def _kept(row: SubscriptionRow, found: Sequence[Webhook]) -> Webhook | None:
    """Find the webhook to keep: the one we know, else any that points to us."""
    known = (webhook for webhook in found if webhook.id == row.heroku_id)
    return next(known, None) or next(iter(found), None)
