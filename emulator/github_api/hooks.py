"""GitHub's webhooks: the events of a repository, queued for the same couriers as Heroku's."""

from emulator import deliveries
from emulator.github.records import CheckRun, CheckSuite, CommitStatus
from emulator.github_api.shapes import (
    check_shape,
    commit_shape,
    repository_shape,
    status_shape,
    suite_shape,
    user_shape,
)
from emulator.records import Event, Json, Repository, Webhook
from emulator.state import State, new_id
from emulator.times import offset_stamp

EVENTS = ("check_run", "check_suite", "status")


def set_hook(
    world: State, repository: Repository, url: str, secret: str, events: tuple[str, ...] = EVENTS
) -> Webhook:
    """Set the repository's one webhook, and send it a ping."""
    remove(world, repository)
    now = world.now()
    hook = Webhook(
        id=str(next(world.github.ids)),
        app_id="",
        url=url,
        level="notify",  # GitHub does not try again by itself
        include=(*events, "ping"),
        secret=secret,
        authorization=None,
        created_at=now,
        updated_at=now,
        repository=repository.full_name,
    )
    world.webhooks[hook.id] = hook
    told = {"zen": "Design for failure.", "hook_id": int(hook.id)}
    _tell(world, repository, "ping", told)
    return hook


def remove(world: State, repository: Repository) -> None:
    """Remove the repository's webhook."""
    for hook in list(world.webhooks.values()):
        if hook.repository == repository.full_name:
            del world.webhooks[hook.id]
            world.queues.pop(hook.id, None)


def tell_run(world: State, repository: Repository, run: CheckRun, action: str) -> None:
    """Tell that a check run was created or completed."""
    told = {"action": action, "check_run": check_shape(world, repository, run)}
    _tell(world, repository, "check_run", told)


def tell_suite(world: State, repository: Repository, suite: CheckSuite) -> None:
    """Tell that a suite is completed."""
    shape = suite_shape(world, repository, suite)
    _tell(world, repository, "check_suite", {"action": "completed", "check_suite": shape})


def tell_status(world: State, repository: Repository, status: CommitStatus) -> None:
    """Tell that a commit got a status."""
    shape = status_shape(world, repository, status)
    at = offset_stamp(status.created_at)
    commit = commit_shape(world, repository, repository.commits[status.sha])
    told = {
        **{name: shape[name] for name in ("id", "state", "context", "description", "target_url")},
        "sha": status.sha,
        "name": repository.full_name,
        "commit": commit,
        "branches": [],
        "created_at": at,
        "updated_at": at,
    }
    _tell(world, repository, "status", told)


def _tell(world: State, repository: Repository, name: str, told: Json) -> None:
    hooks = [
        hook
        for hook in world.webhooks.values()
        if hook.repository == repository.full_name and name in hook.include
    ]
    if not hooks:
        return
    owner = repository.full_name.partition("/")[0]
    payload = {
        **told,
        "repository": repository_shape(world, repository),
        "sender": user_shape(world, owner),
    }
    for hook in hooks:
        for _ in range(1 + hook.manners.duplicates):
            event = Event(new_id(), "", name, payload, world.now())
            world.events[event.id] = event
            deliveries.queue(world, hook, event)
