"""`/wall/…`: the screen behind a signed link, for whoever has it. It changes nothing.

It shows states and versions, and nothing that a person wrote. What it costs is bounded, however
many have the link: all are shown the same page, which is made a few times a second at most.
"""

from __future__ import annotations

from functools import partial

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue

from listener.api.answers import Reply, replies
from listener.api.services import services
from listener.core import duration
from listener.db.walls import WallRow
from listener.pages import frame
from listener.services import wall as walls
from listener.services.walls import PATH, Screen

bp = frame.blueprint("wall", PATH.rstrip("/"))

COLUMNS = ((3, 1), (8, 2), (30, 3), (60, 4))  # so many lanes stand in so many columns
MOST_COLUMNS, MOST_ROWS = 4, 25
FEW_COLUMNS = 3  # with fewer, the letters are larger


@bp.get("/<link>")
@replies(Reply(problems=(404,), is_page=True))
def show(link: str) -> ResponseReturnValue:
    """Show the lanes of a wall."""
    desk = services().walls
    wall = desk.find(link, now=services().now())
    screen = desk.screen(wall) or _made(wall)
    if request.headers.get("If-None-Match") == screen.tag:
        return _guarded(Response(status=304))
    answer = _guarded(make_response(screen.page))
    answer.headers["ETag"] = screen.tag
    return answer


def _made(wall: WallRow) -> Screen:
    number, now = services().context.changes.number, services().now()
    found = walls.read(services().context, wall)
    columns = next((each for most, each in COLUMNS if len(found.tiles) <= most), MOST_COLUMNS)
    tag = frame.tag_of(found)
    answer = frame.sheet(
        "wall.html",
        tag=tag,
        screen=found,
        is_few=columns < FEW_COLUMNS,
        rows=min(max(-(-len(found.tiles) // columns), 1), MOST_ROWS),
        now=now,
        as_of=f"{now:%H:%M:%S}",
        since=partial(duration.ago, now=now),
        left=partial(frame.left, now=now),
    )
    return services().walls.keep(wall, answer.get_data(), tag, number)


def _guarded(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = frame.POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"  # the address opens it
    return answer
