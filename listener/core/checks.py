"""What GitHub tells of a commit's checks: check runs and commit statuses, and which of them count.

Unclear is never a pass: a word that is not known, or a check that nobody began, is waited for.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

LONGEST_NAME = 200  # what is as long may have been cut
# How the statuses that the listener itself sets begin: they are no checks of the commit.
OWN = "autopromote/"
# A pass counts only if GitHub told it so lately; what turns red later is not seen.
FRESH_FOR = timedelta(seconds=30)

GOOD = frozenset({"success", "neutral", "skipped"})
BAD = frozenset(
    {
        "failure",
        "error",
        "cancelled",
        "timed_out",
        "action_required",
        "stale",
        "startup_failure",
    }
)


# A suite without a run may get one, or stay so for ever: GitHub makes one for each App that could
# check something. One of GitHub Actions is a workflow that is to run, and may stand in a line, so
# it is never forgotten: it is stuck but seldom (nodejs/node-core-utils#1160), and can be ignored.
ACTIONS = "github-actions"
EMPTY = timedelta(minutes=2)


class Kind(StrEnum):
    """The ways in which GitHub keeps checks; of one name, each counts for itself."""

    RUN = "run"
    STATUS = "status"
    SUITE = "suite"  # that is not done, or that never began: its app's name


@dataclass(frozen=True, slots=True)
class Check:
    """The latest word of one check on a commit."""

    kind: Kind
    name: str
    state: str  # GitHub's word: a conclusion, or how far it is
    url: str | None = None
    app: str | None = None  # that made a check run
    started_at: datetime | None = None
    suite: int | None = None  # of check runs, that it is of; two workflows may share a name

    @property
    def is_good(self) -> bool:
        """Whether it has ended, and not badly."""
        return self.state in GOOD

    @property
    def is_bad(self) -> bool:
        """Whether it has ended, and not well."""
        return self.state in BAD

    @property
    def is_own(self) -> bool:
        """Whether the listener made it."""
        return self.kind is Kind.STATUS and self.name.casefold().startswith(OWN)

    def as_json(self) -> dict[str, Any]:
        """Return what `check_of` reads."""
        at = self.started_at.isoformat() if self.started_at is not None else None
        said = {"kind": self.kind, "name": self.name, "state": self.state, "url": self.url}
        return said | {"app": self.app, "started_at": at, "suite": self.suite}


def check_of(kept: Mapping[str, Any]) -> Check:
    """Read a check as it was stored."""
    at = kept["started_at"]
    moment = datetime.fromisoformat(at) if at else None
    kind, url = Kind(kept["kind"]), kept["url"]
    suite = kept.get("suite")
    return Check(kind, kept["name"], kept["state"], url, kept["app"], moment, suite)


def latest(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the newest check of each kind, app, suite and name, by name.

    Of equals it is the one told last. Of names that may have been cut nobody knows which are the
    same, so all of them count.
    """
    found: dict[tuple[str, Kind, str, int, int], Check] = {}
    for number, each in enumerate(checks):
        is_cut = len(each.name) >= LONGEST_NAME
        key = each.name, each.kind, each.app or "", each.suite or 0, number if is_cut else -1
        before = found.get(key)
        if before is None or _began(before) <= _began(each):
            found[key] = each
    return tuple(each for _, each in sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Suite:
    """The runs of one app, or of one workflow, on a commit."""

    id: int
    status: str  # GitHub's word
    conclusion: str | None
    app: str | None
    app_name: str
    runs: int
    created_at: datetime | None

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.status == "completed" and self.conclusion is not None

    def is_awaited(self, now: datetime) -> bool:
        """Whether more may come of it: of an App's without a run, only for a while."""
        if self.runs or self.created_at is None or self.app == ACTIONS:
            return True
        return now - self.created_at < EMPTY


def open_suites(suites: Iterable[Suite], runs: Iterable[Check], now: datetime) -> tuple[Check, ...]:
    """Return as checks the suites of which more comes than `runs`, or that broke without a run.

    A job that needs another one has no run before that one ends. `suites` were read first; while
    a run of a suite goes on, that run is waited for.
    """
    every, found = {each.id: each for each in suites}, list(runs)
    going_on = {each.suite for each in found if not (each.is_good or each.is_bad)}
    unread = {each.suite: each for each in found if each.suite and each.suite not in every}
    new = [Suite(id, "queued", None, run.app, run.app or "", 1, None) for id, run in unread.items()]
    return tuple(
        _of_suite(each) for each in (*every.values(), *new) if _is_open(each, going_on, now)
    )


def _is_open(suite: Suite, going_on: Container[int | None], now: datetime) -> bool:
    if suite.is_done:  # a workflow that GitHub cannot read, or that was cancelled, has no run
        is_workflow = suite.app == ACTIONS and suite.conclusion not in GOOD
        return not suite.runs and (is_workflow or suite.conclusion in _NEVER_BEGAN)
    return suite.id not in going_on and suite.is_awaited(now)


_NEVER_BEGAN = frozenset({"failure", "startup_failure"})


def _of_suite(suite: Suite) -> Check:
    state = suite.conclusion if suite.is_done else suite.status
    name = suite.app_name or suite.app or ""
    return Check(Kind.SUITE, name, state or "", app=suite.app, suite=suite.id)


def _began(check: Check) -> float:
    """Return when it started; what has no time yet is newer than all that has one."""
    return check.started_at.timestamp() if check.started_at is not None else float("inf")


@dataclass(frozen=True, slots=True)
class CommitChecks:
    """What is known of a commit's checks."""

    sha: str | None
    id: int | None = None  # of the row in which it is stored; None while there is none
    repository: str | None = None
    found: tuple[Check, ...] = ()
    read_at: datetime | None = None  # when GitHub told it last
    asked_at: datetime | None = None  # when it was asked last, whatever came of it
    untold: str | None = None  # why it does not tell, if the last answer was none
    is_final: bool = False  # that does not end by itself
    failing_since: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether it was told so lately that a promotion may go by it."""
        return self.read_at is not None and now - self.read_at <= FRESH_FOR


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which checks must be well: all but the ignored, or those that are required, or both."""

    all: bool = False
    required: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What those that count come to."""

    good: tuple[Check, ...]
    bad: tuple[Check, ...]
    pending: tuple[Check, ...]
    missing: tuple[str, ...]  # required, and nobody has begun them

    @property
    def is_well(self) -> bool:
        """Whether there are checks, and every one that counts has ended well."""
        return bool(self.good) and not (self.bad or self.pending or self.missing)

    @property
    def count(self) -> int:
        """How many checks there are that count."""
        return len(self.good) + len(self.bad) + len(self.pending)


def judge(found: Iterable[Check], wanted: Wanted) -> Judgement:
    """Tell how those checks stand that count; a required one counts even if it is ignored."""
    counting = [each for each in found if not each.is_own and _counts(each, wanted)]
    names = {each.name for each in counting if each.kind is not Kind.SUITE}
    return Judgement(
        good=tuple(each for each in counting if each.is_good),
        bad=tuple(each for each in counting if each.is_bad),
        pending=tuple(each for each in counting if not (each.is_good or each.is_bad)),
        missing=tuple(name for name in wanted.required if name not in names),
    )


def _counts(check: Check, wanted: Wanted) -> bool:
    if check.kind is not Kind.SUITE and check.name in wanted.required:
        return True
    return wanted.all and check.name not in wanted.ignored
