"""Who moved the target: whether what runs there is explained, or a person must be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from listener.core.release import FAILED, History, Release

NONCE = re.compile(r"\(autopromote ([0-9a-f]{8,32})\)")
# `heroku releases:retry` quotes what it repeats: such a nonce is a person's doing, not ours.
QUOTING = "Retry of "


def nonce_of(description: str) -> str | None:
    """Return the nonce that a release of ours, or of another installation, carries."""
    found = NONCE.search(description) if not description.startswith(QUOTING) else None
    return found.group(1) if found else None


@dataclass(frozen=True, slots=True)
class UnmarkedRequest:
    """A request of ours whose release bears no nonce: a pipeline promotion, a rollback on Fir."""

    artifact: str
    base_version: int  # the target's highest when we asked
    account_id: str

    def may_have_made(self, release: Release) -> bool:
        """Return whether the request made the release, as far as anybody can tell.

        If a person releases the same artifact under our account, it looks just the same. To take
        that for ours is safe: the target runs what was asked for, so nothing is sent a second
        time. A release that bears a nonce was made by another request.
        """
        return (
            release.version > self.base_version
            and release.artifact == self.artifact
            and release.author_id == self.account_id
            and nonce_of(release.description) is None
        )


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What a target runs with our knowledge: the release version and its artifact."""

    version: int
    artifact: str | None


@dataclass(frozen=True, slots=True)
class NoDrift:
    """The target runs what we know; the version may have moved by config or add-on."""

    known: LastKnown


@dataclass(frozen=True, slots=True)
class OwnRelease:
    """The target runs a release of ours that we had not recorded yet."""

    known: LastKnown
    release: Release


@dataclass(frozen=True, slots=True)
class ManualForward:
    """Somebody promoted a newer deploy of the source by hand: welcome, nothing to hold."""

    known: LastKnown
    release: Release


