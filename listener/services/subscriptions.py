"""The subscriptions service: our webhook on a source app, made, repaired, rotated and removed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from sqlalchemy import Connection

from listener.core import duration
from listener.crypto import Keys
from listener.db import apps, audit, subscriptions
from listener.db.subscriptions import SecretState, SubscriptionRow
from listener.errors import Conflict, HerokuUnreadable
from listener.inventory import webhooks
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services.apps import number_of
from listener.services.heroku_calls import HerokuCall, was_refused
from listener.services.provisioning import WebhookProvisioner, missing, present
from listener.services.views import SubscriptionView

AGAIN = "Nothing is lost: the same command again takes it further."
STAYS = "The subscription was not removed."


class SubscriptionsDesk:
    """Makes, repairs, rotates, removes and shows subscriptions."""

    def __init__(self, context: Context, keys: Keys) -> None:
        self._context = context
        self._mending = WebhookProvisioner(context, keys)

    def of(self, context: Context) -> SubscriptionsDesk:
        """Return the same for whoever this context is of."""
        same = copy(self)
        same._context = context  # noqa: SLF001 - of its own kind
        return same

    def list_(self, *, app: str | None, limit: int) -> list[SubscriptionView]:
        """List the subscriptions, newest first, of one app if given."""
        with self._context.database.begin() as conn:
            app_id, scope = named.find_id(self._context, conn, app), self._context.reach.sees
            rows = subscriptions.live(conn, app_id=app_id, scope=scope, limit=limit)
            return self._views(conn, rows)

    def get(self, id_or_app: str) -> SubscriptionView:
        """Return one subscription, compared with Heroku's webhook where Heroku can be asked."""
        row = self._find(id_or_app)
        try:
            found = HerokuCall("")(self._context.heroku.webhooks, row.app_id)
        except HerokuUnreadable:
            return self._shown(row.id)
        with self._context.database.begin() as conn:
            webhooks.note(conn, row, webhooks.fault_of(row, found))
        return self._shown(row.id)

    def add(self, app: str, *, by: str, reached_at: str) -> tuple[SubscriptionView, bool]:
        """Subscribe to an app's releases; also return whether the subscription is new.

        `reached_at` is the host by which this request found the listener.
        """
        url, ask = self._known_url(reached_at), HerokuCall("Nothing was subscribed.")
        (source,) = named.read_targets(self._context, ask, [app])
        with self._context.database.begin() as conn:
            found, is_made = subscriptions.add(conn, source.id, url=url, by=by)
            row = present(found)
            if is_made:
                _record(conn, by, "subscription.added", row, source.name)
        try:
            self._mending.mend(ask.now(AGAIN), row.id)
        except HerokuUnreadable as error:
            if is_made and was_refused(error):
                self._forget(row, by)
            raise
        return self._shown(row.id), is_made

    def rotate(self, id_or_app: str, *, now: bool, by: str) -> SubscriptionView:
        """Give Heroku a new secret; the old one counts for a while, unless `now`."""
        row = self._find(id_or_app)
        self._mending.mend(HerokuCall(AGAIN), row.id, renew=True, drop_old=now)
        view = self._shown(row.id)
        with self._context.database.begin() as conn:
            action = "subscription.rotated_now" if now else "subscription.rotated"
            _record(conn, by, action, view.row, view.app_name)
        return view

    def remove(self, id_or_app: str, *, by: str) -> SubscriptionView:
        """Remove the subscription, and its webhook at Heroku."""
        row = self._find(id_or_app)
        view = self._shown(row.id)
        self._mending.undo(HerokuCall(STAYS), row)
        self._forget(row, by)
        return view

    def _known_url(self, reached_at: str) -> str:
        if (url := webhooks.hook_url(self._context.address())) is not None:
            return url
        raise Conflict(
            "public_url_unknown",
            "Heroku must know where to reach the listener. Run"
            f" `heroku config:set PUBLIC_URL=https://{reached_at}` on the listener's app,"
            " then try again. It learns it by itself where an admin of every app logs in by https"
            " at an address at which it reaches itself.",
        )

    def _find(self, id_or_app: str) -> SubscriptionRow:
        """Find a subscription by its id or app.

        Raises NotFound, also where its app is hidden; Forbidden unless what is asked for is
        allowed there.
        """
        reach = self._context.reach
        with self._context.database.begin() as conn:
            number = number_of(id_or_app)
            row = subscriptions.find(conn, number) if number is not None else None
            app = apps.find(conn, id_or_app)
            if row is None and app is not None:
                row = subscriptions.of_app(conn, app.id)
            name = apps.get(conn, row.app_id).name if row is not None else ""
        if row is None or not reach.sees.has(name):
            is_app = number is not None or named.stored(self._context, id_or_app) is not None
            missing(also="" if is_app else named.meant(self._context, id_or_app))
        reach.check(name)
        return row

    def _forget(self, row: SubscriptionRow, by: str) -> None:
        with self._context.database.begin() as conn:
            present(subscriptions.lock(conn, row.id))
            subscriptions.remove(conn, row.id)
            _record(conn, by, "subscription.removed", row, apps.get(conn, row.app_id).name)

    def _shown(self, row_id: int) -> SubscriptionView:
        with self._context.database.begin() as conn:
            return self._views(conn, [present(subscriptions.find(conn, row_id))])[0]

    def _views(self, conn: Connection, rows: Sequence[SubscriptionRow]) -> list[SubscriptionView]:
        names = apps.names(conn, {row.app_id for row in rows})
        url = webhooks.hook_url(self._context.address(conn))
        return [
            SubscriptionView(row, names[row.app_id], *health_of(row, names[row.app_id], url))
            for row in rows
        ]


def _record(conn: Connection, by: str, action: str, row: SubscriptionRow, name: str) -> None:
    state = {"app": name, "url": row.url, "level": row.level, "heroku_id": row.heroku_id}
    is_gone = action == "subscription.removed"
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="subscription",
        subject_id=str(row.id),
        subject_name=name,
        before=state if is_gone else None,
        after=None if is_gone else state,
    )


@dataclass(frozen=True, slots=True)
class WebhookProblem:
    """What is wrong with a subscription, and the command that mends it."""

    message: str
    mend: str
    is_grave: bool = True  # deliveries do not arrive, or are not repeated


def ailment_of(row: SubscriptionRow, app: str, url: str | None) -> WebhookProblem | None:
    """Find what is wrong; None where nothing is. `url` is where the listener is now."""
    mend = f"autopromote webhooks:add -a {app}"
    if row.heroku_id is None:
        return WebhookProblem("It is half made.", mend)
    if url is not None and row.url != url:
        return WebhookProblem(f"It points to {row.url}, and the listener is at {url}.", mend)
    if row.health is not None:
        return WebhookProblem(row.health, mend)
    if row.secret(SecretState.PENDING) is not None:
        again = f"autopromote webhooks:rotate -a {app}"
        return WebhookProblem("A rotation stopped half-way.", again, is_grave=False)
    return None


def health_of(row: SubscriptionRow, app: str, url: str | None) -> tuple[bool | None, str]:
    """Tell whether it works (None: nothing tells yet), and why, in a sentence with what to do."""
    match ailment_of(row, app, url):
        case WebhookProblem(message, mend, is_grave=True):
            return False, f"{message} Run `{mend}` to mend it."
        case WebhookProblem(message, mend):
            return row.is_healthy, f"{message} Run `{mend}` again."
    if row.last_delivery_at is None:
        return None, "No delivery has arrived yet: the next release of the app brings one."
    return (
        True,
        f"The last delivery arrived {duration.format_moment(row.last_delivery_at)}.",
    )
