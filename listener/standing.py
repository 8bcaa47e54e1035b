"""Who moved the target: whether what runs there is explained, or a person must be asked."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from listener.history import History, Release

NONCE = re.compile(r"\(autopromote ([0-9a-f]{8,32})\)")
# `heroku releases:retry` quotes what it repeats: such a nonce is a person's doing, not ours.
QUOTING = "Retry of "


def nonce_of(description: str) -> str | None:
    """The nonce that a release of ours, or of another installation, carries."""
    found = NONCE.search(description) if not description.startswith(QUOTING) else None
    return found.group(1) if found else None


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A request of ours whose release bears no nonce: a pipeline promotion, a rollback on Fir."""

    artifact: str
    base_version: int  # the target's highest when we asked
    account_id: str

    def may_have_made(self, release: Release) -> bool:
        """The release is what came of the request, as far as anybody can tell.

        A person who has the same artifact released under our account looks just the same. Taking
        that for ours is the safe reading: the target runs what was asked for, so nothing is sent
        a second time. Whoever bears a nonce was made by another request.
        """
        return (
            release.version > self.base_version
            and release.artifact == self.artifact
            and release.author_id == self.account_id
            and nonce_of(release.description) is None
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What a target runs with our knowledge: the release version and its artifact."""

    version: int
    artifact: str | None


@dataclass(frozen=True, slots=True)
class Same:
    """The target runs what we know; the version may have moved by config or add-on."""

    known: Known


@dataclass(frozen=True, slots=True)
class Ours:
    """The target runs a release of ours that we had not recorded yet."""

    known: Known
    release: Release


@dataclass(frozen=True, slots=True)
class Forward:
    """Somebody promoted a newer deploy of the source by hand: welcome, nothing to hold."""

    known: Known
    release: Release


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody moved the target otherwise: automation stands still until a person says so."""

    change: Release  # the earliest unexplained one; of another installation, its own
    current: Release
    foreign_nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """The reading is older than what we know, or shows no current release: it says nothing."""


Standing = Same | Ours | Forward | Moved | Unclear


def stand(
    known: Known | None, target: History, source: History, *, issued: AbstractSet[str]
) -> Standing:
    """Compare what the target runs with what we know. `issued` are release ids and nonces of ours.

    Pending and failed releases change nothing, since they never became current.
    """
    current = target.current
    if current is None or (known is not None and target.newest_version < known.version):
        return Unclear()
    if known is None:
        return Same(Known(current.version, current.artifact))
    # A release of ours that nobody recorded yet is explained: what came after it is compared
    # with that one, or a person who undid it would seem to have changed nothing.
    ours = _latest_of_ours(known, target, issued)
    base = known if ours is None else Known(ours.version, ours.artifact)
    if (stranger := _stranger(base, target)) is not None:
        return Moved(stranger, current, foreign_nonce=nonce_of(stranger.description))
    here = Known(max(current.version, base.version), current.artifact)
    away = target.change_after(base.version, base.artifact)
    if current.artifact == base.artifact and (away is None or away.version > current.version):
        return Same(here) if ours is None else Ours(here, ours)
    if _is_forward(base, current, target, source):
        return Forward(here, current)
    # Also where the target is back at what we know: whoever looked in between would have seen
    # somebody move it, and what is held must not hang on when we happen to look.
    return Moved(away or current, current)


def _latest_of_ours(known: Known, target: History, issued: AbstractSet[str]) -> Release | None:
    later = (r for r in reversed(target.releases) if r.version > known.version and r.has_run)
    return next((release for release in later if is_ours(release, issued)), None)


def _stranger(base: Known, target: History) -> Release | None:
    """The earliest release since ours that another installation made, even of the same artifact."""
    later = (r for r in target.releases if r.version > base.version and r.has_run)
    return next((release for release in later if nonce_of(release.description)), None)


def is_ours(release: Release, issued: AbstractSet[str]) -> bool:
    """The release carries a nonce that we issued, or was recorded as our own."""
    return release.id in issued or nonce_of(release.description) in issued


def _is_forward(known: Known, current: Release, target: History, source: History) -> bool:
    """The new artifact is a deploy of the source, newer than the one the target ran."""
    arrived = source.first_run(current.artifact)
    if arrived is None:
        return False
    reference = source.first_run(known.artifact)
    if reference is None:
        # The target ran something that never was on the source: then it must be newer than
        # everything of the source that it ever ran.
        reference = target.reached(source, by=known.version)
    return arrived > reference
