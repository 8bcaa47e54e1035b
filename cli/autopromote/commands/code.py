"""`autopromote login:code`."""

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say, say_json, tell
from autopromote.times import when


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
