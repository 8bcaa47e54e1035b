"""`autopromote whoami`: who the listener takes us for."""

from cli.command import command
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import block, say_json
from cli.roles import roles
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

    # A listener older than the bindings of roles tells one role.
    block(
        identity["email"],
        [
            ("Role", roles(identity.get("roles", ())) or identity["role"]),
            ("Listener", context.listener.url),
            ("Version", identity.get("version")),
            ("Token expires", when(identity.get("token_expires_at"))),
        ],
    )
