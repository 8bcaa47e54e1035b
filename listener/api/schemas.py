"""The shapes of the API's answers, for `/openapi.json`; a test holds real answers against them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from listener.api.rule_options import ToldOptions
from listener.core.gates.options import OnFailure
from listener.core.promotion import PromotionKind, Status
from listener.core.rule import Mode, OnNewer, Strategy
from listener.core.trouble import Cause
from listener.core.verification import Outcome


class Answer(BaseModel):
    """An object that the API answers with; later ones may tell more."""


class Problem(Answer):
    """What went wrong: `id` for programs, `message` for people."""

    id: str
    message: str


class Condition(Answer):
    """How the process is."""

    status: Literal["ok", "ready"]
    runners: list[dict[str, Any]] = []
    troubles: list[dict[str, Any]] = []


class Ref(Answer):
    """An app, by id and name."""

    id: str
    name: str | None


class Id(Answer):
    """Something by its id."""

    id: str


class Pipeline(Answer):
    """A pipeline of Heroku's, with its apps at two stages."""

    id: str
    name: str
    staging: list[Ref]
    production: list[Ref]


class Target(Ref):
    """An app that a rule promotes to; versions above the baseline are promoted."""

    baseline: int | None
    baseline_note: str


class Rule(ToldOptions):
    """What goes from where to where."""

    id: str
    name: str
    mode: Mode
    strategy: Strategy
    strategy_note: str | None = None
    on_newer: OnNewer
    notify: list[str]
    warnings: list[str]
    revision: int
    source: Ref
    targets: list[Target]
    created_at: datetime
    updated_at: datetime
    created_by: str


class RuleRemoved(Rule):
    """A rule that is gone, and the promotions that were cancelled with it."""

    cancelled: list[str]


class Slug(Answer):
    """The compiled code."""

    id: str
    commit: str | None


class ExplainedRelease(Answer):
    """The release that is explained."""

    id: str
    version: int
    status: str
    kind: Literal["deploy", "rollback", "config", "addon", "retry", "unknown"]
    slug: Slug | None
    description: str | None
    created_at: datetime | None


class Arrival(Answer):
    """The release by which a target really got some code, and when."""

    version: int
    at: datetime | None


class Fate(Answer):
    """What would have become of a release; without a status, nothing.

    `unanswered` names the gates that history cannot answer, and that counted as passed. What came
    before its target was there is not `was_tried`; `errored` is what history cannot tell.
    """

    status: Status | None
    message: str
    at: datetime | None
    has_waited: bool
    unanswered: list[str]
    was_tried: bool


class Backtest(Fate):
    """What a rule would have done with a release on one target."""

    release: ExplainedRelease
    target: Ref
    arrived: Arrival | None


class Secret(Answer):
    """What became of a webhook secret; never the secret."""

    state: Literal["current", "previous", "pending"]
    created_at: datetime
    proved_at: datetime | None
    valid_until: datetime | None


class Subscription(Answer):
    """The listener's webhook on a source app."""

    id: str
    app: Ref
    url: str
    level: str
    healthy: bool | None
    health: str
    heroku_id: str | None
    last_delivery_at: datetime | None
    secrets: list[Secret]
    created_at: datetime
    updated_at: datetime


class Release(Answer):
    """A release, by id and version."""

    id: str
    version: int | None


class Delivery(Answer):
    """What Heroku told, how often, and what came of it."""

    id: str
    app: Ref | None
    delivery_id: str | None
    event_id: str | None
    action: str | None
    release: Release | None
    received_at: datetime
    last_received_at: datetime
    times: int
    outcome: str | None
    settled_at: datetime | None
    subscription: Id | None


class Source(Answer):
    """Where a promotion comes from."""

    app: Ref
    release: Release
    slug: Slug


class Destination(Answer):
    """Where a promotion goes; with a release once there is one."""

    app: Ref
    release: Release | None


class RuleRef(Answer):
    """The rule, as it was when it decided."""

    id: str
    name: str | None
    revision: int | None


