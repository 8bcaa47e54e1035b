"""People: who has logged in from where, and how that is ended."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field, model_validator

from listener.api.answers import Answer, Time, returns, returns_list
from listener.api.auth import needs, person
from listener.api.request_body import LARGEST_FORM, Body, takes
from listener.api.services import services
from listener.api.tokens import RoleOf
from listener.db.access_tokens import Kind, TokenRow
from listener.roles import Role
from listener.services.people import Ended, PersonView

bp = Blueprint("people", __name__, url_prefix="/api/people")

LONGEST_EMAIL = 254


class LoggedIn(Answer):
    """A token or a browser session of somebody, that is good."""

    kind: Literal["login", "browser"]
    created_at: Time
    made_from: str | None
    last_used_at: Time | None
    expires_at: Time

    @classmethod
    def of(cls, row: TokenRow) -> LoggedIn:
        """Return a token or session; nothing by which it could be used."""
        return cls(
            kind="browser" if row.kind is Kind.BROWSER else "login",
            created_at=row.created_at,
            made_from=row.made_from,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
        )


class PersonSeen(Answer):
    """Somebody who has logged in, with the roles of this moment, none for whoever has left."""

    email: str
    role: Role | None
    roles: list[RoleOf]
    logged_in_at: Time
    last_used_at: Time | None
    tokens: list[LoggedIn]

    @classmethod
    def of(cls, view: PersonView) -> PersonSeen:
        """Return somebody who has logged in."""
        rights = view.rights
        return cls(
            email=view.email,
            role=None if rights is None else rights.role,
            roles=[] if rights is None else [RoleOf.of(grant) for grant in rights.grants],
            logged_in_at=view.logged_in_at,
            last_used_at=view.last_used_at,
            tokens=[LoggedIn.of(row) for row in view.tokens],
        )


class RevokeBody(Body):
    """Whose logins end: one person's, or everybody's."""

    email: (
        Annotated[str, Field(min_length=3, max_length=LONGEST_EMAIL, pattern=r"^[!-~]+$")] | None
    ) = None
    all: bool = False

    @model_validator(mode="after")
    def _is_clear(self) -> RevokeBody:
        if (self.email is None) != self.all:
            raise ValueError("say an email, or all, not both")
        return self


class Revoked(Answer):
    """How much ended; the tokens of machines that go on, by name: their maker may know them."""

    tokens: int
    sessions: int
    codes: int
    machine_tokens: list[str]
    message: str

    @classmethod
    def of(cls, ended: Ended) -> Revoked:
        """Return what ended."""
        return cls(
            tokens=ended.count(Kind.LOGIN),
            sessions=ended.count(Kind.BROWSER),
            codes=ended.codes,
            machine_tokens=[row.name or "" for row in ended.machines],
            message=ended.message,
        )


@bp.get("")
@needs(Role.ADMIN)
@returns_list(PersonSeen)
def list_() -> list[PersonSeen]:
    """List who has logged in within 90 days, and the tokens and sessions that are good."""
    return [PersonSeen.of(view) for view in services().people.list_()]


@bp.post("/actions/revoke")
@needs(Role.ADMIN)
@takes(RevokeBody, most=LARGEST_FORM)
@returns(Revoked, problems=(404,))
def revoke(body: RevokeBody) -> Revoked:
    """End all tokens, browser sessions and one-time codes of a person, or of everybody."""
    desk, by = services().people, person().email
    ended = desk.revoke_all(by=by) if body.email is None else desk.revoke(body.email, by=by)
    return Revoked.of(ended)
