"""What is found of what ships with a promotion, by values: told, not told, or to be read again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from listener import github as at_github
from listener.core.gates.base import READING, SLUG
from listener.core.promotion import RATE_LIMIT_WAIT, Status, back_off
from listener.db.promotions import PromotionRow
from listener.github import GitHubError
from listener.heroku import HerokuError, RateLimited, Spared
from listener.inventory.commits import Told, Untold, Wanted, sha_of

# An answer that does not come is waited for no longer: people are asked instead.
TOLD_AFTER = timedelta(seconds=30)
GIVEN_UP_AFTER = timedelta(hours=24)
DAILY = timedelta(hours=24)  # while it is unfinished: somebody may connect a repository


@dataclass(frozen=True, slots=True)
class Ends:
    """From which artifact to which a promotion goes, and their commits, as far as is stored."""

    row: PromotionRow
    names: Mapping[str, str]  # of its two apps
    base_artifact: str | None
    commits: Mapping[str, str]
    repo: str | None  # that its rule names
    told_slugs: Collection[str] = ()  # of which Heroku told all, also that there is no commit

    @property
    def head(self) -> str | None:
        """The commit of what goes, if it is stored."""
        return sha_of(self.row.commit) or self.commits.get(self.row.artifact)

    @property
    def base(self) -> str | None:
        """The commit of what runs there, if it is stored."""
        return self.commits.get(self.base_artifact or "")

    @property
    def replaces_itself(self) -> bool:
        """Whether the target runs it already."""
        return self.base_artifact == self.row.artifact

    @property
    def is_unknown(self) -> bool:
        """Whether Heroku may tell a commit that is not stored."""
        row, base = self.row, self.base_artifact
        missing = {row.artifact} if self.head is None else set()
        if base is not None and not self.replaces_itself and self.base is None:
            missing.add(base)
        return row.artifact_type == SLUG and not missing <= set(self.told_slugs)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is stored of what ships with a promotion, and when to read it again."""

    values: dict[str, Any]
    pause: timedelta | None = None  # None: it is read
    wakes: bool = True  # the promotion, if it waits for that
    while_unfinished: bool = False  # once the promotion has ended it is not read again


def found(ends: Ends, known: dict[str, Any], tell: Callable[[Wanted], Told]) -> Finding:
    """Find what ships between two commits, or that it is one. Raises Untold, and as `tell` does."""
    head, base = known["head"], known["base"]
    source, target = ends.names[ends.row.source_id], ends.names[ends.row.target_id]
    if head is None and ends.row.artifact_type != SLUG:
        raise Untold(f"{source} builds images, and Heroku names no commit of an image.")
    if head is None:
        raise Untold("Heroku names no commit of what goes.")
    if ends.base_artifact is None:
        raise Untold(f"{target} ran nothing before.")
    if ends.replaces_itself:
        return _read({**known, "base": head, "comparison_id": None})
    if base is None:
        raise Untold(f"Heroku names no commit of what {target} ran before.")
    if base == head:
        return _read({**known, "comparison_id": None})
    told = tell(Wanted(base, head, ends.repo))
    return _read({**known, "repository": told.repository, "comparison_id": told.comparison_id})


def _read(values: dict[str, Any]) -> Finding:
    return Finding({**values, "untold": None, "failing_since": None})


def untold(
    why: Untold, known: dict[str, Any], failing_since: datetime | None, now: datetime
) -> Finding:
    """Find that nothing is told; what may be told later is asked for again, while it is unfinished.

    Somebody may give the token a right that it lacks, or say which repository it is.
    """
    since = failing_since or now
    is_old = now - since >= GIVEN_UP_AFTER
    pause = DAILY if why.again_in is None or is_old else why.again_in
    values = {**known, "comparison_id": None, "untold": str(why), "failing_since": since}
    return Finding(values, pause, while_unfinished=True)


def failed(
    error: HerokuError | GitHubError,
    known: dict[str, Any],
    before: Row[Any],
    attempt: int,
    now: datetime,
) -> Finding:
    """Find that it could not be read; after a while people are told so, and are asked instead."""
    since = before.failing_since or now
    failing, pause = now - since, _pause(error, attempt)
    values: dict[str, Any] = {**known, "failing_since": since}
    if any(getattr(before, name) != each for name, each in known.items()):
        values = {"base": None, "comparison_id": None, "untold": None, **values}
    is_long = max(failing, pause) >= TOLD_AFTER
    if is_long:
        values |= {"comparison_id": None, "untold": str(error)}
    if failing >= GIVEN_UP_AFTER:
        return Finding(values, DAILY, while_unfinished=True)
    return Finding(values, pause, wakes=is_long)


def _pause(error: HerokuError | GitHubError, attempt: int) -> timedelta:
    """Return how long to wait: as long as is said, else longer each time."""
    if isinstance(error, Spared | at_github.RateLimited):
        return timedelta(seconds=error.again_in)
    return RATE_LIMIT_WAIT if isinstance(error, RateLimited) else back_off(attempt - 1)


def waits_for_it(row: PromotionRow) -> bool:
    """Return whether a promotion waits at a gate for what ships to be read."""
    is_read = (gate["facts"].get("reads") == READING["reads"] for gate in row.gates)
    return row.status is Status.WAITING and any(is_read)
