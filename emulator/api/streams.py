"""The output of release phases: open to everybody who knows the URL, which nobody can guess."""

from collections.abc import Iterator
from contextlib import suppress

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

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
    """Return the output of the release command.

    Over a socket, without a Range, the answer goes on until the command ends. With a Range, it is
    what is there now.
    """
    release = _find(world(), stream_id)
    if release is None or not release.has_output:
        raise NotFound("stream")
    if (begin := _begin()) is not None:
        return _range(_text(release).encode(), begin)
    if WIRE not in request.environ:
        return Response(_text(release), mimetype="text/plain")
    return Response(_follow(world(), release), mimetype="text/plain")


def _find(world: World, stream_id: str) -> Release | None:
    everything = (release for history in world.releases.values() for release in history)
    return next((each for each in everything if each.stream_id == stream_id), None)


def _begin() -> int | None:
    """Return the first byte that `Range: bytes=N-` asks for, or None."""
    unit, _, wanted = request.headers.get("Range", "").partition("=")
    with suppress(ValueError):
        return int(wanted.removesuffix("-")) if unit == "bytes" else None
    return None


def _range(content: bytes, begin: int) -> Response:
    if begin >= len(content):
        raise RequestedRangeNotSatisfiable(length=len(content))
    answer = Response(content[begin:], status=206, mimetype="text/plain")
    answer.headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/*"
    return answer


def _follow(world: World, release: Release) -> Iterator[bytes]:
    sent = 0
    while piece := _next(world, release, sent):
        sent += len(piece)
        yield piece


def _next(world: World, release: Release, sent: int) -> bytes:
    """Wait for output after the first `sent` bytes; return b"" once the command has ended."""

    def written() -> bytes:
        now = releases.find_release(world, release.app_id, release.id)
        return _text(now or release).encode()[sent:]

    with world.changed:
        world.changed.wait_for(lambda: _has_ended(world, release) or written(), PATIENCE)
        return written()


def _has_ended(world: World, release: Release) -> bool:
    now = releases.find_release(world, release.app_id, release.id)
    return now is None or now.status != "pending" or world.closing.is_set()


def _text(release: Release) -> str:
    return f"Running release command...\n{release.output}{_ending(release)}"


def _ending(release: Release) -> str:
    words = {"succeeded": "Migrated.\n", "failed": "Release command failed.\n"}
    return words.get(release.status, "")
