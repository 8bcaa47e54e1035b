"""`autopromote whoami`: who the listener takes us for."""

from cli.command import command
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import block, say_json
from cli.resources import RoleOf, Whoami
from cli.times import when


@command("whoami", "whoami --json")
@as_json
@pass_context
def whoami(context: Context, as_json: bool) -> None:
    """show who you are to the listener, and your role"""
    identity = context.listener.whoami()
    if as_json:
        say_json(identity)
        return

    block(
        identity["email"],
        [
            ("Role", _roles(identity)),
            ("Listener", context.listener.url),
            ("Version", identity.get("version")),
            ("Token expires", when(identity.get("token_expires_at"))),
        ],
    )


def _roles(identity: Whoami) -> str:
    """Say every role; a listener older than the bindings tells one."""
    return ", ".join(map(_role, identity.get("roles", ()))) or identity["role"]


def _role(said: RoleOf) -> str:
    """Say a role, and of which apps where it is bound to some."""
    return said["role"] if said["apps"] is None else f"{said['role']} of {'+'.join(said['apps'])}"
