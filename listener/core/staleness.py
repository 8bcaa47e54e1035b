"""Whether an answer about an app's releases is older than what is known: then it tells nothing.

Releases do not disappear. An answer that lacks one, or shows one as pending that has ended, is an
old one, whenever it arrives.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from listener.core.release import PENDING, History, Release

# Three snapshots over so long agree on a gap: that release is gone.
GONE_AFTER_READINGS = 3
GONE_AFTER = timedelta(minutes=10)
# A list that is behind for so long is no lag: a person must say that it is right as it is.
BROKEN_AFTER = timedelta(hours=24)


def behind(shown: History, known: History, *, released: int = 0) -> str | None:
    """Say how the answer is behind what is known, as the end of a sentence; None if it is not.

    `released` is the version of the newest release that we made there.
    """
    if shown.newest_version < max(known.newest_version, released):
        return _short(shown, known, released)
    for release in shown.releases:
        before = known.find(release.version)
        if before is not None and (why := _older(release, before)) is not None:
            return why
    if lacking := missing(shown, known):
        return f"does not show v{lacking[0]} any more"
    return _went_back(shown, known)


def _short(shown: History, known: History, released: int) -> str:
    if released > known.newest_version:
        return f"does not show yet what we released, v{released}"
    return f"shows nothing newer than v{shown.newest_version}, and showed v{known.newest_version}"


def _older(release: Release, before: Release) -> str | None:
    if release.id != before.id:
        return f"shows another release as v{release.version} than before"
    if release.status == PENDING and before.is_settled:
        return f"shows v{release.version} as {PENDING}, which was {before.status}"
    return None


def _went_back(shown: History, known: History) -> str | None:
    """Say that an older release runs now, unless its phase was still running when last seen."""
    now, before = shown.current, known.current
    if now is None or before is None or now.version >= before.version:
        return None
    was = known.find(now.version)
    if was is None or not was.is_settled:
        return None
    return f"shows v{now.version} as current, and v{before.version} was"


def missing(shown: History, known: History) -> list[int]:
    """Return the known versions above the answer's oldest one that the answer lacks."""
    if not shown.releases:
        return []
    versions = {release.version for release in shown.releases}
    oldest = min(versions)
    return [r.version for r in known.releases if r.version > oldest and r.version not in versions]


def mend(name: str) -> str:
    """Say how to accept an app's list as it is, if it never comes back to what it was."""
    return (
        "If the app was restored at Heroku: turn the rules from it off and arm them again"
        f" (`autopromote rules:update`), or put a hold on it and release that"
        f" (`autopromote holds:release -a {name}`)."
    )


def is_gone(since: datetime, times: int, now: datetime) -> bool:
    """Return whether enough snapshots agree, over long enough, that a release is gone."""
    return times >= GONE_AFTER_READINGS and now - since >= GONE_AFTER
