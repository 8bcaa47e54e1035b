"""What people may do: roles for all apps or for some, found by patterns, again for every request.

A list like `ana@acme.com, *@pay.acme.com=pay-*+shop-*, !leaver@acme.com` has an entry for each
person or pattern: with `=` its role counts for the apps of these names alone; with `!` whoever
matches has no role at all, whatever any list says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from listener.errors import Forbidden

MOST_OF_ENTRY = 1000
_ENTRY = re.compile(r"(?P<no>!?)(?P<email>[!-~]+?@[!-~]+?)(?:=(?P<apps>[!-~]*))?")
_APP = re.compile(r"[a-z0-9*?-]+")  # what patterns in SQL can say, too
_WILD = re.compile(r"[*?\[\]]")


class Role(StrEnum):
    """A viewer reads; an approver also promotes, holds and approves; an admin does everything.

    A promoter is a machine that promotes and holds: it approves nothing, and ends no hold.
    """

    VIEWER = "viewer"
    PROMOTER = "promoter"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Return whether this role may do what needs that one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)

    @property
    def wanted(self) -> str:
        """Return it as it is asked for: no person is a promoter, but an approver does as well."""
        return "approver (of a machine: promoter)" if self is Role.PROMOTER else self.value


@dataclass(frozen=True, slots=True)
class Scope:
    """The apps that are meant: those whose names match a pattern, or every one that there is."""

    apps: tuple[str, ...] | None = None  # None: every app, and what concerns all

    def __post_init__(self) -> None:
        """Raise ValueError where a pattern is none: names of apps have a-z, 0-9 and dashes."""
        if wrong := [app for app in self.apps or () if not _APP.fullmatch(app)]:
            raise ValueError(f"{wrong[0]} is no name or pattern of apps, like pay-*")

    @property
    def is_all(self) -> bool:
        """Whether every app is meant, with what concerns all."""
        return self.apps is None

    def has(self, name: str) -> bool:
        """Return whether the app of this name is meant."""
        return self.apps is None or any(fnmatchcase(name, pattern) for pattern in self.apps)


EVERYTHING, NOTHING = Scope(), Scope(())


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for some apps, or for every one."""

    role: Role
    scope: Scope = EVERYTHING

    def __str__(self) -> str:
        """Return it as people read it: `admin of pay-*+shop-*`."""
        return (
            self.role if self.scope.apps is None else f"{self.role} of {'+'.join(self.scope.apps)}"
        )


@dataclass(frozen=True, slots=True)
class Rights:
    """All that somebody may do, a person or a machine."""

    grants: tuple[Grant, ...]  # one at least

    def __post_init__(self) -> None:
        """Raise ValueError where there is no grant: that is nobody, and None everywhere."""
        if not self.grants:
            raise ValueError("whoever has no grant has no rights")

    @classmethod
    def of(cls, role: Role, apps: Iterable[str] | None = None) -> Rights:
        """Return one role: for the apps of these patterns, or without them for all."""
        return cls((Grant(role, Scope(None if apps is None else tuple(apps))),))

    def __str__(self) -> str:
        """Return all grants as people read them."""
        return ", ".join(map(str, self.grants))

    @property
    def role(self) -> Role:
        """The highest role, for whichever apps."""
        return max((grant.role for grant in self.grants), key=list(Role).index)

    @property
    def overall(self) -> Role | None:
        """The highest role for every app and what concerns all; None for whoever is bound."""
        return _highest(grant for grant in self.grants if grant.scope.is_all)

    def on(self, app: str) -> Role | None:
        """Return the highest role for the app of this name."""
        return _highest(grant for grant in self.grants if grant.scope.has(app))

    def scope(self, role: Role = Role.VIEWER) -> Scope:
        """Return the apps for which there is this role, or a higher one."""
        scopes = [grant.scope for grant in self.grants if grant.role.covers(role)]
        if any(scope.is_all for scope in scopes):
            return EVERYTHING
        return Scope(tuple(dict.fromkeys(app for scope in scopes for app in scope.apps or ())))


