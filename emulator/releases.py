"""Releases: how they are created, run their release phase, and end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emulator import events, slugs
from emulator.annals import Behind
from emulator.errors import InvalidParams, NotFound
from emulator.records import Account, App, Release
from emulator.state import State, new_id


@dataclass(frozen=True, slots=True)
class Change:
    """What a new release changes; what is None stays as it is."""

    description: str
    slug_id: str | None = None
    config: Mapping[str, str] | None = None
    addon_plans: tuple[str, ...] | None = None
    created_at: datetime | None = None
    is_silent: bool = False  # no events and no release phase, for made-up history
    is_stuck: bool = False  # its release phase never ends


def create(world: State, app: App, user: Account, change: Change) -> Release:
    """Create the next release: current at once, or pending while its release phase runs."""
    release = _draft(world, app, user, change)
    world.releases[app.id].append(release)
    world.with_code[app.id].append(release.version)
    world.annals.add(world.now(), release)
    if release.status == "succeeded":
        release = _make_current(world, release)

    if not change.is_silent:
        slugs.sweep(world, app)
        events.announce(world, release, "create")
        _schedule(world, app, release)
    world.changed.notify_all()
    return release


def _draft(world: State, app: App, user: Account, change: Change) -> Release:
    created_at = change.created_at or world.now()
    current = world.find_current(app)
    slug_id = change.slug_id or (current.slug_id if current else None)
    has_phase = change.is_stuck or (
        app.phase is not None and slug_id is not None and not change.is_silent
    )
    return Release(
        id=new_id(),
        app_id=app.id,
        user_id=user.id,
        version=len(world.releases[app.id]) + 1,
        status="pending" if has_phase else "succeeded",
        is_current=False,
        description=change.description,
        created_at=created_at,
        updated_at=created_at,
        slug_id=slug_id,
        config=dict(app.config if change.config is None else change.config),
        addon_plans=app.addon_plans if change.addon_plans is None else change.addon_plans,
        stream_id=new_id() if has_phase else None,
    )


def _schedule(world: State, app: App, release: Release) -> None:
    next_at = world.now() + timedelta(seconds=world.pace.event_gap)
    if release.status == "succeeded":
        world.timetable.at(next_at, lambda: _announce_again(world, release))
        return
    world.timetable.at(next_at, lambda: _start_phase(world, release))
    if app.phase and app.phase.seconds is not None:
        ends_at = next_at + timedelta(seconds=app.phase.seconds)
        status = "failed" if app.phase.fails else "succeeded"
        world.timetable.at(ends_at, lambda: finish(world, release, status), is_soon=False)


def _announce_again(world: State, release: Release) -> None:
    # As captured: the second event repeats the data of the first, whatever happened since.
    if release.app_id in world.apps:
        events.announce(world, release, "update")


def _start_phase(world: State, release: Release) -> None:
    now = find_release(world, release.app_id, release.id)
    if now is not None and now.status == "pending":
        events.announce(world, _put(world, replace(now, has_output=True)), "update")


def write(world: State, release: Release, text: str) -> Release:
    """Append to the output of a release phase."""
    written = _put(world, replace(release, output=release.output + text))
    world.changed.notify_all()
    return written


def finish(world: State, release: Release, status: str) -> Release | None:
    """End a release phase; a release that is not pending stays as it is.

    Returns the release, or None if it is gone.
    """
    now = find_release(world, release.app_id, release.id)
    if now is None or now.status != "pending":
        return now
    ended = _put(world, replace(now, status=status, has_output=True, updated_at=world.now()))
    if status == "succeeded":
        ended = _make_current(world, ended)
    events.announce(world, ended, "update")
    world.changed.notify_all()
    return ended


def _make_current(world: State, release: Release) -> Release:
    """Make this release current, unless a newer one already is.

    Heroku does not document which of two releases with overlapping phases wins:
    `App.is_last_current` chooses.
    """
    app = world.apps[release.app_id]
    current = world.find_current(app)
    if current and current.version > release.version and not app.is_last_current:
        return release
    if current:
        _put(world, replace(current, is_current=False))
    world.apps[app.id] = replace(app, updated_at=release.updated_at)
    return _put(world, replace(release, is_current=True))


def _put(world: State, release: Release) -> Release:
    world.releases[release.app_id][release.version - 1] = release
    world.annals.add(world.now(), release)
    return release


def seen(world: State, app: App, behind: Behind | None) -> list[Release]:
    """Return the releases of an app as an answer shows them, which may be behind."""
    return world.annals.seen(app.id, world.releases[app.id], behind)


def find_release(world: State, app_id: str, identity: str) -> Release | None:
    """Return the release of an app with this id or version, or None."""
    return _named(world.releases.get(app_id, []), identity)


def _named(history: Sequence[Release], identity: str) -> Release | None:
    newest_first = reversed(history)  # mostly it is asked for one of the last
    return next((each for each in newest_first if identity in (each.id, str(each.version))), None)


def get_release(world: State, app: App, identity: str, behind: Behind | None = None) -> Release:
    """Return the release of an app with this id or version, in an answer that may be behind.

    Raises NotFound.
    """
    release = _named(seen(world, app, behind), identity)
    if release is None:
        raise NotFound("release")
    return release


def roll_back(world: State, app: App, user: Account, old: Release) -> Release:
    """Create a release with the code and the config vars of an older one. Raises InvalidParams."""
    if not slugs.is_eligible(world, old):
        raise InvalidParams(f"Cannot roll back to v{old.version}, it is not eligible for rollback.")
    world.apps[app.id] = replace(world.apps[app.id], config=dict(old.config))
    change = Change(f"Rollback to v{old.version}", old.slug_id, old.config)
    return create(world, world.apps[app.id], user, change)


def retry(world: State, app: App, user: Account, old: Release) -> Release:
    """Create a release with the same code, as `releases:retry` does."""
    description = f"Retry of v{old.version}: {old.description}"
    return create(world, app, user, Change(description, old.slug_id))
