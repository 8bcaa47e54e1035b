"""Walls: links that show the lanes of some apps without a login; made and removed by an admin."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from pydantic import Field

from listener.api.answers import Answer, Ref, Time, returns, returns_list
from listener.api.auth import On, needs, person
from listener.api.fields import AppName, Moment
from listener.api.machine_tokens import Name
from listener.api.own_pages import home
from listener.api.request_body import Body, takes
from listener.api.services import context, services
from listener.roles import Role
from listener.services import walls
from listener.services.walls import PATH, WallView

bp = Blueprint("walls", __name__, url_prefix="/api/walls")

MOST_APPS = 300


class NewWall(Body):
    """A name, the apps whose lanes it shows, with authors or without, until when (else a year)."""

    name: Name
    apps: Annotated[list[AppName], Field(min_length=1, max_length=MOST_APPS)]
    names: bool = False
    expires_at: Moment | None = None

    @property
    def wish(self) -> walls.NewWall:
        """What is to be made."""
        return walls.NewWall(self.name, self.apps, self.names, self.expires_at)


class Wall(Answer):
    """A wall; `names` tells whether it shows authors."""

    name: str
    apps: list[Ref]
    names: bool
    made_by: str
    created_at: Time
    expires_at: Time

    @classmethod
    def of(cls, view: WallView) -> Wall:
        """Return a wall; not its address, which is shown once."""
        return cls(**_told(view))


class WallMade(Wall):
    """A new wall with its address, the lanes that it shows now, and the apps that are in none."""

    url: str
    lanes: list[str]
    in_no_lane: list[Ref]


def _told(view: WallView) -> dict[str, Any]:
    row = view.row
    return {
        "name": row.name,
        "apps": [Ref.of(each, view.names) for each in row.app_ids],
        "names": row.shows_names,
        "made_by": row.made_by,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Wall)
def list_() -> list[Wall]:
    """List the walls all of whose apps one may see, by name."""
    return [Wall.of(view) for view in walls.list_(context())]


@bp.post("")
@needs(Role.ADMIN, on=On.APPS)
@takes(NewWall)
@returns(WallMade, 201, problems=(409,))
def create(body: NewWall) -> WallMade:
    """Make a wall; its address is in this answer, and nowhere else."""
    made = walls.create(context(), body.wish, by=person().email, now=services().now())
    return WallMade(
        **_told(made.view),
        url=f"{home()}{PATH}{made.link.text}",
        lanes=list(made.lanes),
        in_no_lane=[Ref.of(each, made.view.names) for each in made.idle],
    )


@bp.delete("/<name>")
@needs(Role.ADMIN, on=On.APPS)
@returns(Wall, problems=(404,))
def remove(name: str) -> Wall:
    """End the wall of this name: every process refuses its address."""
    return Wall.of(walls.remove(context(), name, by=person().email))
