"""What the listener answers. Written by generate.py from its API: do not edit.

A key that came later is NotRequired, for an older listener tells less.
"""

from typing import Any, NotRequired, TypedDict


class Ref(TypedDict):
    """An app or a rule, by id and name."""

    id: str
    name: str


class Vote(TypedDict):
    """What one person said of a promotion."""

    by: str
    approved: bool
    reason: str | None
    at: str


class Subject(TypedDict):
    """What was changed."""

    type: str
    id: str
    name: str | None


class ReachedBy(TypedDict):
    """The release by which a target really got some code, and when."""

    version: int
    at: str | None


OpenTime = TypedDict(
    "OpenTime",
    {
        "from": str,
        "until": str,
    },
)


StopTime = TypedDict(
    "StopTime",
    {
        "from": str,
        "until": str,
        "kind": str,
        "reason": str,
    },
)


CalendarHold = TypedDict(
    "CalendarHold",
    {
        "id": str,
        "kind": str,
        "reason": str,
        "by": str,
        "from": str | None,
        "until": str | None,
    },
)


Commits = TypedDict(
    "Commits",
    {
        "from": str | None,
        "to": str | None,
        "compare_url": str | None,
    },
)


class ComparedRelease(TypedDict):
    """A release, with who made it and when."""

    id: str
    version: int | None
    description: str
    by: str | None
    created_at: str | None


class ProcessTypes(TypedDict):
    """The names of processes that come and go."""

    added: list[str]
    removed: list[str]


class Slug(TypedDict):
    """The compiled code."""

    id: str
    commit: str | None


class Commit(TypedDict):
    """A commit that a promotion brings or takes back."""

    sha: str
    subject: str
    author: str | None
    login: str | None
    at: str | None
    pull: int | None


class Measure(TypedDict):
    """What a figure comes to: of times the median and the 90th percentile, in seconds."""

    value: float | None
    p90: float | None
    count: int
    of: int | None
    is_few: bool


class Condition(TypedDict):
    """How the process is."""

    status: str
    runners: NotRequired[list[dict[str, Any]]]
    troubles: NotRequired[list[dict[str, Any]]]


class DayFigures(TypedDict):
    """What one day came to: times are medians in seconds, and of promotions some ids are told."""

    day: str
    deployments: int
    changes: int
    failed: int
    by_others: int
    lead_time: float | None
    commit_lead_time: float | None
    time_to_restore: float | None
    deployed_by: list[str]
    failed_by: list[str]


class Id(TypedDict):
    """Something by its id."""

    id: str


class ReleaseRef(TypedDict):
    """A release, by id and version."""

    id: str
    version: int | None


class EventSecrets(TypedDict):
    """A receiver of events, and the secrets that verify them; while SECRET_KEY is renewed, more."""

    service: str
    secrets: list[str]


class FieldChange(TypedDict):
    """One field of a rule, before and after."""

    field: str
    before: Any
    after: Any


class Forecast(TypedDict):
    """What would have become of a release; without a status, nothing."""

    status: str | None
    message: str
    at: str | None
    has_waited: bool
    unanswered: list[str]
    was_tried: bool


class Gate(TypedDict):
    """What one gate said, and the facts it saw."""

    name: str
    verdict: str
    message: str
    until: str | None
    facts: dict[str, Any]


class TargetRelease(TypedDict):
    """The release of a target for which it was held, else the one that it runs."""

    id: str
    version: int
    created_at: str | None


class LoggedIn(TypedDict):
    """A token or a browser session of somebody, that is good."""

    kind: str
    created_at: str
    made_from: str | None
    last_used_at: str | None
    expires_at: str


class LoginClient(TypedDict):
    """The OAuth client; its secret is told only while the listener does not have it."""

    id: str
    redirect_uri: str
    secret: str | None


class LoginCode(TypedDict):
    """A code that logs a browser in once."""

    code: str
    expires_at: str


class MachineToken(TypedDict):
    """A token of a machine; null `apps` are all."""

    name: str
    role: str
    apps: list[str] | None
    made_by: str
    made_from: str | None
    created_at: str
    last_used_at: str | None
    expires_at: str


class MachineTokenMade(TypedDict):
    """A new token of a machine, with its text: it is not shown again."""

    name: str
    role: str
    apps: list[str] | None
    made_by: str
    made_from: str | None
    created_at: str
    last_used_at: str | None
    expires_at: str
    token: str


class Moment(TypedDict):
    """What became of a promotion at one moment."""

    at: str
    event: str
    message: str


