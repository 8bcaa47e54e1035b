"""`autopromote login:code`."""

from cli.command import command
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import say, say_json, tell
from cli.times import when


@command("login:code")
@as_json
@pass_context
def code(context: Context, as_json: bool) -> None:
    """print a code that logs a browser in to approve

    Type it into the page that the link of a notification opens, on a phone say. The code is good
    once and for five minutes; the browser stays logged in for eight hours.
    """
    made = context.listener.create_login_code()
    if as_json:
        say_json(made)
        return
    say(made["code"])
    tell(f"Good once, until {when(made['expires_at'])}.")
