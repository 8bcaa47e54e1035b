"""Who asks, and what they may do: a view only declares it, with `@needs(Role.ADMIN)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g, request

from listener.api.services import services
from listener.crypto import BadToken
from listener.errors import Forbidden, Unauthorized
from listener.roles import Rights, Role

P = ParamSpec("P")
R = TypeVar("R")

SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks now, a person or a machine, with the rights of this moment."""

    email: str
    rights: Rights
    token_expires_at: datetime

    def may(self, role: Role) -> bool:
        """Return whether the role covers that one, for every app."""
        return self.rights.overall is not None and self.rights.overall.covers(role)


def needs(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those with this role, or a higher one, through to the view."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            check(role)
            return view(*args, **kwargs)

        guarded.needs = role  # type: ignore[attr-defined]  # read by openapi
        return guarded

    return guard


def check(role: Role) -> None:
    """Raise Unauthorized where it is unknown who asks, Forbidden where the role is too low."""
    g.person = _authenticated()
    if not g.person.may(role):
        message = f"That needs the role {role}; {g.person.email} is {g.person.rights}."
        raise Forbidden(message)


def person() -> Person:
    """Return who asks; only where `needs` let them through."""
    return cast(Person, g.person)


def bearer() -> str:
    """Return the token that the request brings. Raises Unauthorized."""
    header = request.headers.get("Authorization", "")
    token = header[len(SCHEME) :].strip()
    if not header.lower().startswith(SCHEME) or not token:
        message = "Log in first: `autopromote login`."
        raise Unauthorized(message)
    return token


def _authenticated() -> Person:
    try:
        identity = services().keys.read_token(bearer(), now=services().now())
    except BadToken as error:
        message = "The token is not valid (any more): run `autopromote login` again."
        raise Unauthorized(message) from error
    rights = services().roles.of(identity.email)
    if rights is None:
        message = f"{identity.email} has no role here: an admin can add it to AUTOPROMOTE_VIEWERS."
        raise Forbidden(message, id="no_role")
    return Person(identity.email, rights, identity.expires_at)