class NoticeTest(TypedDict):
    """A service that was told something as a test, without its secrets, and what came of it."""

    service: str
    told: bool
    message: str


class Override(TypedDict):
    """The gates, and the holds, that an admin set aside for one promotion, and why."""

    gates: list[str]
    holds: list[str]
    by: str
    reason: str


class PastRelease(TypedDict):
    """A release that comes back: its commit, and who brought that code when."""

    version: int
    commit: str | None
    author: str | None
    created_at: str | None


class RoleOf(TypedDict):
    """A role, and the patterns of its apps; null is every app, and what concerns all."""

    role: str
    apps: list[str] | None


class Preview(TypedDict):
    """What to send with the release, so that nothing else goes than was shown."""

    holds: list[str]
    promotions: list[str]


class RuleRef(TypedDict):
    """The rule, as it was when it decided."""

    id: str
    name: str
    revision: int | None


class Verification(TypedDict):
    """How well production answered since the release, and what follows where it is not well."""

    urls: list[str]
    good: int
    asked: int
    of: int
    in_a_row: int
    last_bad: str | None
    on_failure: str
    outcome: str | None
    until: str | None


class WaitsFor(TypedDict):
    """The gate that lets go last of all that object, and whether a person must act for it."""

    gate: str
    message: str
    until: str | None
    needs_person: bool


class Pull(TypedDict):
    """A pull request that a promotion brings; some are known by their number alone."""

    number: int
    title: str | None
    url: str | None
    author: str | None


class Revoked(TypedDict):
    """How much ended; the tokens of machines that go on, by name: their maker may know them."""

    tokens: int
    sessions: int
    codes: int
    machine_tokens: list[str]
    message: str


class VersionRef(TypedDict):
    """A release of the app that is rolled back."""

    version: int


class RolledBack(TypedDict):
    """How the target left the commit that is to come again: what ran it, and the rollback."""

    version: int
    rollback: int


class Target(TypedDict):
    """An app that a rule promotes to; versions above the baseline are promoted."""

    id: str
    name: str
    baseline: int
    baseline_note: str


class Secret(TypedDict):
    """What became of a webhook secret; never the secret."""

    state: str
    created_at: str
    proved_at: str | None
    valid_until: str | None


class TokenEnded(TypedDict):
    """Whose token ended."""

    email: str


class TriedRule(TypedDict):
    """A rule that is tried; one that is not there yet has no id."""

    id: str | None
    name: str


class CommitBlock(TypedDict):
    """A commit that is kept from an app, or from every app, until it is unblocked."""

    id: str
    commit: str
    app: Ref | None
    repository: str | None
    reason: str
    by: str
    created_at: str
    unblocked_at: str | None
    unblocked_by: str | None


class CommitBlockPut(TypedDict):
    """A new block, and the promotions that it came too late for."""

    id: str
    commit: str
    app: Ref | None
    repository: str | None
    reason: str
    by: str
    created_at: str
    unblocked_at: str | None
    unblocked_by: str | None
    too_late_for: list[str]
    message: str


class Finding(TypedDict):
    """One thing that was looked at: how it is, why that matters, and the command that mends it."""

    name: str
    state: str
    app: Ref | None
    rule: str | None
    message: str
    why: str | None
    mend: str | None
    facts: dict[str, Any]


Freeze = TypedDict(
    "Freeze",
    {
        "id": str | None,
        "action": str,
        "app": Ref | None,
        "reason": str,
        "from": str | None,
        "until": str | None,
        "too_late_for": list[str],
    },
)


Hold = TypedDict(
    "Hold",
    {
        "id": str,
        "app": Ref | None,
        "except": list[Ref],
        "kind": str,
        "reason": str,
        "by": str,
        "created_at": str,
        "from": str | None,
        "until": str | None,
        "released_at": str | None,
        "released_by": str | None,
    },
)


HoldPut = TypedDict(
    "HoldPut",
    {
        "id": str,
        "app": Ref | None,
        "except": list[Ref],
        "kind": str,
        "reason": str,
        "by": str,
        "created_at": str,
        "from": str | None,
        "until": str | None,
        "released_at": str | None,
        "released_by": str | None,
        "too_late_for": list[str],
        "message": str,
    },
)


class Pipeline(TypedDict):
    """A pipeline of Heroku's, with its apps at two stages."""

    id: str
    name: str
    staging: list[Ref]
    production: list[Ref]


