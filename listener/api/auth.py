"""Who asks, and what they may do: a view only declares it, with `@needs(Role.ADMIN)`.

A role may be bound to some apps. Unless a view says `on=On.APPS`, only a role for every app counts.
With it, `context()` tells the services how far the role reaches, and they find nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g, request

from listener.api.caller import caller
from listener.api.services import services
from listener.core.promotion import RESERVE
from listener.crypto import BadToken
from listener.db.access_tokens import TokenRow
from listener.errors import Forbidden, Unauthorized
from listener.heroku import Spender, budget
from listener.roles import NOWHERE, Reach, Rights, Role

P = ParamSpec("P")
R = TypeVar("R")

SCHEME = "bearer "
COOKIE = "autopromote_browser"  # with the session of a browser


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks now, a person or a machine, with the rights of this moment."""

    email: str  # of a machine: token:NAME
    rights: Rights
    token_expires_at: datetime
    is_machine: bool = False


class On(StrEnum):
    """What a view is about, and so for which apps somebody must have the role that it needs."""

    ALL = "every app"  # and what concerns all
    APPS = "apps"  # for some; the services look at which
    SELF = "whoever asks"


def needs(role: Role, *, on: On = On.ALL) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those with this role, or a higher one, through to the view."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            check(role, on)
            return view(*args, **kwargs)

        guarded.needs, guarded.on = role, on  # type: ignore[attr-defined]  # read by openapi
        return guarded

    return guard


def needs_token(view: Callable[P, R]) -> Callable[P, R]:
    """Let whoever brings a good token through to the view, with a role or without."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        g.token = _token()
        return view(*args, **kwargs)

    guarded.needs_token = True  # type: ignore[attr-defined]  # read by openapi
    return guarded


def check(role: Role, on: On = On.ALL) -> None:
    """Raise Unauthorized where it is unknown who asks, Forbidden where the role is too low.

    From here on, `context()` reaches as far as that role.
    """
    admit(_authenticated(), role, on)


def admit(asker: Person, role: Role, on: On = On.ALL) -> None:
    """Take it that this person asks. Raises Forbidden where the role is too low."""
    g.person, g.reach = asker, NOWHERE
    spend_as(asker)
    reach = Reach.of(asker.rights, role, asker.email)
    if not asker.rights.role.covers(role):
        raise Forbidden(f"That needs the role {role.wanted}; {reach.who}.")
    if on is On.ALL:
        reach.check_all()
    if on is not On.SELF:
        g.reach = reach


KEPT_FROM_VIEWERS = 500  # of the calls that Heroku grants, for everybody else and our own work
MOST_A_MINUTE = 300  # of them are anybody's


def spend_as(person: Person) -> None:
    """Ask Heroku on behalf of this person, until the request is over."""
    keeps = KEPT_FROM_VIEWERS if person.rights.role is Role.VIEWER else RESERVE
    spend_no_more()
    g.spends = budget.begin(Spender(person.email, keeps, MOST_A_MINUTE))


def spend_no_more(_: BaseException | None = None) -> None:
    """End what `spend_as` began."""
    if (begun := g.pop("spends", None)) is not None:
        budget.end(begun)


def person() -> Person:
    """Return who asks; only where `needs` let them through."""
    return cast(Person, g.person)


def check_person() -> None:
    """Raise Forbidden where a machine asks; only where `needs` let it through."""
    if person().is_machine:
        raise Forbidden(f"That is for people alone; {person().email} is a machine's token.")


def bearer() -> str:
    """Return the token that the request brings. Raises Unauthorized."""
    header = request.headers.get("Authorization", "")
    token = header[len(SCHEME) :].strip()
    if not header.lower().startswith(SCHEME) or not token:
        message = "Log in first: `autopromote login`."
        raise Unauthorized(message)
    return token


def own_token() -> TokenRow:
    """Return the token that the request brings; only where `needs_token` let it through."""
    return cast(TokenRow, g.token)


def _token() -> TokenRow:
    try:
        return services().tokens.find(bearer(), caller())
    except BadToken as error:
        message = "The token is not valid (any more): run `autopromote login` again."
        raise Unauthorized(message) from error


def _authenticated() -> Person:
    token = _token()
    rights = token.rights if token.is_machine else services().roles.of(token.email)
    if rights is None:
        services().refusals.note("no_role", caller(), email=token.holder)
        message = f"{token.holder} has no role here: an admin can add it to AUTOPROMOTE_VIEWERS."
        raise Forbidden(message, id="no_role")
    return Person(token.holder, rights, token.expires_at, is_machine=token.is_machine)
