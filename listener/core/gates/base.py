"""A candidate, what gates say of it, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, Flag, auto

from listener.core.app import App, Facts
from listener.core.checks import CommitChecks
from listener.core.commits import Block, Left, Shipment
from listener.core.gates.options import NONE, Conditions
from listener.core.parity import Traits
from listener.core.promotion import Status
from listener.core.release import History, Release
from listener.core.rule import OnNewer, Strategy
from listener.core.verification import ProbeStreak

SLUG, OCI_IMAGE = "slug", "oci-image"


@dataclass(frozen=True, slots=True)
class Pass:
    """The gate has no objection."""

    message: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now. `until` is when to ask again, where that is known."""

    message: str
    until: datetime | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """Never. `status` is how the promotion ends."""

    message: str
    status: Status = Status.REJECTED
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Error:
    """We could not find out, which never counts as a pass."""

    message: str
    facts: Facts = field(default_factory=dict)


Verdict = Pass | Wait | Reject | Error

# What a gate puts among its facts when only `promotions:approve` lets the candidate go.
NEEDS_WORD: Facts = {"needs": "word"}


# And where it waits until what ships is read: then it is asked again.
READING: Facts = {"reads": "commits"}


def is_reading(facts: Facts) -> bool:
    """Return whether a gate waits only for what is being read, and for nobody's word."""
    return bool(facts.get("reads") == READING["reads"]) and not is_for_word(facts)


def needs_word(verdict: Verdict | None) -> bool:
    """Return whether the gate waits for a person's word on this very promotion."""
    return isinstance(verdict, Wait) and is_for_word(verdict.facts)


def asks_for_word(verdict: Verdict) -> bool:
    """Return whether people are asked for that word; a word may count before anybody is asked."""
    return needs_word(verdict) and verdict.facts.get("is_asked", True) is not False


def is_for_word(facts: Facts) -> bool:
    """Return whether these facts are of a gate that waits for a person's word."""
    return bool(facts.get("needs") == NEEDS_WORD["needs"])


@dataclass(frozen=True, slots=True)
class Hold:
    """A target, or every target, stands still from `starts_at` to `ends_at` (open where None)."""

    reason: str
    by: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    id: int | None = None  # None where it is a supposed one
    kind: str = "person"  # or freeze, rollback, detected, guard

    def is_in_force(self, now: datetime) -> bool:
        """Return whether the hold stops promotions at this moment."""
        begun = self.starts_at is None or self.starts_at <= now
        return begun and (self.ends_at is None or now < self.ends_at)


# Holds that people plan. A rollback's, a guard's and a detected one tell of what went wrong.
MAY_BE_SET_ASIDE = frozenset({"person", "freeze"})


@dataclass(frozen=True, slots=True)
class Foreign:
    """The last release of somebody else on the target, and the hold for it that was released."""

    hold_id: int
    version: int
    author: str | None
    made_at: datetime  # by Heroku's clock
    released_at: datetime


@dataclass(frozen=True, slots=True)
class ActivePromotion:
    """Another promotion at work on the same target."""

    id: str
    status: Status


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes or no to one promotion, for the very release and slug that it brings."""

    by: str
    at: datetime
    is_approved: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PastPromotion:
    """A promotion to the same target that has ended."""

    id: str
    status: Status
    ended_at: datetime
    was_released: bool  # it made a release on the target


@dataclass(frozen=True, slots=True)
class Override:
    """Which gates a person set aside for one promotion, and why.

    `holds` are those that were in force when it was said: one that is put later counts.
    """

    gates: frozenset[str]
    by: str
    reason: str
    holds: frozenset[int] = frozenset()

    def sets_aside(self, hold: Hold) -> bool:
        """Return whether this hold does not count; one that tells of a fault always counts."""
        return hold.id in self.holds and hold.kind in MAY_BE_SET_ASIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release a rule applies to, with every fact needed to decide."""

    release: Release
    source: App
    target: App
    source_history: History
    target_history: History
    slug_stack: str | None
    promotion_id: int | None = None  # None where none is made yet, as in a trial
    strategy: Strategy = Strategy.SLUG
    pipelines: tuple[str | None, str | None] = (None, None)  # of source and target; None: in none
    on_newer: OnNewer = OnNewer.SUPERSEDE
    is_by_hand: bool = False
    asked_by: str | None = None  # by hand: the person or the machine
    may_return: bool = False  # a person asked for it, so it may bring back what the target left
    holds: tuple[Hold, ...] = ()
    rival: ActivePromotion | None = None
    upstream: Status | None = None  # of our promotion that put this release on the source
    newer: int | None = None  # version of a newer candidate of the same rule that supersedes
    is_allowed: bool = True  # both apps match AUTOPROMOTE_APPS
    own_releases: frozenset[str] = frozenset()
    target_ran: str | None = None  # of a rollback: the artifact, when it was asked for
    # What the conditions of its rule ask about.
    conditions: Conditions = NONE
    found_at: datetime | None = None  # or when it last began to wait again
    soaks_from: datetime | None = None  # when Heroku first showed that it had succeeded
    author: str | None = None  # of the first release in a chain
    approvals: tuple[Approval, ...] = ()
    past: tuple[PastPromotion, ...] = ()
    override: Override | None = None
    foreign: Foreign | None = None
    commit: str | None = None  # that it brings; None where Heroku names none
    shipment: Shipment | None = None  # what ships; None where no gate asks, or nothing is stored
    blocks: tuple[Block, ...] = ()  # of commits, that may concern source or target
    worded: frozenset[str] = frozenset()  # the commits that ship by a person's word, for the target
    # What rollbacks took from the target, by commit; empty where nothing did, or no gate asks.
    left: Mapping[str, Left] = field(default_factory=dict)
    gone_since: datetime | None = None  # since when Heroku says that something is not there
    commit_checks: CommitChecks | None = None  # None where the rule asks for none
    checks_since: datetime | None = None  # since when it waits for them
    streak: ProbeStreak | None = None  # of what it has checked; None where nothing was asked yet
    traits: tuple[Traits, Traits] | None = None  # of source and target; None where not read yet

    @property
    def approve(self) -> str:
        """The command by which a person lets it go, to be copied."""
        id = f" {self.promotion_id}" if self.promotion_id is not None else ""
        return f"autopromote promotions:approve{id}"