class Gate(Answer):
    """What one gate said, and the facts it saw."""

    name: str
    verdict: Literal["pass", "wait", "reject", "error"]
    message: str
    until: datetime | None
    facts: dict[str, Any]


class Word(Answer):
    """What one person said of a promotion."""

    by: str
    approved: bool
    reason: str | None
    at: datetime


class Approvals(Answer):
    """How many people must approve a promotion, and what was said."""

    needed: int
    given: list[Word]


class Override(Answer):
    """The gates, and the holds, that an admin set aside for one promotion, and why."""

    gates: list[str]
    holds: list[str]
    by: str
    reason: str


class Moment(Answer):
    """What became of a promotion at one moment."""

    at: datetime
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
    until: datetime | None


class Promotion(Answer):
    """The durable intent to bring one release to one target."""

    id: str
    status: Status
    reason: str
    due_at: datetime | None
    earliest_at: datetime | None
    rule: RuleRef | None
    by_hand: bool
    kind: PromotionKind
    found_by: str
    source: Source
    target: Destination
    gates: list[Gate]
    verification: Verification | None
    approvals: Approvals
    override: Override | None
    nonce: str | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class PromotionInFull(Promotion):
    """A promotion with its timeline."""

    timeline: list[Moment]


class Output(Answer):
    """A piece of a release phase's output: 64 KiB at most, and where to read on."""

    offset: int
    text: str
    is_over: bool
    release: Release | None
    message: str | None


class Hold(Answer):
    """Automatic promotion to an app, or to every target, stands still until it is released."""

    id: str
    app: Ref | None
    except_: Annotated[list[Ref], Field(alias="except")]
    kind: Literal["person", "freeze", "rollback", "detected", "guard"]
    reason: str
    by: str
    created_at: datetime
    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None
    released_at: datetime | None
    released_by: str | None


class HoldPut(Hold):
    """A new hold, and the promotions that it came too late for."""

    too_late_for: list[str]
    message: str


class Next(Answer):
    """What goes to an app now."""

    app: Ref
    promotion: Promotion | None
    message: str


class HoldsReleased(Answer):
    """The holds that were released, those that are to come still, and what goes next."""

    released: list[Hold]
    planned: list[Hold]
    next: list[Next]
    cancelled: list[Promotion]
    message: str


class Compared(Answer):
    """The release of a target for which it was held, else the one that it runs."""

    id: str
    version: int
    created_at: datetime | None


class Going(Answer):
    """A promotion that waits for a held target, and whether it would go by itself.

    `needs_word`: somebody must approve it; `is_older`: its release was made before that one.
    """

    promotion: Promotion
    goes: bool
    needs_word: bool
    made_at: datetime | None
    is_older: bool | None
    than: Compared | None
    message: str


class Freed(Answer):
    """What would become of all that waits for a target; `still` is why nothing goes yet."""

    app: Ref
    still: str | None
    waiting: list[Going]


class Agreed(Answer):
    """What to send with the release, so that nothing else goes than was shown."""

    holds: list[str]
    promotions: list[str]


class ReleaseForeseen(Answer):
    """What a release of holds would let go; nothing is released."""

    holds: list[Hold]
    planned: list[Hold]
    targets: list[Freed]
    agreed: Agreed
    message: str


class Saying(Answer):
    """What one rule says of a release for one target."""

    rule: Ref
    target: Ref
    says: str
    promotion_id: str | None


class Trouble(Answer):
    """Something that fails: why, since when, and the command that mends it or tells more."""

    id: str
    cause: Cause
    title: str
    message: str
    mend: str
    since: datetime
    last_at: datetime
    times: int
    apps: list[Ref]


class Explanation(Answer):
    """What every rule and gate said of a release."""

    app: Ref
    release: ExplainedRelease
    summary: str
    deliveries: list[Delivery]
    promotions: list[Promotion]
    rules: list[Saying]
    troubles: list[Trouble]