@dataclass(frozen=True, slots=True)
class Drift:
    """Somebody moved the target otherwise: automation stops until a person lets it go on."""

    change: Release  # the earliest unexplained one; of another installation, its own
    current: Release
    foreign_nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The snapshot does not tell what runs: nothing may be posted on it, and nobody is named.

    `message` says what is seen, for people; `mover` is the release that should run and does not.
    """

    message: str = "Heroku shows no release that runs."
    mover: Release | None = None
    current: Release | None = None


Standing = NoDrift | OwnRelease | ManualForward | Drift | Unknown


def detect_drift(
    known: LastKnown | None,
    target: History,
    source: History,
    *,
    issued: AbstractSet[str],
    unsettled: AbstractSet[int] = frozenset(),
    is_confirmed: bool = False,
) -> Standing:
    """Compare what the target runs with what we know. `issued` are release ids and nonces of ours.

    `unsettled` are the versions that had not ended when `known` was set: they may run since, for
    with Heroku the release phase that ends last may decide. Pending and failed releases change
    nothing. `is_confirmed` says that snapshots minutes apart showed the same.
    """
    current = target.current
    if current is None or (known is not None and target.newest_version < known.version):
        return Unknown()
    if known is None:
        return NoDrift(LastKnown(current.version, current.artifact))
    news = _News(known, target, issued, unsettled)
    if (stranger := news.stranger) is not None:
        return Drift(stranger, current, foreign_nonce=nonce_of(stranger.description))
    if (explained := news.explain(current, is_confirmed=is_confirmed)) is not None:
        return explained
    if not news.runs_last_mover(current) or news.may_only_carry_on:
        return news.unclear(current)
    return _moved(news, current, target, source)


def _moved(
    news: _News, current: Release, target: History, source: History
) -> ManualForward | Drift:
    if not news.brings_back and _is_forward(news.base, current, target, source):
        return ManualForward(
            LastKnown(max(current.version, news.known.version), current.artifact), current
        )
    # Also where the target is back at what we know: a look in between would have shown the move,
    # and a hold must not depend on when we look.
    return Drift(news.movers[0], current)


class _News:
    """What ran on a target since `known` was set: releases of ours, and who moved it beside."""

    def __init__(
        self,
        known: LastKnown,
        target: History,
        issued: AbstractSet[str],
        unsettled: AbstractSet[int],
    ) -> None:
        self.known = known
        self._news = [
            release
            for release in target.releases
            if release.has_run and (release.version > known.version or release.version in unsettled)
        ]
        self._issued = issued
        # A release of ours that nobody recorded yet is explained. Compare what came after it with
        # that one: else a person who undid it would seem to have changed nothing.
        ours = [release for release in self._news if is_ours(release, issued)]
        self.ours = ours[-1] if ours else None
        self.base = known if self.ours is None else LastKnown(self.ours.version, self.ours.artifact)
        self.movers = tuple(self._movers())

    @property
    def stranger(self) -> Release | None:
        """The earliest release since ours that another installation made, even of equal code."""
        return next((r for r in self._foreign() if nonce_of(r.description)), None)

    def _foreign(self) -> list[Release]:
        """Return others' releases that count: above `base`, or up to `known` if they ended late."""
        known, base = self.known.version, self.base.version
        return [
            release
            for release in self._news
            if not is_ours(release, self._issued)
            and (release.version > base or release.version <= known)
        ]

    def _movers(self) -> Iterator[Release]:
        """Yield the releases of others that changed the code, in the order of versions."""
        running = self.base.artifact
        for release in self._foreign():
            if release.version <= self.known.version:  # it ended late: what ran is what we knew
                if release.artifact not in (self.known.artifact, self.base.artifact):
                    yield release
            elif release.artifact != running:
                yield release
                running = release.artifact

    def runs_last_mover(self, current: Release) -> bool:
        """Return whether the last of those who moved the target explains what runs."""
        if not self.movers:
            return False
        last = self.movers[-1]
        return current.version >= last.version and current.artifact == last.artifact

    @property
    def brings_back(self) -> bool:
        """Whether the last mover only brings back what an earlier one of them ran and another left.

        That undoes a rollback, as it does where what they left is from before `base`.
        """
        return self.movers[-1].artifact in {release.artifact for release in self.movers[:-1]}

    def explain(self, current: Release, *, is_confirmed: bool) -> NoDrift | OwnRelease | None:
        """Return what explains `current` if nobody but us moved the target, else None.

        Config and add-ons may have raised the version.
        """
        newest = current.version
        if is_confirmed and self._has_only_carried(current):
            newest = self._news[-1].version
        elif self.movers or current.artifact != self.base.artifact:
            return None
        version = max(newest, self.known.version, self.base.version)
        known = LastKnown(version, self.base.artifact)
        return NoDrift(known) if self.ours is None else OwnRelease(known, self.ours)

    def _has_only_carried(self, current: Release) -> bool:
        """Return whether ours runs, and the others only carried on the code of before.

        Config does that. Then the phase of ours ended after theirs; if `current` were only late,
        Heroku would show the right one by now.
        """
        is_ours = self.ours is not None and current.artifact == self.ours.artifact
        return is_ours and self._carry_on

    @property
    def may_only_carry_on(self) -> bool:
        """Whether perhaps nobody went back: config set while the phase of ours ran does the same.

        It carries on the code of before. Heroku's list does not tell that from a rollback by a
        person; only the description does.
        """
        return self.ours is not None and self._carry_on

    @property
    def _carry_on(self) -> bool:
        return all(_is_plain(release, {self.known.artifact}) for release in self.movers)

    def unclear(self, current: Release) -> Unknown:
        """Say what is seen: of the release that should run, or of what runs unexplained."""
        expected = self.movers[-1] if self.movers else self.ours
        if expected is not None and expected.artifact == current.artifact:
            expected = self.ours
        if expected is None:
            message = f"v{current.version} is shown as what runs, and no release explains it."
            return Unknown(message, None, current)
        message = f"v{expected.version} succeeded, but v{current.version} is shown as what runs."
        return Unknown(message, expected, current)


def carried_on(
    history: History, version: int, artifacts: AbstractSet[str | None]
) -> frozenset[int]:
    """Return the versions right above this one that only carry on one of these artifacts.

    Config and add-on changes beside a release of ours do, whenever their own phases end. Failed
    releases among them are included.
    """
    carried: list[int] = []
    for release in history.releases:
        if release.version > version:
            if release.status != FAILED and not _is_plain(release, artifacts):
                break
            carried.append(release.version)
    return frozenset(carried)


def _is_plain(release: Release, artifacts: AbstractSet[str | None]) -> bool:
    """Return whether it brings none but these artifacts, and names neither rollback nor nonce."""
    is_marked = is_rollback_by_words(release) or nonce_of(release.description) is not None
    return release.artifact in artifacts and not is_marked


def is_rollback_by_words(release: Release) -> bool:
    """Return whether the description says rollback; use it only to be more careful, never less."""
    return release.description.casefold().startswith(("rollback", "roll back"))


def is_ours(release: Release, issued: AbstractSet[str]) -> bool:
    """Return whether the release carries a nonce that we issued, or was recorded as our own."""
    return release.id in issued or nonce_of(release.description) in issued


def _is_forward(known: LastKnown, current: Release, target: History, source: History) -> bool:
    """Return whether the new artifact is a deploy of the source, newer than what the target ran.

    What the target ran before and left does not count: whoever brings it back undoes a rollback.
    """
    arrived = source.first_run(current.artifact)
    if arrived is None or (target.first_run(current.artifact) or known.version) < known.version:
        return False
    reference = source.first_run(known.artifact)
    if reference is None:
        # The target ran something that never was on the source: then it must be newer than
        # everything of the source that it ever ran.
        reference = target.reached(source, by=known.version)
    return arrived > reference
