"""What a rule would have done with past releases: the same gates, over the stored history.

The source's history is played again, release by release. Its target begins with what it really ran
then, and from there on runs what the rule would have brought it. Where a person really rolled the
target back, it stands on hold until somebody really released other code on it. A gate that history
cannot answer, such as an approval, counts as passed, and the result names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from listener.core.app import App
from listener.core.commits import (
    Comparison,
    Left,
    Relation,
    Shipment,
    left_by_rollbacks,
    short,
    why_untold,
)
from listener.core.gates.base import (
    Candidate,
    Error,
    Hold,
    PastPromotion,
    Reject,
    Wait,
    Waits,
    evaluate,
)
from listener.core.gates.options import NONE, Conditions
from listener.core.gates.registry import Gates, asked
from listener.core.promotion import Status
from listener.core.release import SUCCEEDED, History, Kind, Release, as_of, moment_of
from listener.core.rollback import OwnReleases, taken_back
from listener.core.rule import OnNewer, Strategy

# No history tells in which pipelines apps were; a rule for apps of different ones is refused.
_COUPLED = ("the same", "the same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What to play: a route, the histories of both apps, and the time at which it ends."""

    source: App
    target: App
    source_history: History
    target_history: History
    now: datetime
    strategy: Strategy = Strategy.SLUG
    on_newer: OnNewer = OnNewer.SUPERSEDE
    conditions: Conditions = NONE
    commits: Mapping[str, str] = field(default_factory=dict)  # of artifacts, where that is known
    # What was read between two commits, by base and head.
    comparisons: Mapping[tuple[str, str], Comparison] = field(default_factory=dict)
    worded: frozenset[str] = frozenset()  # the commits that a person let go to the target
    own: OwnReleases = field(default_factory=dict)  # what our requests for the target were for
    # Of releases, by id, that came over another app: whoever made the first one.
    authors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What would have become of one release, and what really did.

    `status` is a promotion's, with `shadowed` for what would have gone; None where the release
    makes no candidate. `at` is when that would have been decided, and `has_waited` that it was
    not at once; `arrived` is the release by which the target really got the same code. Of what
    would have gone, `unanswered` names the gates that history cannot answer.
    """

    release: Release
    kind: Kind
    status: Status | None = None
    message: str = ""
    at: datetime | None = None
    has_waited: bool = False
    arrived: Release | None = None
    unanswered: tuple[str, ...] = ()
    was_tried: bool = True  # False where the target was not there yet

    @property
    def is_told(self) -> bool:
        """Whether history tells enough to say what would have become of it."""
        return self.status is not Status.ERRORED


def backtest(case: Case, *, newest: int) -> tuple[Result, ...]:
    """Tell what would have become of the source's newest releases, oldest first."""
    dated = [release for release in case.source_history.releases if release.created_at is not None]
    considered = dated[-newest:]
    if not considered:
        return ()
    early, played = _by_the_target(case, considered)
    if not played:
        return early
    play = _Play(case, played[0])
    for release in played:
        play.arrive(release)
    play.until(case.now)
    return (*early, *(play.results[release.version] for release in played))


def _by_the_target(
    case: Case, considered: list[Release]
) -> tuple[tuple[Result, ...], list[Release]]:
    """Return results for what came before the target's known history, and the releases to play.

    The first release of every app is its v1. If a target's history begins later, the target was
    there before, but Heroku does not tell any more what it ran.
    """
    begun = min(map(moment_of, case.target_history.releases), default=None)
    there = (n for n, r in enumerate(considered) if begun is not None and begun <= moment_of(r))
    first = next(there, len(considered))
    oldest = min((each.version for each in case.target_history.releases), default=1)
    early = tuple(_early(case, release, is_known=oldest == 1) for release in considered[:first])
    return early, considered[first:]


def _early(case: Case, release: Release, *, is_known: bool) -> Result:
    seen = as_of(case.source_history, moment_of(release), version=release.version)
    if is_known:
        message = f"{case.target.name} was not there yet."
        return Result(release, seen.kind(release), message=message, was_tried=False)
    message = f"Heroku does not tell any more what {case.target.name} ran then."
    return Result(release, seen.kind(release), Status.ERRORED, message)