class RuleExplanation(TypedDict):
    """What one rule says of a release for one target."""

    rule: Ref
    target: Ref
    says: str
    promotion_id: str | None


class Trouble(TypedDict):
    """Something that fails: why, since when, and the command that mends it or tells more."""

    id: str
    cause: str
    title: str
    message: str
    mend: str
    since: str
    last_at: str
    times: int
    apps: list[Ref]


class Wall(TypedDict):
    """A wall; `names` tells whether it shows authors."""

    name: str
    apps: list[Ref]
    names: bool
    made_by: str
    created_at: str
    expires_at: str


class WallMade(TypedDict):
    """A new wall with its address, the lanes that it shows now, and the apps that are in none."""

    name: str
    apps: list[Ref]
    names: bool
    made_by: str
    created_at: str
    expires_at: str
    url: str
    lanes: list[str]
    in_no_lane: list[Ref]


class Approvals(TypedDict):
    """How many people must approve a promotion, and what was said."""

    needed: int
    given: list[Vote]


class AuditEntry(TypedDict):
    """Who changed what, when, from what to what."""

    id: str
    at: str
    by: str
    action: str
    subject: Subject
    before: Any
    after: Any


CalendarDay = TypedDict(
    "CalendarDay",
    {
        "date": str,
        "from": str,
        "until": str,
        "open": list[OpenTime],
        "stops": list[StopTime],
        "hours": list[str],
        "notes": list[str],
    },
)


class Compared(TypedDict):
    """What would go."""

    app: Ref
    release: ComparedRelease
    slug: Slug | None


class ExplainedRelease(TypedDict):
    """The release that is explained."""

    id: str
    version: int
    status: str
    kind: str
    slug: Slug | None
    description: str | None
    created_at: str | None


class ComparedFigure(TypedDict):
    """What a figure comes to, and what it came to in the time before."""

    name: str
    now: Measure
    before: Measure


class Figure(TypedDict):
    """A figure over everything, with what it is."""

    name: str
    title: str
    definition: str
    unit: str
    now: Measure
    before: Measure


class Event(TypedDict):
    """One thing that happened: to a delivery of Heroku's, or to a promotion."""

    id: str
    at: str
    type: str
    event: str
    message: str
    app: Ref | None
    source: Ref | None
    version: int | None
    promotion: Id | None
    delivery: Id | None


class LoginWay(TypedDict):
    """How to log in: by a code for this OAuth client, or by a Heroku token where there is none."""

    oauth_client: Id | None


class Delivery(TypedDict):
    """What Heroku told, how often, and what came of it."""

    id: str
    app: Ref | None
    delivery_id: str | None
    event_id: str | None
    action: str | None
    release: ReleaseRef | None
    received_at: str
    last_received_at: str
    times: int
    outcome: str | None
    settled_at: str | None
    subscription: Id | None


class Destination(TypedDict):
    """Where a promotion goes; with a release once there is one."""

    app: Ref
    release: ReleaseRef | None


class Output(TypedDict):
    """A piece of a release phase's output: 64 KiB at most, and where to read on."""

    offset: int
    text: str
    is_over: bool
    release: ReleaseRef | None
    message: str | None


class Source(TypedDict):
    """Where a promotion comes from."""

    app: Ref
    release: ReleaseRef
    slug: Slug


class Step(TypedDict):
    """What becomes of one rule; one that is not there yet has no id."""

    id: str | None
    name: str
    action: str
    mode: str | None
    changes: list[FieldChange]
    cancelled: list[str]


class PersonSeen(TypedDict):
    """Somebody who has logged in, with the roles of this moment, none for whoever has left."""

    email: str
    role: str | None
    roles: list[RoleOf]
    logged_in_at: str
    last_used_at: str | None
    tokens: list[LoggedIn]


class Token(TypedDict):
    """A token of the listener's own; `role` is the highest of all `roles`."""

    token: str
    email: str
    role: str
    roles: list[RoleOf]
    expires_at: str


class Whoami(TypedDict):
    """Whom the listener takes the caller for, and what it is itself."""

    email: str
    role: str
    roles: list[RoleOf]
    token_expires_at: str
    version: str
    url: str


RollbackRoute = TypedDict(
    "RollbackRoute",
    {
        "from": VersionRef | None,
        "to": PastRelease,
        "undo": str | None,
    },
)


