"""Promotions as the API answers them: here because holds and explanations tell of them, too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from listener.api.answers import Answer, Ref, ReleaseRef, Slug, Time
from listener.api.own_pages import page_of
from listener.api.ships import Ships
from listener.core import verification
from listener.core.gates.base import Approval
from listener.core.gates.binding import binding
from listener.core.gates.options import OnFailure
from listener.core.promotion import PromotionKind, Status
from listener.core.release import Kind, Release
from listener.core.verification import Outcome, redact
from listener.db.promotions import PromotionRow
from listener.services.views import PromotionView, RollbackView


class Source(Answer):
    """Where a promotion comes from."""

    app: Ref
    release: ReleaseRef
    slug: Slug


class Destination(Answer):
    """Where a promotion goes; with a release once there is one."""

    app: Ref
    release: ReleaseRef | None


class RuleRef(Answer):
    """The rule, as it was when it decided."""

    id: str
    name: str
    revision: int | None


class Gate(Answer):
    """What one gate said, and the facts it saw."""

    name: str
    verdict: Literal["pass", "wait", "reject", "error"]
    message: str
    until: Time | None
    facts: dict[str, Any]


class WaitsFor(Answer):
    """The gate that lets go last of all that object, and whether a person must act for it."""

    gate: str
    message: str
    until: Time | None
    needs_person: bool

    @classmethod
    def of(cls, row: PromotionRow) -> WaitsFor | None:
        """Return what a promotion waits for; None where it does not, or no gate was asked yet."""
        found = binding(row.gates, row.reason) if row.status is Status.WAITING else None
        if found is None:
            return None
        return cls(
            gate=found.gate,
            message=found.message,
            until=found.until,
            needs_person=found.needs_person,
        )


class Vote(Answer):
    """What one person said of a promotion."""

    by: str
    approved: bool
    reason: str | None
    at: Time

    @classmethod
    def of(cls, said: Approval) -> Vote:
        """Return what somebody said."""
        return cls(by=said.by, approved=said.is_approved, reason=said.reason, at=said.at)


class Approvals(Answer):
    """How many people must approve a promotion, and what was said."""

    needed: int
    given: list[Vote]


class Override(Answer):
    """The gates, and the holds, that an admin set aside for one promotion, and why."""

    gates: list[str]
    holds: list[str]
    by: str
    reason: str


class Moment(Answer):
    """What became of a promotion at one moment."""

    at: Time
    event: str
    message: str


class Verification(Answer):
    """How well production answered since the release, and what follows where it is not well."""

    urls: list[str]
    good: int
    asked: int
    of: int
    in_a_row: int
    last_bad: str | None
    on_failure: OnFailure
    outcome: Outcome | None
    until: Time | None

    @classmethod
    def seen(cls, row: PromotionRow) -> Verification | None:
        """Return how well production answered; None where nobody asks."""
        if row.verification is None or row.target_release_id is None:
            return None
        seen, is_asked = verification.read(row.verification), row.status is Status.VERIFYING
        until = row.status_at + seen.lasts if is_asked and row.status_at is not None else None
        return cls(
            urls=[redact(url) for url in seen.urls],
            good=seen.good,
            asked=seen.asked,
            of=seen.planned,
            in_a_row=seen.run,
            last_bad=seen.said or None,
            on_failure=seen.on_failure,
            outcome=seen.outcome,
            until=until,
        )


class Promotion(Answer):
    """The durable intent to bring one release to one target."""

    id: str
    status: Status
    reason: str
    due_at: Time | None
    earliest_at: Time | None
    waits_for: WaitsFor | None = None  # an older listener does not tell
    rule: RuleRef | None
    by_hand: bool
    kind: PromotionKind
    found_by: str
    source: Source
    target: Destination
    ships: Ships | None = None  # an older listener does not tell
    gates: list[Gate]
    verification: Verification | None
    approvals: Approvals
    override: Override | None
    nonce: str | None
    created_by: str | None
    created_at: Time
    updated_at: Time
    ended_at: Time | None
    page_url: str | None = None  # an older listener does not tell

    @classmethod
    def of(cls, view: PromotionView) -> Promotion:
        """Return a promotion."""
        return cls(**_promotion(view))


class PromotionInFull(Promotion):
    """A promotion with its timeline."""

    timeline: list[Moment]

    @classmethod
    def of(cls, view: PromotionView) -> PromotionInFull:
        """Return a promotion with what became of it."""
        moments = view.timeline or ()
        timeline = [Moment(at=one.at, event=one.event, message=one.message) for one in moments]
        return cls(**_promotion(view), timeline=timeline)


class VersionRef(Answer):
    """A release of the app that is rolled back."""

    version: int


class PastRelease(VersionRef):
    """A release that comes back: its commit, and who brought that code when."""

    commit: str | None
    author: str | None
    created_at: Time | None


class RollbackRoute(Answer):
    """Where a rollback goes from where, and the command that undoes it."""

    from_: Annotated[VersionRef | None, Field(alias="from")]
    to: PastRelease
    undo: str | None


class Rollback(Promotion):
    """A rollback by hand, which is a promotion of its own."""

    rollback: RollbackRoute

    @classmethod
    def asked(cls, view: RollbackView) -> Rollback:
        """Return a rollback: its promotion, from where to where it goes, and the undo."""
        to = view.to
        past = PastRelease(
            version=to.version, commit=to.commit, author=to.author, created_at=to.created_at
        )
        left = VersionRef(version=view.left) if view.left is not None else None
        route = RollbackRoute(from_=left, to=past, undo=view.undo)
        return cls(**_promotion(view.promotion), rollback=route)


def _promotion(view: PromotionView) -> dict[str, Any]:
    row = view.row
    return {
        "id": str(row.id),
        "status": row.status,
        "reason": row.reason,
        "due_at": row.due_at,
        # As far as time alone decides; of no interest once it has been decided.
        "earliest_at": row.earliest_at if row.status is Status.WAITING else None,
        "waits_for": WaitsFor.of(row),
        "rule": _rule_of(view),
        "by_hand": row.is_by_hand,
        "kind": row.kind,
        "found_by": row.found_by,
        "source": Source(
            app=Ref.of(row.source_id, view.names),
            release=ReleaseRef(id=row.release_id, version=row.version),
            slug=Slug(id=row.artifact, commit=row.commit),
        ),
        "target": Destination(app=Ref.of(row.target_id, view.names), release=_arrived(row)),
        "ships": Ships.of(view.ships, row.commit) if view.ships is not None else None,
        "gates": [_gate(gate) for gate in row.gates],
        "verification": Verification.seen(row),
        "approvals": Approvals(
            needed=view.needed, given=[Vote.of(each) for each in view.approvals]
        ),
        "override": Override(**{"holds": [], **row.override}) if row.override is not None else None,
        "nonce": view.nonce,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
        "page_url": page_of(row.id),
    }


def _rule_of(view: PromotionView) -> RuleRef | None:
    """Return its rule; None where it was made by hand, or by a rule that is hidden."""
    row = view.row
    if row.rule_id is None or view.rule_name is None:
        return None
    return RuleRef(id=str(row.rule_id), name=view.rule_name, revision=row.rule_revision)


def _arrived(row: PromotionRow) -> ReleaseRef | None:
    if row.target_release_id is None:
        return None
    return ReleaseRef(id=row.target_release_id, version=row.target_version)


def _gate(kept: dict[str, Any]) -> Gate:
    until = kept.get("until")
    return Gate(
        name=kept["name"],
        verdict=kept["verdict"],
        message=kept["message"],
        until=datetime.fromisoformat(until) if until else None,
        facts=kept.get("facts") or {},
    )


KnownKind = Literal["deploy", "rollback", "config", "addon", "retry"]


class ExplainedRelease(Answer):
    """The release that is explained."""

    id: str
    version: int
    status: str
    kind: KnownKind | Literal["unknown"]
    slug: Slug | None
    description: str | None
    created_at: Time | None

    @classmethod
    def of(cls, release: Release, kind: Kind, commit: str | None) -> ExplainedRelease:
        """Return a release that something is told about."""
        return cls(
            id=release.id,
            version=release.version,
            status=release.status,
            kind="unknown" if kind is Kind.UNSETTLED else cast(KnownKind, kind.value),
            slug=Slug(id=release.artifact, commit=commit) if release.artifact else None,
            description=release.description,
            created_at=release.created_at,
        )
