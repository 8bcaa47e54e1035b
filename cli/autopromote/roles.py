"""How a role looks, with the apps that it is bound to."""

from collections.abc import Iterable

from autopromote.resources import RoleOf


def roles(said: Iterable[RoleOf]) -> str:
    """Say every role; nothing where there is none."""
    return ", ".join(map(role, said))


def role(said: RoleOf) -> str:
    """Say a role, and of which apps where it is bound to some."""
    return said["role"] if said["apps"] is None else f"{said['role']} of {'+'.join(said['apps'])}"
