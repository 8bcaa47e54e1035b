"""A job: one claimed promotion, with all that its step works with and may write."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from listener.core.gates.always import is_surely_gone
from listener.core.promotion import PromotionKind, Status, back_off
from listener.core.release import Release
from listener.db import promotions, queue, release_requests
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.db.releases import Around
from listener.heroku import HerokuError, Refused
from listener.inventory import own_releases
from listener.inventory.context import Clock, Context
from listener.inventory.reader import Snapshot
from listener.worker import finish
from listener.worker.finish import Transition
from listener.worker.known import Known

if TYPE_CHECKING:
    from listener.worker.candidates import CandidateFacts

GONE = frozenset({404, 410})
# Pauses grow with the time waited, and more slowly where a release of ours may exist already.
UNSENT_STEP = timedelta(seconds=5)
SENT_STEP = timedelta(seconds=10)
YOUNG_SECONDS = 8.0


class UnreadableRule(Exception):
    """A stored condition breaks a limit of today, so nobody can say whether it is met."""


class Absent(HerokuError):
    """Something required was not found, although Heroku did not refuse the request."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A claimed promotion, made by a look, and what the look read of its two apps."""

    claim: queue.Claim
    clock: Clock
    known: Known
    source: Snapshot | None
    target: Snapshot | None
    facts: CandidateFacts | None = None  # gathered from these, under the locks of the look


class Job:
    """A promotion under a claim. Every write of it raises LeaseLost once the claim is void."""

    def __init__(
        self,
        context: Context,
        claim: queue.Claim,
        clock: Clock,
        *,
        row: PromotionRow | None = None,
        post: PostRow | None = None,
        read: tuple[Snapshot, Snapshot] | None = None,
        known: Known | None = None,
        facts: CandidateFacts | None = None,
    ) -> None:
        self.context = context
        self.claim = claim
        self.clock = clock
        self.row = row if row is not None else promotions.row_of(claim.row)
        self.read = read  # source and target, as the look that made the promotion read them
        self.known = known  # as that look knew it
        self.facts = facts  # as that look gathered them
        self._post = post
        self._renewed_at = time.monotonic()

    @classmethod
    def following(cls, context: Context, step: NextStep) -> Job:
        """Return the job of a promotion that a look of the same worker made."""
        both = (step.source, step.target) if step.source and step.target else None
        known = step.known if both else None
        return cls(context, step.claim, step.clock, read=both, known=known, facts=step.facts)

    def with_row(self, row: PromotionRow) -> Job:
        """Return the same job with more known of its promotion."""
        job = copy(self)
        job.row = row
        return job

    def with_post(self, row: PromotionRow, post: PostRow) -> Job:
        """Return the same job after it committed a post, and with it a new status."""
        job = self.with_row(row)
        job.claim = replace(self.claim, status=row.status)
        job.set_post(post)
        return job

    def set_post(self, post: PostRow) -> None:
        """Take this for the last post of the promotion."""
        self._post = post

    # What a step knows.

    @property
    def post(self) -> PostRow:
        """The last post of the promotion; read once, and only where a step needs it."""
        if self._post is None:
            with self.context.database.begin() as conn:
                self._post = release_requests.latest(conn, self.row.id)
        return self._post

    @property
    def is_way_back(self) -> bool:
        """Whether the post undoes what the promotion itself had released."""
        is_rollback = self.post.kind == PromotionKind.ROLLBACK
        return is_rollback and self.row.kind is PromotionKind.PROMOTE

    def now(self) -> datetime:
        """Return the time now by the database's clock."""
        return self.clock.now()

    def in_status_for(self) -> timedelta:
        """Return how long the promotion has had its status."""
        now = self.now()
        return now - (self.row.status_at or now)

    # What a step asks Heroku.

    def renew_lease(self) -> None:
        """Renew the lease between calls to Heroku, as each may take ten seconds.

        It lasts for two of them; while it is young, nothing is written.
        """
        if time.monotonic() - self._renewed_at < YOUNG_SECONDS:
            return
        with self.context.database.begin() as conn:
            queue.renew(conn, self.claim)
        self._renewed_at = time.monotonic()

    def read_target(self, back_to: int | None = None) -> Snapshot:
        """Read the target's releases now, back to what the post was based on at least.

        Raises HerokuError.
        """
        post = self.post
        since = post.base_version
        artifacts = {post.artifact, post.base_artifact, self.row.artifact}
        around = Around(
            since,
            frozenset(each for each in artifacts if each is not None),
            back_to=since if back_to is None else min(since, back_to),
        )
        return self.context.reader.releases(self.row.target_id, around)

    def made_by_post(self, target: Snapshot) -> list[Release]:
        """Return the releases that the post made, oldest first. Raises HerokuError."""
        return own_releases.made_by(self.context, self.post, target)

    def is_gone(self, error: Exception) -> bool:
        """Return whether Heroku has said "not found" for long enough: one answer ends nothing."""
        return _is_absent(error) and is_surely_gone(self.row.gone_since, self.now())

    def gone_since(self, error: Exception) -> datetime | None:
        """Return since when Heroku says so, to be stored; None where the error is another one."""
        return (self.row.gone_since or self.now()) if _is_absent(error) else None

    # What a step writes.

    def again(self, reason: str, due_at: datetime, **values: Any) -> None:
        """Take the same step again at `due_at`."""
        with self.context.database.begin() as conn:
            self.stay(conn, reason, due_at, **values)

    def stay(self, conn: Connection, reason: str, due_at: datetime, **values: Any) -> None:
        """Take the same step again at `due_at`, written with what else the transaction writes."""
        status = Status(self.claim.status or "")
        promotions.move(conn, self.claim, status, reason, due_at=due_at, **values)

    def end(self, ending: Transition) -> None:
        """Write the transition, and all that follows from it."""
        finish.end(self.context, self.claim, ending)

    def give_up(self, reason: str, outcome: str | None = None) -> None:
        """End as errored, with a hold on the target: we cannot find out more.

        `outcome` is that of the post, where it has none yet.
        """
        post = self.post if outcome is not None else None
        self.end(
            Transition(
                status=Status.ERRORED, reason=reason, hold=reason, post=post, outcome=outcome
            )
        )

    def unreadable(
        self,
        reason: str,
        waited: timedelta,
        limit: timedelta,
        *,
        reason_at_end: str | None = None,
        outcome: str | None = None,
        **values: Any,
    ) -> None:
        """Look again for what was sent, more and more rarely; give up after `limit`."""
        if waited >= limit:
            self.give_up(reason_at_end or reason, outcome)
        else:
            self.again(reason, self.now() + pause(waited, SENT_STEP), **values)


def pause(waited: timedelta, step: timedelta) -> timedelta:
    """Return how long to leave Heroku alone after so long a time without a usable answer."""
    return back_off((waited // step).bit_length())


def _is_absent(error: Exception) -> bool:
    """Return whether Heroku answered that an app, a slug or a coupling is not there."""
    return isinstance(error, Absent) or (isinstance(error, Refused) and error.status in GONE)
