"""Where a rollback by hand goes: never back to what a rollback left, and no further by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

from listener.core.drift import nonce_of
from listener.core.promotion import PromotionKind
from listener.core.release import RAN, SUCCEEDED, History, Release

# What each request of ours was for, by the nonce that it carried and the id of its release.
OwnReleases = Mapping[str, PromotionKind]


@dataclass(frozen=True, slots=True)
class RollbackTo:
    """The release whose slug is to run again."""

    release: Release


@dataclass(frozen=True, slots=True)
class AlreadyRolledBack:
    """The target runs what a rollback went to; whoever wants to go further says how far."""

    rollback: Release
    left: Release
    back_to: Release
    further: Release | None


@dataclass(frozen=True, slots=True)
class NothingBefore:
    """The target ran nothing else that can run again."""


Destination = RollbackTo | AlreadyRolledBack | NothingBefore


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of releases with the same artifact, oldest first."""

    releases: tuple[Release, ...]
    is_rollback: bool  # a rollback began it

    @property
    def artifact(self) -> str | None:
        """What ran."""
        return self.releases[0].artifact

    @property
    def usable(self) -> Release | None:
        """The newest release of it that can run again."""
        can_run = (r for r in reversed(self.releases) if r.status == SUCCEEDED and r.has_run)
        return next(can_run, None)


def destination(history: History, own: OwnReleases) -> Destination:
    """Choose the newest other artifact whose latest run was not ended by a rollback.

    A second rollback would otherwise bring back what the first one left.
    """
    runs = _runs(history, own)
    if runs and runs[-1].is_rollback:
        return _already(runs, history)
    found = _newest_kept(runs)
    return RollbackTo(found) if found is not None else NothingBefore()


class TooShort(Exception):
    """What is known of the target's releases does not tell where a rollback goes."""


def step_back(history: History, own: OwnReleases, *, since: int | None) -> Release | None:
    """Find where `destination` goes by itself, if anywhere, by what ran from a version on.

    Of what ran before it (None: nothing is missing), the history needs but the first run of each
    later artifact, and what is current. Raises TooShort.
    """
    current = history.current
    if since is not None and current is not None and current.version < since:
        raise TooShort
    runs = _runs(history, own, since)
    if runs and runs[-1].is_rollback:
        return None
    found = _newest_kept(runs)
    if found is None and runs and since is not None:
        raise TooShort
    return found


def _newest_kept(runs: list[Run]) -> Release | None:
    kept = (run.usable for run, after in _latest_runs(runs) if not after.is_rollback)
    return next((release for release in kept if release is not None), None)


def running(history: History) -> Release | None:
    """Tell what a person sees run: the newest that ran, for `current` may be late.

    Where an older one's phase ended later and that one runs, one step back from here is that
    very one: then nothing is released, and nobody goes a step too far.
    """
    current = history.current
    if current is None:
        return None
    later = history.change_after(current.version, current.artifact)
    ran = (r for r in reversed(history.releases) if r.has_run)
    return current if later is None else next(ran)


def running_artifact(history: History) -> str | None:
    """Return the artifact of what runs; None where nothing does."""
    release = running(history)
    return release.artifact if release is not None else None


def began(history: History) -> Release | None:
    """Return the release that brought what runs now; later ones only changed config vars."""
    first = running(history)
    for release in reversed(history.releases):
        if first is None or release.version >= first.version or not release.has_run:
            continue
        if release.artifact != first.artifact:
            break
        first = release
    return first


def taken_back(history: History, own: OwnReleases) -> frozenset[str]:
    """Return the artifacts that a rollback ever took from the app."""
    both = pairwise(_runs(history, own))
    return frozenset(run.artifact for run, after in both if after.is_rollback and run.artifact)


def _already(runs: list[Run], history: History) -> AlreadyRolledBack:
    now, before = runs[-1], runs[-2]
    earlier = (run.releases[-1] for run in reversed(runs[:-1]) if run.artifact == now.artifact)
    older = (run for run, _ in _latest_runs(runs) if _is_older(run.artifact, now.artifact, history))
    return AlreadyRolledBack(
        rollback=now.releases[0],
        left=before.releases[-1],
        back_to=next(earlier, now.releases[0]),
        further=next((run.usable for run in older if run.usable is not None), None),
    )


def _latest_runs(runs: list[Run]) -> Iterator[tuple[Run, Run]]:
    """Yield each other artifact's latest run and what ended it, newest first."""
    seen = {run.artifact for run in runs[-1:]}
    for run, after in reversed(list(pairwise(runs))):
        if run.artifact not in seen:
            yield run, after
        seen.add(run.artifact)


def _runs(history: History, own: OwnReleases, since: int | None = None) -> list[Run]:
    """Cut what ran until now into stretches of the same artifact (or of none), oldest first.

    With a version, what ran since; the first stretch may have begun before.
    """
    current = running(history)
    now = current.version if current is not None else 0
    later = (r for r in history.releases if since is None or r.version >= since)
    ran = [r for r in later if r.version <= now and r.status in RAN]
    found: list[Run] = []
    for _, releases in groupby(ran, key=lambda release: release.artifact):
        made = tuple(releases)
        is_rollback = bool(found) and went_back(made[0], found[-1].artifact, history, own)
        found.append(Run(made, is_rollback))
    return found


def went_back(release: Release, before: str | None, history: History, own: OwnReleases) -> bool:
    """Tell a rollback: ours by what we asked for, anybody else's by the target's own order.

    `before` is the artifact that ran until then.
    """
    kind = own.get(release.id) or own.get(nonce_of(release.description) or "")
    if kind is not None:
        return kind is PromotionKind.ROLLBACK
    return _is_older(release.artifact, before, history)


def _is_older(artifact: str | None, than: str | None, history: History) -> bool:
    """Compare by the target's own order, which its first runs make."""
    first, other = history.first_run(artifact), history.first_run(than)
    return first is not None and other is not None and first < other
