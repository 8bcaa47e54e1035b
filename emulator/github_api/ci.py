"""CI: a check of each new commit, which ends by itself or by the control API."""

from datetime import timedelta

from emulator.github.records import CI
from emulator.github_api import checks
from emulator.records import Repository
from emulator.state import State


def begin(world: State, repository: Repository, sha: str) -> None:
    """Begin the check of a commit, if the repository has CI."""
    ci = world.github.ci.get(repository.full_name)
    if ci is None:
        return
    _report(world, repository, ci, sha, "in_progress")
    if ci.seconds is not None:
        ends_at = world.now() + timedelta(seconds=ci.seconds)
        world.timetable.at(
            ends_at, lambda: _report(world, repository, ci, sha, "completed"), is_soon=False
        )


def _report(world: State, repository: Repository, ci: CI, sha: str, status: str) -> None:
    wanted = {
        "sha": sha,
        "name": ci.name,
        "suite": ci.app,
        "app": ci.app,
        "status": status,
        "conclusion": ci.conclusion if status == "completed" else None,
    }
    checks.set_run(world, repository, wanted)
