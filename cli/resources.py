"""What the listener answers; keys that it may leave out say so."""

from typing import Any, NotRequired, TypedDict


class Named(TypedDict):
    """An app or a rule, by its id and name."""

    id: str
    name: str


class Token(TypedDict):
    """A listener's token, fresh from a login."""

    token: str
    email: str
    role: str


class LoginCode(TypedDict):
    """What lets a browser in once."""

    code: str
    expires_at: str


class Identity(TypedDict):
    """Who we are to the listener."""

    email: str
    role: str
    token_expires_at: NotRequired[str | None]
    version: NotRequired[str | None]
    url: NotRequired[str | None]


class Pipeline(TypedDict):
    """A pipeline of Heroku's, with its apps at two stages."""

    id: str
    name: str
    staging: list[Named]
    production: list[Named]


class Target(TypedDict):
    """An app that a rule promotes to, and from which source version on."""

    id: str
    name: str
    baseline: NotRequired[int | None]
    baseline_note: NotRequired[str | None]


class Rule(TypedDict):
    """Source, targets and conditions."""

    id: str
    name: str
    mode: str
    source: Named
    targets: list[Target]
    strategy: NotRequired[str]
    strategy_note: NotRequired[str | None]
    on_newer: NotRequired[str]
    notify: NotRequired[list[str]]
    warnings: NotRequired[list[str]]
    revision: NotRequired[int]
    created_at: NotRequired[str]
    updated_at: NotRequired[str]
    created_by: NotRequired[str | None]
    cancelled: NotRequired[list[str]]


class Secret(TypedDict):
    """One of a subscription's secrets: its state, never itself."""

    state: str
    created_at: NotRequired[str]
    proved_at: NotRequired[str | None]
    valid_until: NotRequired[str | None]


class Subscription(TypedDict):
    """The listener's webhook on a source app."""

    id: str
    app: Named
    url: str
    level: str
    healthy: bool | None
    last_delivery_at: str | None
    health: NotRequired[str | None]
    heroku_id: NotRequired[str | None]
    secrets: NotRequired[list[Secret]]
    created_at: NotRequired[str]


class ReleaseRef(TypedDict):
    """A release, by its id and version."""

    id: str | None
    version: int | None


class SlugRef(TypedDict):
    """A slug, by its id and commit."""

    id: str | None
    commit: NotRequired[str | None]


class Delivery(TypedDict):
    """One delivery of Heroku's, and what became of it."""

    id: str
    received_at: str
    app: NotRequired[Named | None]
    event_id: NotRequired[str | None]
    action: NotRequired[str | None]
    release: NotRequired[ReleaseRef | None]
    times: NotRequired[int]
    outcome: NotRequired[str | None]


class AuditSubject(TypedDict):
    """What somebody changed."""

    type: str
    id: str
    name: NotRequired[str | None]


class AuditEntry(TypedDict):
    """One change, by whom."""

    id: str
    at: str
    by: str
    action: str
    subject: AuditSubject
    before: NotRequired[object]
    after: NotRequired[object]


class Source(TypedDict):
    """What is promoted."""

    app: Named
    release: ReleaseRef
    slug: SlugRef | None


class Destination(TypedDict):
    """Where it goes, and the release it became there."""

    app: Named
    release: ReleaseRef | None


class GateAnswer(TypedDict):
    """A gate's verdict on a promotion."""

    name: str
    verdict: str
    message: str
    until: NotRequired[str | None]
    facts: NotRequired[dict[str, Any] | None]


class Word(TypedDict):
    """What one person said of a promotion."""

    by: str
    approved: bool
    reason: NotRequired[str | None]
    at: NotRequired[str]


class Approvals(TypedDict):
    """How many people must approve, and what was said."""

    needed: int
    given: list[Word]


class Override(TypedDict):
    """The gates that were set aside, and why."""

    gates: list[str]
    holds: NotRequired[list[str]]
    by: str
    reason: str


