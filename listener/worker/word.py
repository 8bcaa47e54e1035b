"""A word: one promotion that one channel is to be told of, under a claim."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from listener.core.deployments import Event
from listener.core.promotion import PromotionKind
from listener.core.rule import Mode
from listener.db import outbox, promotions, queue, rules
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.inventory import evidence
from listener.inventory.commits import sha_of
from listener.inventory.context import Clock, Context

WHOLE_SHA = 40
READ_WITHIN = 20.0  # seconds, all that is read before something is told: so much less than a lease


class Word:
    """A claim on a row of the outbox, with its promotion. Every write of it raises LeaseLost."""

    def __init__(self, context: Context, claim: queue.Claim, clock: Clock) -> None:
        self.context = context
        self.claim = claim
        self.clock = clock
        self.channel: str = claim.row.channel
        self.state: dict[str, Any] = dict(claim.row.state)
        self.shown: str | None = claim.row.shown
        self.attempt = claim.attempt  # since something was told
        self._failing_since: datetime | None = claim.row.failing_since
        with context.database.begin() as conn:
            self.row: PromotionRow = promotions.get(conn, claim.row.promotion_id)
            self.events: list[Event] = outbox.since(conn, self.row.id, claim.row.told_event)
            self.rule: RuleRow | None = _rule_of(conn, self.row)

    @property
    def last_event(self) -> int:
        """The last event that is known of the promotion."""
        return self.events[-1].id if self.events else int(self.claim.row.told_event)

    def begin(self, **state: Any) -> None:
        """Store what is about to be sent, and renew the lease for it."""
        self.advance(state=self.state | state)

    def advance(self, *, state: dict[str, Any], **values: Any) -> None:
        """Store what was told, and go on."""
        with self.context.database.begin() as conn:
            outbox.advance(conn, self.claim, state=state, **values)
        self.state = state
        if "shown" in values:
            self.shown, self.attempt, self._failing_since = values["shown"], 1, None

    def settle(self) -> None:
        """Store that all is told."""
        with self.context.database.begin() as conn:
            outbox.settle(conn, self.claim, told_event=self.last_event)

    def later(self, pause: timedelta) -> None:
        """Tell it after a pause, though nothing failed."""
        with self.context.database.begin() as conn:
            outbox.again(conn, self.claim, pause)

    def give_up(self, why: str) -> None:
        """Store why it is told no more; what comes later is tried anew."""
        with self.context.database.begin() as conn:
            outbox.settle(conn, self.claim, told_event=self.last_event, error=why)

    def again(self, pause: timedelta, why: str) -> None:
        """Store why it was not told, and try again after a pause."""
        with self.context.database.begin() as conn:
            failing = {"failing_since": self.failing_since, "error": why}
            outbox.again(conn, self.claim, pause, attempt=self.attempt, **failing)

    @property
    def failing_since(self) -> datetime:
        """When the first of the failures in a row was."""
        return self._failing_since or self.clock.now()

    def commit(self) -> str | None:
        """Return the commit that goes; None where Heroku names none, or not the whole of it."""
        row = self.row
        told = sha_of(row.commit) or self.context.commits.commit(row.source_id, row.artifact)
        return told if told is not None and len(told) >= WHOLE_SHA else None

    def link(self) -> str | None:
        """Return the address of the promotion's page, which asks for a login; None without one."""
        own = self.context.address()
        return f"{own}/promotions/{self.row.id}" if own is not None else None


def _rule_of(conn: Connection, row: PromotionRow) -> RuleRow | None:
    """Return the rule that says who is told: its own, that of its way, or of what it takes back."""
    if row.kind is PromotionKind.PROMOTE:
        return evidence.rules_of_each(conn, [row]).get(row.id)
    armed = [each for each in rules.targeting(conn, row.target_id) if each.mode is Mode.ARMED]
    return min(armed, key=lambda each: (not each.conditions.deployment, each.id), default=None)
