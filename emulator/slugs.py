"""Slugs and OCI images: created by a build, deleted when no release protects them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from emulator.errors import NotFound
from emulator.records import FIR, App, Release, Slug
from emulator.state import State, new_id

KEPT_FOR = timedelta(days=30)
KEPT_RELEASES = 20
DETECTED = ("heroku/python",)  # what a build detects when nobody chose buildpacks


def build(
    world: State,
    app: App,
    *,
    commit: str | None = None,
    commit_description: str = "",
    slug_id: str | None = None,
    process_types: Iterable[str] = ("web",),
    buildpacks: Iterable[str] | None = None,
) -> Slug:
    """Create new code for an app: a slug, or an image on Fir."""
    identity = slug_id or new_id()
    slug = Slug(
        id=identity,
        app_id=app.id,
        commit=commit or hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest(),
        commit_description=commit_description,
        stack=app.build_stack,
        created_at=world.now(),
        type="oci-image" if app.generation == FIR else "slug",
        process_types=tuple(process_types),
        buildpacks=tuple(app.buildpacks or DETECTED if buildpacks is None else buildpacks),
    )
    world.slugs[slug.id] = slug
    return slug


def get_slug(world: State, slug_id: str, type: str = "slug") -> Slug:
    """Return the slug or image with this id. Raises NotFound."""
    slug = world.slugs.get(slug_id)
    if slug is None or slug.type != type:
        raise NotFound("slug" if type == "slug" else "oci image")
    return slug


def delete(world: State, *gone: Slug) -> None:
    """Delete code; its releases are no longer eligible for rollback."""
    world.slugs |= {slug.id: replace(slug, deleted_at=world.now()) for slug in gone}
    ids = {slug.id for slug in gone}
    for history in world.releases.values():
        for index, release in enumerate(history):
            if release.slug_id in ids and release.status == "succeeded":
                history[index] = replace(release, status=_status_without_slug(release))
                world.annals.add(world.now(), history[index])
    for app_id, versions in world.with_code.items():
        history = world.releases[app_id]
        versions[:] = [each for each in versions if history[each - 1].slug_id not in ids]


def _status_without_slug(release: Release) -> str:
    return release.status if release.is_current else "expired"


def sweep(world: State, app: App) -> None:
    """Delete the app's slugs that no release protects.

    A release protects its slug while it is current, younger than 30 days, or one of the newest 20
    of its app.
    """
    young = world.now() - KEPT_FOR
    protected = {
        release.slug_id
        for app_id in world.releases
        for release in _with_code(world, app_id)
        if release.created_at > young
        or release.is_current
        or release.version > len(world.releases[app_id]) - KEPT_RELEASES
    }
    used = {release.slug_id: None for release in _with_code(world, app.id)}  # in order, each once
    known = (world.slugs.get(slug_id or "") for slug_id in used if slug_id not in protected)
    if gone := [slug for slug in known if slug is not None and slug.deleted_at is None]:
        delete(world, *gone)


def _with_code(world: State, app_id: str) -> Iterator[Release]:
    """Yield the releases whose code was not deleted: few of a long history."""
    history = world.releases[app_id]
    return (history[version - 1] for version in world.with_code[app_id])


def is_eligible(world: State, release: Release) -> bool:
    """Return whether the release is eligible for rollback."""
    slug = world.slugs.get(release.slug_id or "")
    return release.status == "succeeded" and slug is not None and slug.deleted_at is None