class Moment(TypedDict):
    """Something that happened to a promotion."""

    at: str
    event: NotRequired[str | None]
    message: str


class Verification(TypedDict):
    """How well production answered since a release."""

    urls: list[str]
    good: int
    asked: int
    of: int
    in_a_row: int
    last_bad: str | None
    on_failure: str
    outcome: str | None
    until: str | None


class Promotion(TypedDict):
    """The listener's intent to bring one release to one target."""

    id: str
    status: str
    reason: str | None
    due_at: str | None
    rule: Named | None
    source: Source
    target: Destination
    gates: list[GateAnswer]
    approvals: NotRequired[Approvals]
    override: NotRequired[Override | None]
    created_at: str
    updated_at: str
    kind: NotRequired[str]
    earliest_at: NotRequired[str | None]
    found_by: NotRequired[str | None]
    by_hand: NotRequired[bool]
    nonce: NotRequired[str | None]
    created_by: NotRequired[str | None]
    ended_at: NotRequired[str | None]
    verification: NotRequired[Verification | None]
    timeline: NotRequired[list[Moment]]


class PastRelease(TypedDict):
    """A release that comes back: its commit, and who brought that code when."""

    version: int
    commit: NotRequired[str | None]
    author: NotRequired[str | None]
    created_at: NotRequired[str | None]


class Way(TypedDict):
    """Where a rollback goes, and the command that undoes it."""

    to: PastRelease
    undo: NotRequired[str | None]


class Rollback(Promotion):
    """A rollback by hand, which is a promotion of its own."""

    rollback: NotRequired[Way]


class Output(TypedDict):
    """A piece of what a release phase printed, and where to read on."""

    offset: int
    text: str
    is_over: bool
    release: ReleaseRef | None
    message: str | None


class ExplainedRelease(TypedDict):
    """A release of a source app."""

    id: str | None
    version: int
    status: NotRequired[str | None]
    kind: NotRequired[str | None]
    slug: NotRequired[SlugRef | None]
    description: NotRequired[str | None]
    created_at: NotRequired[str | None]


class Arrival(TypedDict):
    """The release by which a target really got some code."""

    version: int
    at: str | None


class Fate(TypedDict):
    """What would have become of a release; without a status, nothing."""

    status: str | None
    message: str
    at: NotRequired[str | None]
    has_waited: NotRequired[bool]
    unanswered: NotRequired[list[str]]
    was_tried: NotRequired[bool]


class Backtest(Fate):
    """What a rule would have done with a release on one target."""

    release: ExplainedRelease
    target: Named
    arrived: NotRequired[Arrival | None]


class RuleAnswer(TypedDict):
    """What a rule says of a release."""

    rule: Named
    target: Named
    says: str
    promotion_id: NotRequired[str | None]


class Trouble(TypedDict):
    """Something that keeps the listener from working."""

    title: str
    message: str
    mend: str
    since: str


class Explanation(TypedDict):
    """Everything that is known of one release."""

    app: Named
    release: ExplainedRelease
    summary: str
    deliveries: NotRequired[list[Delivery]]
    promotions: NotRequired[list[Promotion]]
    rules: NotRequired[list[RuleAnswer]]
    troubles: NotRequired[list[Trouble]]


Hold = TypedDict(
    "Hold",
    {
        "id": str,
        "app": Named | None,
        "reason": str,
        "by": str | None,
        "created_at": str,
        "from": str | None,
        "until": str | None,
        "kind": NotRequired[str],
        "released_at": NotRequired[str | None],
        "released_by": NotRequired[str | None],
        "except": NotRequired[list[Named]],
    },
)


class NewHold(Hold):
    """A hold just put, and the promotions it came too late for."""

    too_late_for: NotRequired[list[str]]
    message: NotRequired[str | None]


class Next(TypedDict):
    """What a released hold lets go."""

    app: Named
    message: str
    promotion: NotRequired[Promotion | None]
