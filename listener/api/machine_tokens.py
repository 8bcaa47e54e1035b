"""Tokens for machines, such as CI: made by an admin, shown once, and ended by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Blueprint
from pydantic import Field, StringConstraints

from listener.api.answers import Answer, Time, returns, returns_list
from listener.api.auth import needs, person
from listener.api.caller import caller
from listener.api.fields import Moment
from listener.api.request_body import LARGEST_FORM, Body, takes
from listener.api.services import services
from listener.db.access_tokens import TokenRow
from listener.roles import Role
from listener.services.machines import NewMachine

bp = Blueprint("machine_tokens", __name__, url_prefix="/api/machine-tokens")

MOST_APPS = 20

Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Apps = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]],
    Field(min_length=1, max_length=MOST_APPS),
]


class NewMachineToken(Body):
    """A name, what it may do, to which apps (patterns; else to all), and until when (else 90 d)."""

    name: Name
    role: Literal["viewer", "promoter"]
    apps: Apps | None = None
    expires_at: Moment | None = None

    @property
    def wish(self) -> NewMachine:
        """What is to be made."""
        return NewMachine(self.name, Role(self.role), self.apps, self.expires_at)


class MachineToken(Answer):
    """A token of a machine; null `apps` are all."""

    name: str
    role: Role
    apps: list[str] | None
    made_by: str
    made_from: str | None
    created_at: Time
    last_used_at: Time | None
    expires_at: Time

    @classmethod
    def of(cls, row: TokenRow) -> MachineToken:
        """Return a token; nothing by which it could be used."""
        return cls(**_told(row))


class MachineTokenMade(MachineToken):
    """A new token of a machine, with its text: it is not shown again."""

    token: str


def _told(row: TokenRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role,
        "apps": None if row.apps is None else list(row.apps),
        "made_by": row.email,
        "made_from": row.made_from,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "expires_at": row.expires_at,
    }


@bp.get("")
@needs(Role.ADMIN)
@returns_list(MachineToken)
def list_() -> list[MachineToken]:
    """List the tokens of machines that are good, newest first."""
    return [MachineToken.of(row) for row in services().machines.list_()]


@bp.post("")
@needs(Role.ADMIN)
@takes(NewMachineToken, most=LARGEST_FORM)
@returns(MachineTokenMade, 201, problems=(409,))
def create(body: NewMachineToken) -> MachineTokenMade:
    """Make a token for a machine; its text is in this answer, and nowhere else."""
    row, signed = services().machines.create(body.wish, by=person().email, caller=caller())
    return MachineTokenMade(**_told(row), token=signed.text)


@bp.delete("/<name>")
@needs(Role.ADMIN)
@returns(MachineToken, problems=(404,))
def revoke(name: str) -> MachineToken:
    """End the token of this name: it is refused from the next request on."""
    return MachineToken.of(services().machines.revoke(name, by=person().email))
