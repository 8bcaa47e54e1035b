"""How the token of a machine looks."""

from autopromote.resources import MachineToken
from autopromote.roles import role


def role_of(token: MachineToken) -> str:
    """Say its role, and for which apps: `promoter of pay-*`."""
    return role({"role": token["role"], "apps": token["apps"]})
