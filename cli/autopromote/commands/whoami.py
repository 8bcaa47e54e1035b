"""`autopromote whoami`: who the listener takes us for."""

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import block, say_json
from autopromote.roles import roles
from autopromote.times import when


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