@dataclass(slots=True)
class _Play:
    """The target as it would have been, and what waits for it."""

    case: Case
    first: Release
    now: datetime = field(init=False)
    target: History = field(init=False)
    holds: tuple[Hold, ...] = field(init=False)
    seen: History = field(init=False)  # of the source, so far
    was_taken_back: bool = field(init=False)  # the target, ever
    gone: list[PastPromotion] = field(default_factory=list)
    due: dict[int, datetime | None] = field(default_factory=dict)  # of what waits, by version
    arrived_at: dict[int, datetime] = field(default_factory=dict)
    results: dict[int, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = moment_of(self.first)
        self.target = as_of(_before(self.case.target_history, self.first), self.now)
        self.holds = tuple(_held(self.case, self.now))
        self.seen = History()
        self.was_taken_back = bool(taken_back(self.case.target_history, self.case.own))

    def arrive(self, release: Release) -> None:
        """Add one more release of the source, and evaluate again what it concerns."""
        # Versions order releases: what was made earlier and ran later does not turn time back.
        self.now = max(self.now, moment_of(release))
        self.until(self.now)
        self.seen = as_of(self.case.source_history, self.now, version=release.version)
        arrived = self._arrived(release)
        self.results[release.version] = Result(release, self.seen.kind(release), arrived=arrived)
        if self.seen.is_deploy(self.seen.find(release.version) or release):
            self.due[release.version] = self.arrived_at[release.version] = self.now
        for version in self._concerned(release):
            self._decide(version, self.now)

    def _concerned(self, release: Release) -> list[int]:
        """Return the versions to evaluate again; with `keep`, only a rollback concerns others."""
        if self.case.on_newer is OnNewer.SUPERSEDE:
            return sorted(self.due, reverse=True)
        if self.seen.kind(release) is Kind.ROLLBACK:
            return sorted(self.due)
        return [release.version] if release.version in self.due else []

    def until(self, moment: datetime) -> None:
        """Evaluate what comes due by then, in the order of time."""
        while (earliest := self._earliest()) is not None and earliest[0] <= moment:
            self._decide(earliest[1], earliest[0])

    def _earliest(self) -> tuple[datetime, int] | None:
        return min(((at, v) for v, at in self.due.items() if at is not None), default=None)

    def _decide(self, version: int, now: datetime) -> None:
        candidate = self._candidate(version)
        gates, unanswered = _answerable(candidate)
        evaluation = evaluate(candidate, now, gates)
        match evaluation.objection:
            case None:
                self._go(version, now, unanswered)
            case Wait(until=until):
                self.due[version] = until if until is not None and until > now else None
                last = max((wait for _, wait in evaluation.waits), key=_lasts)
                goes_at = earliest(candidate, now) if last.until is not None else None
                self._note(version, Status.WAITING, last.message, goes_at)
            case Reject(message, status):
                self._end(version, status, message, now)
            case Error(message):
                self._end(version, Status.ERRORED, message, now)

    def _candidate(self, version: int) -> Candidate:
        case, release = self.case, self.seen.find(version)
        assert release is not None  # noqa: S101 - it arrived
        return Candidate(
            release=release,
            source=case.source,
            target=case.target,
            source_history=self.seen,
            target_history=self.target,
            slug_stack=None,
            strategy=case.strategy,
            pipelines=_COUPLED,
            on_newer=case.on_newer,
            holds=self.holds,
            conditions=case.conditions,
            found_at=self.arrived_at[version],
            soaks_from=moment_of(release),
            author=case.authors.get(release.id, release.author),
            commit=case.commits.get(release.artifact or ""),
            shipment=self._ships(release),
            worded=case.worded,
            left=self._left(release),
            past=tuple(self.gone),
        )

    def _ships(self, release: Release) -> Shipment:
        """Return what would have shipped, as far as it was read for what really went."""
        case, current = self.case, self.target.current
        runs = current.artifact if current is not None else None
        base, head = case.commits.get(runs or ""), case.commits.get(release.artifact or "")
        untold = why_untold(base, head, target=case.target.name)
        found: Comparison | None = None
        if base is not None and head is not None:
            same = Comparison(Relation.IDENTICAL) if base == head else None
            found = same or case.comparisons.get((base, head))
            untold = f"nobody compared {short(base)} and {short(head)}." if found is None else None
        return Shipment(head, base, runs, comparison=found, untold=untold)

    def _left(self, release: Release) -> Mapping[str, Left]:
        """Return what rollbacks had really taken from the target by then."""
        case = self.case
        if not self.was_taken_back:
            return {}
        ran = as_of(case.target_history, self.now)
        return left_by_rollbacks(ran, case.own, case.commits, artifact=release.artifact or "")

    def _go(self, version: int, now: datetime, unanswered: tuple[str, ...]) -> None:
        release = self.results[version].release
        had = f", had {' and '.join(unanswered)} passed" if unanswered else ""
        message = f"It would have gone to {self.case.target.name}{had}."
        self._end(version, Status.SHADOWED, message, now)
        self.results[version] = replace(self.results[version], unanswered=unanswered)
        self.gone.append(PastPromotion(f"of v{version}", Status.SUCCEEDED, now, was_released=True))
        ran = [replace(each, is_current=False) for each in self.target.releases]
        made = replace(
            release,
            id=f"of {release.id}",
            version=self.target.newest_version + 1,
            status=SUCCEEDED,
            is_current=True,
            created_at=now,
        )
        self.target = History([*ran, made])

    def _end(self, version: int, status: Status, message: str, now: datetime) -> None:
        del self.due[version]
        self._note(version, status, message, now)

    def _note(self, version: int, status: Status, message: str, at: datetime | None) -> None:
        waited = at is not None and at > self.arrived_at[version]
        self.results[version] = replace(
            self.results[version], status=status, message=message, at=at, has_waited=waited
        )

    def _arrived(self, release: Release) -> Release | None:
        real = self.case.target_history
        version = real.first_run(release.artifact)
        return real.find(version) if version is not None else None


def _lasts(wait: Wait) -> datetime:
    return wait.until if wait.until is not None else datetime.max.replace(tzinfo=UTC)


def _answerable(candidate: Candidate) -> tuple[Gates, tuple[str, ...]]:
    """Return the gates that history can answer, and the names of those that it cannot."""
    gates = asked(candidate)
    told = tuple(gate for gate in gates if gate.is_in_history)
    return told, tuple(gate.name for gate in gates if not gate.is_in_history)


def _before(history: History, first: Release) -> History:
    """Return the target's history without what really followed from `first` within its second.

    Heroku tells no fractions of a second, and a promotion often takes less than one. Nothing
    follows from a release without code: apps made together have such releases in one second.
    """
    begun = moment_of(first)
    if first.artifact is None:
        return history
    kept = [r for r in history.releases if moment_of(r) != begun or r.artifact != first.artifact]
    was_there = any(moment_of(release) <= begun for release in kept)
    return History(kept) if was_there else history


def _held(case: Case, begun: datetime) -> Iterator[Hold]:
    """Yield a hold for each real rollback of the target, until other code was released there."""
    real = case.target_history
    for release in real.releases:
        if moment_of(release) <= begun or real.kind(release) is not Kind.ROLLBACK:
            continue
        after = real.change_after(release.version, release.artifact)
        who = release.author or "somebody"
        reason = f"{who} rolled {case.target.name} back in v{release.version}."
        yield Hold(reason, who, moment_of(release), moment_of(after) if after is not None else None)


MOST_WAITS = 50


def earliest(candidate: Candidate, now: datetime) -> datetime | None:
    """Find the first moment at which no gate of time objects, whatever people say until then.

    Return None where that is not known: a hold, for instance, may stand until it is released.
    """
    timed = [gate for gate in asked(candidate) if Waits.TIME in gate.waits]
    moment = now
    for _ in range(MOST_WAITS):
        match evaluate(candidate, moment, timed).objection:
            case None:
                return moment
            case Wait(until=datetime() as until):
                moment = until
            case _:
                return None
    return None