@dataclass(frozen=True, slots=True)
class Reach:
    """The apps that somebody sees, and those for which what is asked for is allowed.

    By default every app, as for the listener itself.
    """

    sees: Scope = EVERYTHING
    acts: Scope = EVERYTHING
    role: Role = Role.VIEWER  # that is needed
    overall: Role | None = Role.ADMIN  # for what concerns all
    who: str = ""  # and what that is, for the refusal

    @classmethod
    def of(cls, rights: Rights, role: Role, email: str) -> Reach:
        """Return how far these rights reach in what needs this role."""
        who = f"{email} is {rights}"
        return cls(rights.scope(), rights.scope(role), role, rights.overall, who)

    def check(self, *names: str) -> None:
        """Raise Forbidden unless it is allowed for the apps of all these names."""
        for name in names:
            if not self.acts.has(name):
                which = name if self.sees.has(name) else "an app that you may not see"
                raise Forbidden(f"That needs the role {self.role.wanted} for {which}; {self.who}.")

    def covers_all(self, role: Role) -> bool:
        """Return whether what needs that role is allowed for what concerns all."""
        return self.overall is not None and self.overall.covers(role)

    def check_all(self, role: Role | None = None) -> None:
        """Raise Forbidden unless it, or what needs that role, is allowed for what concerns all."""
        needed = role or self.role
        if not self.covers_all(needed):
            raise Forbidden(f"That needs the role {needed.wanted} for every app; {self.who}.")


NOWHERE = Reach(NOTHING, NOTHING, overall=None, who="nobody was asked who it is")


class BadEntry(ValueError):
    """The text is no entry of a list of people; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A person, or a pattern of people, and the apps for which the list's role counts."""

    email: str
    scope: Scope = EVERYTHING
    is_excluded: bool = False

    def matches(self, email: str) -> bool:
        """Return whether the whole address matches, case aside."""
        return fnmatchcase(email.casefold(), self.email.casefold())


@lru_cache(maxsize=1000)
def parse(text: str) -> Entry:
    """Read an entry of a list. Raises BadEntry."""
    found = _ENTRY.fullmatch(text) if len(text) <= MOST_OF_ENTRY else None
    if found is None or found["email"].count("@") != 1 or "=" in found["email"]:
        raise BadEntry(f"{text} is no e-mail address or pattern like *@acme.com, in ASCII")
    if found["no"]:
        if found["apps"] is not None:
            raise BadEntry(f"{text} leaves somebody out of everything, so it names no apps")
        return Entry(found["email"], NOTHING, is_excluded=True)
    if _WILD.search(".".join(found["email"].partition("@")[2].split(".")[-2:])):
        raise BadEntry(f"{text} lets strangers in: spell out the end of the domain, as *@acme.com")
    if found["apps"] is None:
        return Entry(found["email"])
    try:
        return Entry(found["email"], Scope(tuple(dict.fromkeys(found["apps"].split("+")))))
    except ValueError as error:
        message = f"{text} must name apps, or patterns of apps, like =pay-*+shop-*"
        raise BadEntry(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The lists of people of each role, as they are written; an empty one is nobody."""

    admins: tuple[str, ...]
    approvers: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()

    def of(self, email: str) -> Rights | None:
        """Return what whoever has this address may do; None where nobody let that person in.

        An address with other letters than ASCII's has no role: some look like others', or fold
        to them.
        """
        lists = {Role.ADMIN: self.admins, Role.APPROVER: self.approvers, Role.VIEWER: self.viewers}
        found = [
            (role, entry)
            for role, entries in lists.items()
            for entry in map(parse, entries)
            if email.isascii() and entry.matches(email)
        ]
        if not found or any(entry.is_excluded for _, entry in found):
            return None
        return Rights(tuple(dict.fromkeys(Grant(role, entry.scope) for role, entry in found)))


def _highest(grants: Iterable[Grant]) -> Role | None:
    """Return the highest role of these; None where there is none."""
    return max((grant.role for grant in grants), key=list(Role).index, default=None)
