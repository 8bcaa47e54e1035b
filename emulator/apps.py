"""Apps: how they are found, who may use them, and how they change."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from emulator import accounts, releases
from emulator.errors import Forbidden, InvalidParams, NotFound
from emulator.records import FIR, Account, App
from emulator.state import State, new_id

NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
BAD_NAME = (
    "Name must start with a letter, end with a letter or digit and can only contain "
    "lowercase letters, digits, and dashes."
)
DEFAULT_STACK = "heroku-24"
CNB = "cnb"  # the stack of every Fir app


def find_app(world: State, identity: str) -> App | None:
    """Return the app with this id or name, or None."""
    if identity in world.apps:
        return world.apps[identity]
    return next((app for app in world.apps.values() if app.name == identity), None)


def get_app(world: State, identity: str) -> App:
    """Return the app with this id or name. Raises NotFound."""
    app = find_app(world, identity)
    if app is None:
        raise NotFound("app")
    return app


def may_use(app: App, account: Account) -> bool:
    """Return whether the account is the owner or a collaborator of the app."""
    return account.id == app.owner_id or account.id in app.collaborator_ids


def check_use(app: App, account: Account) -> None:
    """Raise Forbidden unless the account may use the app."""
    if not may_use(app, account):
        raise Forbidden(f"You do not have access to the app {app.name}.")


def create(
    world: State,
    name: str,
    *,
    owner: Account,
    collaborators: Iterable[Account],
    stack: str | None = None,
    generation: str = "cedar",
    created_at: datetime | None = None,
) -> App:
    """Create an app with the two releases that every new app has. Raises InvalidParams."""
    check_name(world, name)
    now = created_at or world.now()
    app = App(
        id=new_id(),
        name=name,
        owner_id=owner.id,
        collaborator_ids=frozenset(account.id for account in collaborators) - {owner.id},
        build_stack=stack or default_stack(generation),
        generation=generation,
        created_at=now,
        updated_at=now,
    )
    world.apps[app.id] = app
    world.releases[app.id] = []
    world.with_code[app.id] = []
    for description in ("Initial release", "Enable Logplex"):
        birth = releases.Change(description, created_at=now, is_silent=True)
        releases.create(world, app, owner, birth)
    return world.apps[app.id]


def default_stack(generation: str) -> str:
    """Return the stack of a new app of this generation."""
    return CNB if generation == FIR else DEFAULT_STACK


def check_name(world: State, name: str) -> None:
    """Raise InvalidParams if the name is malformed or taken."""
    if not NAME.fullmatch(name):
        raise InvalidParams(BAD_NAME)
    if find_app(world, name) is not None:
        raise InvalidParams(f"Name {name} is already taken")


def update(world: State, app: App, **changes: Any) -> App:
    """Store the app with these fields changed, and return it."""
    changed = replace(app, updated_at=world.now(), **changes)
    world.apps[app.id] = changed
    return changed


def delete(world: State, app: App) -> None:
    """Delete the app, its releases, its webhooks and its pipeline coupling."""
    del world.apps[app.id]
    del world.releases[app.id]
    del world.with_code[app.id]
    for webhook in [each for each in world.webhooks.values() if each.app_id == app.id]:
        del world.webhooks[webhook.id]
        world.queues.pop(webhook.id, None)
    for coupling in [each for each in world.couplings.values() if each.app_id == app.id]:
        del world.couplings[coupling.id]


def people(world: State, app: App) -> list[Account]:
    """Return the owner, then the collaborators by address."""
    others = [world.accounts[each] for each in app.collaborator_ids]
    return [world.accounts[app.owner_id], *sorted(others, key=lambda account: account.email)]


def configure(world: State, app: App, changes: Mapping[str, Any]) -> tuple[App, str]:
    """Set these config vars, or remove those that are None.

    Returns the changed app and the description for its release; the description is empty if
    `changes` is. Raises InvalidParams.
    """
    if not all(value is None or isinstance(value, str) for value in changes.values()):
        raise InvalidParams("Config vars must be strings or null.")
    config = {key: value for key, value in app.config.items() if key not in changes}
    config |= {key: value for key, value in changes.items() if value is not None}
    words = [
        f"{verb} {', '.join(names)} config vars"
        for verb, names in (
            ("Set", [key for key, value in changes.items() if value is not None]),
            ("Remove", [key for key, value in changes.items() if value is None]),
        )
        if names
    ]
    return update(world, app, config=config), " and ".join(words)


def default_owner(world: State) -> Account:
    """Return the first account, or a new one; most tests do not care who owns an app."""
    first = next(iter(world.accounts.values()), None)
    return first or accounts.ensure_account(world, "owner@example.com")
