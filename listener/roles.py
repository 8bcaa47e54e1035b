"""What people may do: three roles, found by e-mail patterns, again for every request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Role(StrEnum):
    """A viewer reads; an approver also promotes, cancels and holds; an admin does everything."""

    VIEWER = "viewer"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Return whether this role may do what needs that one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The e-mail patterns of each role; an empty list is nobody."""

    admins: tuple[str, ...]
    approvers: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()

    def of(self, email: str) -> Role | None:
        """Return the highest role with a pattern that matches the whole address, case aside."""
        if _matches(email, self.admins):
            return Role.ADMIN
        if _matches(email, self.approvers):
            return Role.APPROVER
        return Role.VIEWER if _matches(email, self.viewers) else None


def _matches(email: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(email.casefold(), pattern.casefold()) for pattern in patterns)
