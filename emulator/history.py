"""A long history of releases for an app, created at once."""

from dataclasses import replace
from datetime import timedelta

from emulator import releases, slugs
from emulator.records import App
from emulator.state import State

GAP = timedelta(hours=1)


def tell(
    world: State,
    app: App,
    *,
    count: int,
    deploy_every: int = 1,
    pending: frozenset[int] = frozenset(),
) -> int:
    """Create `count` releases an hour apart, the last one now; return `count`.

    Of each `deploy_every` releases the first is a deploy.

    The versions in `pending` stay pending for ever, as seen at Heroku (heroku/heroku-apps#192).
    """
    user, start = world.accounts[app.owner_id], world.now() - GAP * (count - 1)
    for number in range(count):
        created_at = start + GAP * number
        if number % max(deploy_every, 1):
            change = releases.Change("Set SEASON config vars")
        else:
            slug = slugs.build(world, app)
            change = releases.Change(f"Deploy {slug.commit[:8]}", slug.id)
        is_stuck = len(world.releases[app.id]) + 1 in pending
        past = replace(change, created_at=created_at, is_silent=True, is_stuck=is_stuck)
        releases.create(world, world.apps[app.id], user, past)
    slugs.sweep(world, app)
    return count
