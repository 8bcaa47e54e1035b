"""What a rule would have done with releases that were: the same gates, over what is written.

The source's history is played again, release by release. Its target begins with what it really ran
then, and from there on runs what the rule would have brought it. Where a person really rolled the
target back, it stands on hold until somebody really released other code on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from listener.decision import App, Candidate, Error, Evaluation, Hold, Reject, Wait, evaluate
from listener.gates.tables import GATES, Gates
from listener.history import EXPIRED, SUCCEEDED, History, Kind, Release
from listener.promotion import Status
from listener.rules import OnNewer

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is tried: a route, what is written of both apps, and the time it is until."""

    source: App
    target: App
    source_history: History
    target_history: History
    now: datetime
    on_newer: OnNewer = OnNewer.SUPERSEDE


@dataclass(frozen=True, slots=True)
class Result:
    """What would have become of one release, and what really did.

    `status` is a promotion's, with `shadowed` for what would have gone; None where the release
    makes no candidate. `at` is when that would have been decided; `arrived` is the release by
    which the target really got the same code.
    """

    release: Release
    kind: Kind
    status: Status | None = None
    message: str = ""
    at: datetime | None = None
    arrived: Release | None = None


def backtest(case: Case, *, newest: int, gates: Gates = GATES) -> tuple[Result, ...]:
    """What would have become of the source's newest releases, oldest first."""
    dated = [release for release in case.source_history.releases if release.created_at is not None]
    considered = dated[-newest:]
    if not considered:
        return ()
    play = _Play(case, gates, considered[0])
    for release in considered:
        play.arrive(release)
    play.until(case.now)
    return tuple(play.results[release.version] for release in considered)


@dataclass(slots=True)
class _Play:
    """The target as it would have been, and what waits for it."""

    case: Case
    gates: Gates
    first: Release
    target: History = field(init=False)
    holds: tuple[Hold, ...] = field(init=False)
    seen: History = field(init=False)  # of the source, so far
    due: dict[int, datetime | None] = field(default_factory=dict)  # of what waits, by version
    results: dict[int, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        begun = _moment(self.first)
        self.target = as_of(self.case.target_history, begun)
        self.holds = tuple(_held(self.case, begun))
        self.seen = History()

    def arrive(self, release: Release) -> None:
        """The source has one more release; whatever waits is decided anew."""
        now = _moment(release)
        self.until(now)
        self.seen = as_of(self.case.source_history, now, version=release.version)
        arrived = self._arrived(release)
        self.results[release.version] = Result(release, self.seen.kind(release), arrived=arrived)
        if self.seen.is_deploy(self.seen.find(release.version) or release):
            self.due[release.version] = now
        is_newest_first = self.case.on_newer is OnNewer.SUPERSEDE
        for version in sorted(self.due, reverse=is_newest_first):
            self._decide(version, now)

    def until(self, moment: datetime) -> None:
        """Let go what comes due by then, in the order of time."""
        while (earliest := self._earliest()) is not None and earliest[0] <= moment:
            self._decide(earliest[1], earliest[0])

    def _earliest(self) -> tuple[datetime, int] | None:
        return min(((at, v) for v, at in self.due.items() if at is not None), default=None)

    def _decide(self, version: int, now: datetime) -> None:
        objection = self._evaluation(version, now).objection
        match objection:
            case None:
                self._go(version, now)
            case Wait(message, until):
                self.due[version] = until if until is not None and until > now else None
                self._note(version, Status.WAITING, message, until)
            case Reject(message, status):
                self._end(version, status, message, now)
            case Error(message):
                self._end(version, Status.ERRORED, message, now)

    def _evaluation(self, version: int, now: datetime) -> Evaluation:
        case, release = self.case, self.seen.find(version)
        assert release is not None  # noqa: S101 - it arrived
        candidate = Candidate(
            release=release,
            source=case.source,
            target=case.target,
            source_history=self.seen,
            target_history=self.target,
            slug_stack=None,
            on_newer=case.on_newer,
            holds=self.holds,
        )
        return evaluate(candidate, now, self.gates)

    def _go(self, version: int, now: datetime) -> None:
        release = self.results[version].release
        self._end(version, Status.SHADOWED, f"It would have gone to {self.case.target.name}.", now)
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
        noted = replace(self.results[version], status=status, message=message, at=at)
        self.results[version] = noted

    def _arrived(self, release: Release) -> Release | None:
        real = self.case.target_history
        version = real.first_run(release.artifact)
        return real.find(version) if version is not None else None


def _moment(release: Release) -> datetime:
    """When it was released; what bears no date, after everything else."""
    return release.created_at or _NEVER


def as_of(history: History, moment: datetime, *, version: int | None = None) -> History:
    """An app's history as it stood at a moment, or when it had this version.

    What has expired since had not then.
    """
    then = [
        replace(release, status=SUCCEEDED) if release.status == EXPIRED else release
        for release in history.releases
        if (release.version <= version if version is not None else _moment(release) <= moment)
    ]
    current = max((release.version for release in then if release.has_run), default=None)
    return History(replace(release, is_current=release.version == current) for release in then)


def _held(case: Case, begun: datetime) -> Iterator[Hold]:
    """The time after each real rollback of the target until other code was released on it."""
    real = case.target_history
    for release in real.releases:
        if _moment(release) <= begun or real.kind(release) is not Kind.ROLLBACK:
            continue
        after = real.change_after(release.version, release.artifact)
        who = release.author or "somebody"
        reason = f"{who} rolled {case.target.name} back in v{release.version}."
        yield Hold(reason, who, release.created_at, _moment(after) if after is not None else None)