Ships = TypedDict(
    "Ships",
    {
        "from": str | None,
        "to": str | None,
        "is_read": bool,
        "message": str,
        "relation": str | None,
        "goes_back": bool | None,
        "rolled_back": RolledBack | None,
        "coming": int,
        "leaving": int,
        "authors": list[str],
        "author_count": int,
        "pulls": list[Pull],
        "pull_count": int,
        "repository": str | None,
        "compare_url": str | None,
        "told_by": str | None,
        "untold": str | None,
        "commits": NotRequired[list[Commit] | None],
        "leaves": NotRequired[list[Commit] | None],
    },
)


class Rule(TypedDict):
    """What goes from where to where."""

    soak: str | None
    windows: list[str] | None
    closed: list[str] | None
    min_gap: str | None
    max_per_day: int | None
    authors: list[str] | None
    not_authors: list[str] | None
    commit_messages: list[str] | None
    not_commit_messages: list[str] | None
    commit_authors: list[str] | None
    not_commit_authors: list[str] | None
    on_same_commit: str | None
    descriptions: list[str] | None
    not_descriptions: list[str] | None
    approvals: int | None
    approval_timeout: str | None
    self_approval: bool | None
    brake: str | None
    checks: list[str] | None
    github_checks: bool | None
    required_checks: list[str] | None
    ignored_checks: list[str] | None
    checks_timeout: str | None
    parity: list[str] | None
    verify: list[str] | None
    verify_for: str | None
    on_failure: str | None
    repo: str | None
    deployment: str | None
    commit_status: bool | None
    id: str
    name: str
    mode: str
    strategy: str
    strategy_note: NotRequired[str | None]
    on_newer: str
    notify: list[str]
    events_to: NotRequired[list[str] | None]
    warnings: list[str]
    revision: int
    source: Ref
    targets: list[Target]
    created_at: str
    updated_at: str
    created_by: str


class RuleRemoved(TypedDict):
    """A rule that is gone, and the promotions that were cancelled with it."""

    soak: str | None
    windows: list[str] | None
    closed: list[str] | None
    min_gap: str | None
    max_per_day: int | None
    authors: list[str] | None
    not_authors: list[str] | None
    commit_messages: list[str] | None
    not_commit_messages: list[str] | None
    commit_authors: list[str] | None
    not_commit_authors: list[str] | None
    on_same_commit: str | None
    descriptions: list[str] | None
    not_descriptions: list[str] | None
    approvals: int | None
    approval_timeout: str | None
    self_approval: bool | None
    brake: str | None
    checks: list[str] | None
    github_checks: bool | None
    required_checks: list[str] | None
    ignored_checks: list[str] | None
    checks_timeout: str | None
    parity: list[str] | None
    verify: list[str] | None
    verify_for: str | None
    on_failure: str | None
    repo: str | None
    deployment: str | None
    commit_status: bool | None
    id: str
    name: str
    mode: str
    strategy: str
    strategy_note: NotRequired[str | None]
    on_newer: str
    notify: list[str]
    events_to: NotRequired[list[str] | None]
    warnings: list[str]
    revision: int
    source: Ref
    targets: list[Target]
    created_at: str
    updated_at: str
    created_by: str
    cancelled: list[str]


class Subscription(TypedDict):
    """The listener's webhook on a source app."""

    id: str
    app: Ref
    url: str
    level: str
    healthy: bool | None
    health: str
    heroku_id: str | None
    last_delivery_at: str | None
    secrets: list[Secret]
    created_at: str
    updated_at: str


class TargetsCalendar(TypedDict):
    """The calendar of targets with the same holds."""

    targets: list[Ref]
    opens_at: str | None
    open_until: str | None
    message: str
    holds: list[CalendarHold]
    days: list[CalendarDay]


class Backtest(TypedDict):
    """What a rule would have done with a release on one target."""

    status: str | None
    message: str
    at: str | None
    has_waited: bool
    unanswered: list[str]
    was_tried: bool
    release: ExplainedRelease
    source: NotRequired[Ref | None]
    target: Ref
    arrived: ReachedBy | None


class ForecastChange(TypedDict):
    """A release on one target by a rule as it stands, and as it would be changed."""

    release: ExplainedRelease
    target: Ref
    differs: bool
    before: Forecast | None
    after: Forecast | None


class AppFigures(TypedDict):
    """The figures of what went to one app."""

    app: Ref
    figures: list[ComparedFigure]


class RuleFigures(TypedDict):
    """The figures of what went by one rule; without one, by hand."""

    rule: Ref | None
    figures: list[ComparedFigure]


class Plan(TypedDict):
    """What a file of rules changes, or changed where it is applied; `plan` is the plan's id."""

    plan: str
    applied: bool
    rules: list[Step]
    freezes: list[Freeze]
    warnings: list[str]
    message: str


