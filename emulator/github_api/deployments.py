"""Deployments of refs to environments, and their statuses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator import histories
from emulator.github.errors import REST, Refused
from emulator.github.records import Deployment, DeploymentStatus
from emulator.github_api import checks
from emulator.records import Commit, Repository
from emulator.state import State

CREATE = f"{REST}/deployments/deployments#create-a-deployment"
STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")


def check_contexts(
    world: State, repository: Repository, commit: Commit, ref: str, wanted: list[str] | None
) -> None:
    """Require the checks of these names, or all there are, to be a success. Raises Refused.

    That a context which was never reported is told as pending is a guess.
    """
    states = {
        run.name: (run.conclusion or "pending")
        for run in checks.latest_runs(world, repository, commit.sha)
    }
    for status in checks.latest_statuses(world, repository, commit.sha):
        states[status.context] = status.state
    asked = list(states) if wanted is None else wanted
    if all(states.get(name) == "success" for name in asked):
        return
    contexts = [{"context": name, "state": states.get(name, "pending")} for name in asked]
    error = {
        "contexts": contexts,
        "resource": "Deployment",
        "field": "required_contexts",
        "code": "invalid",
    }
    raise Refused(
        409,
        f"Conflict: Commit status checks failed for {ref}.",
        documentation=CREATE,
        more={"errors": [error]},
    )


def is_behind(repository: Repository, commit: Commit) -> bool:
    """Return whether the commit lacks something of the default branch."""
    tip = repository.branches.get(repository.default_branch)
    return tip is not None and tip not in histories.reachable(repository, commit)


def create(world: State, repository: Repository, wanted: Mapping[str, Any]) -> Deployment:
    """Store a new deployment."""
    now = world.now()
    made = Deployment(id=next(world.github.ids), created_at=now, updated_at=now, **wanted)
    world.github.deployments[repository.full_name].append(made)
    return made


def find(world: State, repository: Repository, deployment_id: int) -> Deployment | None:
    """Return the deployment with this id, or None."""
    known = world.github.deployments[repository.full_name]
    return next((each for each in known if each.id == deployment_id), None)


def add_status(
    world: State,
    repository: Repository,
    deployment: Deployment,
    wanted: Mapping[str, Any],
    *,
    ends_others: bool,
) -> DeploymentStatus:
    """Add a status.

    A success makes earlier successful deployments to the environment inactive, unless it is a
    production or a transient environment, or the caller does not want it.
    """
    status = _add(world, repository, deployment, wanted)
    if status.state == "success" and ends_others:
        for other in list(world.github.deployments[repository.full_name]):
            if _is_replaced(other, deployment, status.environment):
                _add(world, repository, other, {**wanted, "state": "inactive"})
    return status


def _is_replaced(other: Deployment, deployment: Deployment, environment: str) -> bool:
    return (
        other.id < deployment.id
        and other.environment == environment
        and other.state == "success"
        and not (other.is_production or other.is_transient)
    )


def _add(
    world: State, repository: Repository, deployment: Deployment, wanted: Mapping[str, Any]
) -> DeploymentStatus:
    status = DeploymentStatus(id=next(world.github.ids), created_at=world.now(), **wanted)
    known = world.github.deployments[repository.full_name]
    place = next(index for index, each in enumerate(known) if each.id == deployment.id)
    known[place] = replace(
        known[place],
        statuses=(*known[place].statuses, status),
        environment=status.environment,
        updated_at=world.now(),
    )
    return status
