"""Lets time pass: all that happened has happened earlier."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from emulator.state import State

# When something was; when something will be, as a token's end, stays.
PAST = frozenset(
    {"at", "created_at", "updated_at", "closed_at", "merged_at", "started_at", "completed_at"}
)

Record = TypeVar("Record")


def age(world: State, by: timedelta) -> None:
    """Move apps, code, releases, commits and what GitHub shows into the past by so much.

    Webhooks, deliveries and tokens stay where they are, for they are at work.
    """
    github = world.github
    by_id: tuple[dict[str, Any], ...] = (
        world.apps,
        world.slugs,
        world.pipelines,
        world.couplings,
        world.promotions,
        *(repository.commits for repository in world.repositories.values()),
    )
    for records in by_id:
        records.update({key: earlier(each, by) for key, each in records.items()})
    lists: tuple[list[Any], ...] = (
        *world.releases.values(),
        *github.pulls.values(),
        *github.check_runs.values(),
        *github.check_suites.values(),
        *github.statuses.values(),
    )
    for found in lists:
        _replace(found, (earlier(each, by) for each in found))
    for deployments in github.deployments.values():
        with_statuses = (
            replace(each, statuses=tuple(earlier(status, by) for status in each.statuses))
            for each in deployments
        )
        _replace(deployments, (earlier(each, by) for each in with_statuses))


def earlier(record: Record, by: timedelta) -> Record:
    """Return the record with all that it tells of the past so much earlier."""
    found: Any = record
    times = {item.name: getattr(found, item.name) for item in fields(found) if item.name in PAST}
    moved = {name: at - by for name, at in times.items() if isinstance(at, datetime)}
    aged: Record = replace(found, **moved)
    return aged


def _replace(records: list[Any], by: Iterable[Any]) -> None:
    records[:] = list(by)
