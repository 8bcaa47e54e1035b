"""Releases to test with: written as a release log reads, and any that hypothesis thinks of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from listener.core.release import History, Release

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANA = "ana@example.com"
RAN = ("succeeded", "expired")
DESCRIBED = ("", "Deploy 1a5f89db", "Set FOO config vars", "Retry of v3: Deploy")
WORDS = ("succeeded", "succeeded", "succeeded", "expired", "failed", "pending", "building")


def release(
    version: int, artifact: str | None, status: str = "succeeded", words: str = "", **more: Any
) -> Release:
    """A release of one app; its id tells its version."""
    values = {"author": ANA, "created_at": NOON, **more}
    return Release(f"r{version}", version, status, artifact, description=words, **values)


def log(*releases: Release) -> History:
    """The history of an app whose newest release that ran is the current one."""
    return History(with_current(releases))


def with_current(releases: tuple[Release, ...]) -> list[Release]:
    """The releases, the newest that ran among them marked as the current one."""
    newest = max((r.version for r in releases if r.status in RAN), default=None)
    return [replace(r, is_current=r.version == newest) for r in releases]


@st.composite
def release_logs(
    draw: st.DrawFn, artifacts: str = "ABCD", described: tuple[str, ...] = DESCRIBED
) -> list[Release]:
    """What an app may have been through: few artifacts, so that they come back often."""
    versions = draw(st.lists(st.integers(1, 60), unique=True, max_size=12))
    artifact = st.none() | st.sampled_from(artifacts)
    words = st.sampled_from(described)
    made = [
        release(version, draw(artifact), draw(st.sampled_from(WORDS)), draw(words))
        for version in sorted(versions)
    ]
    return with_current(tuple(made))
