"""Events: builds them in the form of real deliveries, and queues them for the subscribers."""

from dataclasses import replace
from datetime import timedelta

from emulator import deliveries, slugs
from emulator.records import Event, Json, Release
from emulator.shapes import person, stream_url
from emulator.state import State, new_id
from emulator.times import fine_stamp, stamp

INCLUDE = "api:release"
VERSION = "application/vnd.heroku+json; version=3"


def announce(world: State, release: Release, action: str) -> None:
    """Queue an event about the release for every webhook that subscribed to the app's releases."""
    subscribed = [
        webhook
        for webhook in world.webhooks.values()
        if webhook.app_id == release.app_id and INCLUDE in webhook.include
    ]
    if not subscribed:
        return
    event = _remember(world, release, action)
    for webhook in subscribed:
        deliveries.queue(world, webhook, event)
        for _ in range(webhook.manners.duplicates):
            deliveries.queue(world, webhook, _again(world, event))


def _remember(world: State, release: Release, action: str) -> Event:
    event = Event(new_id(), release.app_id, INCLUDE, _payload(world, release, action), world.now())
    world.events[event.id] = event
    return event


def _again(world: State, event: Event) -> Event:
    twin = replace(event, id=new_id())
    world.events[twin.id] = twin
    return twin


def _payload(world: State, release: Release, action: str) -> Json:
    now = world.now()
    return {
        "data": _data(world, release),
        "actor": person(world, release.user_id),
        "action": action,
        "version": VERSION,
        "resource": "release",
        "sequence": None,
        "created_at": fine_stamp(now),
        "updated_at": fine_stamp(now + timedelta(microseconds=4)),
        "published_at": stamp(now),
        "previous_data": {},
    }


def _data(world: State, release: Release) -> Json:
    app = world.apps[release.app_id]
    slug = world.slugs.get(release.slug_id or "")
    is_slug = slug is not None and slug.type == "slug"
    return {
        "id": release.id,
        "app": {"id": app.id, "name": app.name, "process_tier": "basic"},
        "slug": {
            "id": slug.id,
            "commit": slug.commit,
            "commit_description": slug.commit_description,
        }
        if slug is not None and is_slug
        else None,
        "user": person(world, release.user_id),
        "stack": slug.stack if slug else app.build_stack,
        "status": release.status,
        "current": release.is_current,
        "pstable": {},
        "version": release.version,
        "artifacts": [{"id": slug.id, "type": slug.type}] if slug else [],
        "created_at": stamp(release.created_at),
        "updated_at": stamp(release.updated_at),
        "description": release.description,
        "addon_plan_names": list(release.addon_plans),
        "output_stream_url": stream_url(world, release),
        "eligible_for_rollback": slugs.is_eligible(world, release),
    }