class Waits(Flag):
    """What ends a wait at a gate; several may."""

    NOTHING = 0  # it never waits, or says itself that it needs a person's word
    WORK = auto()  # a promotion or a release that is on its way ends
    HEROKU = auto()  # somebody changes an app at Heroku: it is read again every minute
    TIME = auto()  # its time comes
    PERSON = auto()  # whoever has a say; their word wakes what waits
    PROBE = auto()  # an app answers well
    CHECKS = auto()  # checks of its commit turn out well: it is woken when they change


class Reads(Enum):
    """Where a gate's facts come from: what is read elsewhere ages, and is read last of all."""

    DATABASE = auto()
    CHECKS = auto()  # of its commit: work of its own reads them while somebody waits for them
    PROBES = auto()  # health checks
    TRAITS = auto()  # what both apps are built with and configured with


@dataclass(frozen=True, slots=True)
class Gate:
    """All that there is to say of a gate. No answer has a default, so that none is forgotten."""

    name: str  # as people know it
    check: Callable[[Candidate, datetime], Verdict]
    asked: Callable[[Conditions], object]  # whether the rule asks for it
    waits: Waits
    reads: Reads
    is_blocking: bool  # people are told that it waits, for nothing the rule asks for is to come
    is_filter: bool  # what it rejects was never expected to be promoted, so nobody is told
    is_in_history: bool  # a back-test can answer it from what is written


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every verdict of one evaluation, in order.

    The first that objects decides. If that one waits, the first that rejects decides instead:
    nobody waits for what can never be.
    """

    verdicts: tuple[tuple[Gate, Verdict], ...]

    @property
    def objection(self) -> Wait | Reject | Error | None:
        """The verdict that decides; None where every gate passes."""
        return self._deciding[1] if self._deciding is not None else None

    @property
    def decided_by(self) -> Gate | None:
        """The gate whose verdict that is."""
        return self._deciding[0] if self._deciding is not None else None

    @property
    def waits_for(self) -> Waits:
        """What can end the wait at the gate that decides."""
        return self.decided_by.waits if self.decided_by is not None else Waits.NOTHING

    @property
    def reads(self) -> Reads | None:
        """Where the gate that decides has its facts from; None where every gate passes."""
        return self.decided_by.reads if self.decided_by is not None else None

    @property
    def waits(self) -> tuple[tuple[Gate, Wait], ...]:
        """The gates that wait."""
        return tuple((gate, v) for gate, v in self.verdicts if isinstance(v, Wait))

    @property
    def by_name(self) -> dict[str, Verdict]:
        """The verdicts by the names of their gates."""
        return {gate.name: verdict for gate, verdict in self.verdicts}

    @property
    def _deciding(self) -> tuple[Gate, Wait | Reject | Error] | None:
        objecting = [(gate, v) for gate, v in self.verdicts if not isinstance(v, Pass)]
        first = next(iter(objecting), None)
        if first is None or not isinstance(first[1], Wait):
            return first
        return next(((gate, v) for gate, v in objecting if isinstance(v, Reject)), first)


def evaluate(candidate: Candidate, now: datetime, gates: Iterable[Gate]) -> Evaluation:
    """Ask every gate and keep every answer."""
    return Evaluation(tuple((gate, gate.check(candidate, now)) for gate in gates))


def longest_wait(until: datetime | None, now: datetime, otherwise: timedelta) -> datetime:
    """Return when to look at a waiting promotion again: at its known time, else after a while."""
    return until if until is not None and until > now else now + otherwise
