"""What is said of commits: check runs and statuses, the latest of each name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.github.errors import Refused, invalid
from emulator.github.records import CheckRun, CheckSuite, CommitStatus
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
SUITE_CONCLUSIONS = (*CONCLUSIONS, "startup_failure")
STATES = ("error", "failure", "pending", "success")
LONGEST = 140  # characters of a description
MOST = 1000  # statuses of a commit and context


def latest_runs(world: State, repository: Repository, sha: str) -> list[CheckRun]:
    """Return the latest run of each name in each suite, newest first."""
    return list({run.place: run for run in runs_of(world, repository, sha)}.values())[::-1]


def runs_of(world: State, repository: Repository, sha: str) -> list[CheckRun]:
    """Return all runs of a commit, oldest first."""
    return [run for run in world.github.check_runs[repository.full_name] if run.sha == sha]


def suites_of(world: State, repository: Repository, sha: str) -> list[CheckSuite]:
    """Return the check suites of a commit, oldest first: those of its runs, and the declared ones.

    One whose runs are completed is completed, unless it was declared that more come.
    """
    runs: dict[str, list[CheckRun]] = {}
    for run in sorted(latest_runs(world, repository, sha), key=lambda run: run.started_at):
        runs.setdefault(run.suite, []).append(run)
    found = {name: _suite(each) for name, each in runs.items()}
    for declared in world.github.check_suites[repository.full_name]:
        if declared.sha == sha:
            found[declared.suite] = replace(declared, runs=len(runs.get(declared.suite, [])))
    return sorted(found.values(), key=lambda suite: suite.created_at)


def _suite(runs: list[CheckRun]) -> CheckSuite:
    first, states = runs[0], {run.status for run in runs}
    is_over = states == {"completed"}
    open_as = "queued" if states == {"queued"} else "in_progress"
    return CheckSuite(
        suite=first.suite,
        sha=first.sha,
        app=first.app,
        status="completed" if is_over else open_as,
        conclusion=_worst(runs) if is_over else None,
        created_at=first.started_at,
        runs=len(runs),
    )


def _worst(runs: list[CheckRun]) -> str | None:
    return next((each.conclusion for each in runs if each.conclusion != "success"), "success")


def declare_suite(world: State, repository: Repository, declared: CheckSuite) -> CheckSuite:
    """Say how a suite stands, whatever its runs say; it keeps the time when it was made."""
    before = suites_of(world, repository, declared.sha)
    known = next((each for each in before if each.suite == declared.suite), None)
    if known is not None:
        declared = replace(declared, created_at=known.created_at, runs=known.runs)
    suites, place = world.github.check_suites[repository.full_name], (declared.sha, declared.suite)
    suites[:] = [*(each for each in suites if (each.sha, each.suite) != place), declared]
    if declared.status == "completed":
        hooks.tell_suite(world, repository, declared)
    return declared


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
    suites = suites_of(world, repository, run.sha)
    suite = next(each for each in suites if each.suite == run.suite)
    if suite.status == "completed":
        hooks.tell_suite(world, repository, suite)


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
