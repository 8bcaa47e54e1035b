"""Find new deploys of a source in its stored releases, and make their candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from listener.core.promotion import Status
from listener.core.release import History, Release
from listener.core.rule import OnNewer
from listener.db import promotions, related_promotions, sync
from listener.db.apps import AppRow
from listener.db.queue import Claim
from listener.db.rules import RuleRow
from listener.inventory.context import Clock


@dataclass(frozen=True, slots=True)
class Finder:
    """Whoever looks at a source: it goes on at once with the first promotion that it makes."""

    source: AppRow
    owner: str
    clock: Clock


def candidates(
    conn: Connection, finder: Finder, live: Sequence[RuleRow], history: History, fresh: set[int]
) -> Claim | None:
    """Make the candidates of deploys among the `fresh` versions, that nobody decided on before.

    The caller holds the locks of the source and of the rules' targets. Return the claim of the
    first one that waits: the same worker goes on with it, the others are for any worker.
    """
    deploys = [r for r in history.releases if r.version in fresh and history.is_deploy(r)]
    told = {r.id: _facts(conn, finder.source, r) for r in deploys if _is_wanted(r, live)}
    held: Claim | None = None
    for rule in live:
        for target in rule.targets:
            above = [r for r in deploys if r.version > target.baseline]
            newest = _newest_taking_place(conn, rule, target.app_id, above)
            for release in above:
                values = {
                    "rule_id": rule.id,
                    "rule_revision": rule.revision,
                    "target_id": target.app_id,
                    **told[release.id],
                }
                if newest is not None and newest > release.version:
                    name = finder.source.name
                    reason = f"{name} v{newest} is newer and was found first."
                    promotions.add(conn, status=Status.SUPERSEDED, reason=reason, **values)
                    continue
                reason = f"Found {finder.source.name} v{release.version}."
                if held is None:
                    held = promotions.add_held(
                        conn, finder.owner, finder.clock.now(), reason=reason, **values
                    )
                else:
                    promotions.add(conn, status=Status.WAITING, reason=reason, **values)
    return held


def _is_wanted(release: Release, live: Sequence[RuleRow]) -> bool:
    return any(release.version > target.baseline for rule in live for target in rule.targets)


def _facts(conn: Connection, source: AppRow, release: Release) -> dict[str, Any]:
    found = sync.told_of(conn, source.id, release)
    return {
        "found_by": "webhook" if found.was_told else "reconcile",
        "source_id": source.id,
        "release_id": release.id,
        "version": release.version,
        "artifact": release.artifact,
        "artifact_type": release.artifact_type,
        "commit": found.commit,
        "soaks_from": release.updated_at or release.created_at,
        "author": related_promotions.author(conn, source.id, release),
    }


def _newest_taking_place(
    conn: Connection, rule: RuleRow, target_id: str, found: Sequence[Release]
) -> int | None:
    """Return the version of the newest evaluated candidate that supersedes older ones, if any.

    One that was rejected or skipped does not count.
    """
    if rule.on_newer != OnNewer.SUPERSEDE or not found:
        return None
    return related_promotions.newest_taking_place(conn, rule.id, target_id)
