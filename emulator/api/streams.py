"""The output of release phases: whoever has the url may read, and nobody else can guess it."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from emulator import releases
from emulator.api.caller import world
from emulator.errors import NotFound
from emulator.records import Release
from emulator.world import World

bp = Blueprint("streams", __name__, url_prefix="/streams")

PATIENCE = 60.0  # seconds between two pieces of output, at most
WIRE = "emulator.wire"


@bp.get("/<stream_id>")
def output(stream_id: str) -> Response:
    """What the command wrote; over a socket it goes on until the command ends."""
    release = _find(world(), stream_id)
    if release is None or not release.has_output:
        raise NotFound("stream")
    if WIRE not in request.environ:
        return Response(_text(release), mimetype="text/plain")
    return Response(_follow(world(), release), mimetype="text/plain")


def _find(world: World, stream_id: str) -> Release | None:
    everything = (release for history in world.releases.values() for release in history)
    return next((each for each in everything if each.stream_id == stream_id), None)


def _follow(world: World, release: Release) -> Iterator[str]:
    yield _started()
    with world.changed:
        world.changed.wait_for(lambda: _has_ended(world, release), PATIENCE)
        ended = releases.find_release(world, release.app_id, release.id)
    yield _ending(ended or release)


def _has_ended(world: World, release: Release) -> bool:
    now = releases.find_release(world, release.app_id, release.id)
    return now is None or now.status != "pending" or world.closing.is_set()


def _text(release: Release) -> str:
    return _started() + _ending(release)


def _started() -> str:
    return "Running release command...\n"


def _ending(release: Release) -> str:
    words = {"succeeded": "Migrated.\n", "failed": "Release command failed.\n"}
    return words.get(release.status, "")