class Change(TypedDict):
    """What a promotion to one target would change."""

    app: Ref
    release: ComparedRelease | None
    slug: Slug | None
    relation: str
    message: str
    commits: Commits
    ships: NotRequired[Ships | None]
    releases: list[ComparedRelease]
    process_types: ProcessTypes | None
    parity: list[Finding]


class Promotion(TypedDict):
    """The durable intent to bring one release to one target."""

    id: str
    status: str
    reason: str
    due_at: str | None
    earliest_at: str | None
    waits_for: NotRequired[WaitsFor | None]
    rule: RuleRef | None
    by_hand: bool
    kind: str
    found_by: str
    source: Source
    target: Destination
    ships: NotRequired[Ships | None]
    gates: list[Gate]
    verification: Verification | None
    approvals: Approvals
    override: Override | None
    nonce: str | None
    created_by: str | None
    created_at: str
    updated_at: str
    ended_at: str | None
    page_url: NotRequired[str | None]


class PromotionInFull(TypedDict):
    """A promotion with its timeline."""

    id: str
    status: str
    reason: str
    due_at: str | None
    earliest_at: str | None
    waits_for: NotRequired[WaitsFor | None]
    rule: RuleRef | None
    by_hand: bool
    kind: str
    found_by: str
    source: Source
    target: Destination
    ships: NotRequired[Ships | None]
    gates: list[Gate]
    verification: Verification | None
    approvals: Approvals
    override: Override | None
    nonce: str | None
    created_by: str | None
    created_at: str
    updated_at: str
    ended_at: str | None
    page_url: NotRequired[str | None]
    timeline: list[Moment]


class Rollback(TypedDict):
    """A rollback by hand, which is a promotion of its own."""

    id: str
    status: str
    reason: str
    due_at: str | None
    earliest_at: str | None
    waits_for: NotRequired[WaitsFor | None]
    rule: RuleRef | None
    by_hand: bool
    kind: str
    found_by: str
    source: Source
    target: Destination
    ships: NotRequired[Ships | None]
    gates: list[Gate]
    verification: Verification | None
    approvals: Approvals
    override: Override | None
    nonce: str | None
    created_by: str | None
    created_at: str
    updated_at: str
    ended_at: str | None
    page_url: NotRequired[str | None]
    rollback: RollbackRoute


class Calendar(TypedDict):
    """When a rule's promotions may go in the next 14 days, and what stops them."""

    rule: Ref
    mode: str
    zone: str
    at: str
    calendars: list[TargetsCalendar]


class Trial(TypedDict):
    """What a change of a rule would do; nothing is saved."""

    rule: TriedRule
    changes: list[FieldChange]
    results: list[ForecastChange]
    message: str


class Stats(TypedDict):
    """How often releases reach production, how fast, how many fail, how soon that is mended."""

    days: int
    zone: str
    since: str
    until: str
    figures: list[Figure]
    not_restored: int
    by_others: int
    apps: list[AppFigures]
    rules: list[RuleFigures]
    series: list[DayFigures]
    note: str | None


class Diff(TypedDict):
    """What promoting a release would change, target by target."""

    source: Compared
    targets: list[Change]


class Explanation(TypedDict):
    """What every rule and gate said of a release."""

    app: Ref
    release: ExplainedRelease
    summary: str
    deliveries: list[Delivery]
    promotions: list[Promotion]
    rules: list[RuleExplanation]
    troubles: list[Trouble]


class Going(TypedDict):
    """A promotion that waits for a held target, and whether it would go by itself."""

    promotion: Promotion
    goes: bool
    needs_word: bool
    made_at: str | None
    is_older: bool | None
    than: TargetRelease | None
    message: str


class Next(TypedDict):
    """What goes to an app now."""

    app: Ref
    promotion: Promotion | None
    message: str


class Freed(TypedDict):
    """What would become of all that waits for a target; `still` is why nothing goes yet."""

    app: Ref
    still: str | None
    waiting: list[Going]


class HoldsReleased(TypedDict):
    """The holds that were released, those that are to come still, and what goes next."""

    released: list[Hold]
    planned: list[Hold]
    next: list[Next]
    cancelled: list[Promotion]
    message: str


class ReleaseForeseen(TypedDict):
    """What a release of holds would let go; nothing is released."""

    holds: list[Hold]
    planned: list[Hold]
    targets: list[Freed]
    agreed: Preview
    message: str
