"""What is said of commits: check runs and statuses, the latest of each name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.github.errors import Refused, invalid
from emulator.github.records import CheckRun, CommitStatus
from emulator.github_api import hooks
from emulator.records import Repository
from emulator.state import State

RUN_STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "stale",
    "timed_out",
)
STATES = ("error", "failure", "pending", "success")
LONGEST = 140  # characters of a description
MOST = 1000  # statuses of a commit and context


def latest_runs(world: State, repository: Repository, sha: str) -> list[CheckRun]:
    """Return the latest run of each name in each suite, newest first."""
    return list({run.place: run for run in runs_of(world, repository, sha)}.values())[::-1]


def runs_of(world: State, repository: Repository, sha: str) -> list[CheckRun]:
    """Return all runs of a commit, oldest first."""
    return [run for run in world.github.check_runs[repository.full_name] if run.sha == sha]


def latest_statuses(world: State, repository: Repository, sha: str) -> list[CommitStatus]:
    """Return the latest status of each context, newest first."""
    every = (each for each in world.github.statuses[repository.full_name] if each.sha == sha)
    return list({each.context: each for each in every}.values())[::-1]


def set_run(world: State, repository: Repository, wanted: Mapping[str, Any]) -> CheckRun:
    """Report on a check: change the run that goes on, or begin one where it has ended; tell it."""
    runs, now = world.github.check_runs[repository.full_name], world.now()
    is_over = wanted["status"] == "completed"
    fields = {**wanted, "completed_at": now if is_over else None}
    place = (wanted["sha"], wanted["suite"], wanted["name"])
    known = next((run for run in reversed(runs) if run.place == place), None)
    if known is None or known.status == "completed":
        run = CheckRun(id=next(world.github.ids), started_at=now, **fields)
        hooks.tell_run(world, repository, run, "created")
    else:
        run = replace(known, **fields)
        runs.remove(known)
    runs.append(run)
    if is_over:
        hooks.tell_run(world, repository, run, "completed")
        _tell_suite(world, repository, run)
    return run


def _tell_suite(world: State, repository: Repository, run: CheckRun) -> None:
    """Tell that a suite is complete when the last of its runs is."""
    suite = [each for each in latest_runs(world, repository, run.sha) if each.suite == run.suite]
    if all(each.status == "completed" for each in suite):
        hooks.tell_suite(world, repository, run, suite)


def add_status(
    world: State, repository: Repository, sha: str, wanted: Mapping[str, Any], creator: str
) -> CommitStatus:
    """Add a status to a commit, and tell it. Raises Refused."""
    status = CommitStatus(
        id=next(world.github.ids), sha=sha, creator=creator, created_at=world.now(), **wanted
    )
    if status.state not in STATES:
        raise invalid("Status", "state", "state is not included in the list")
    if len(status.description or "") > LONGEST:
        words = f"description is too long (maximum is {LONGEST} characters)"
        raise invalid("Status", "description", words)
    statuses = world.github.statuses[repository.full_name]
    if sum(each.sha == sha and each.context == status.context for each in statuses) >= MOST:
        words = "This SHA and context has reached the maximum number of statuses."
        raise Refused(422, f"Validation Failed: {words}")
    statuses.append(status)
    hooks.tell_status(world, repository, status)
    return status


def combined(statuses: list[CommitStatus]) -> str:
    """Return the state of all contexts together."""
    states = {status.state for status in statuses}
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"
