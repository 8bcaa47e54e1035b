"""`autopromote logout`: the login is forgotten here; the token ends by itself."""

from cli.command import command
from cli.completion.cache import Cache
from cli.context import TOKEN, Context, pass_context
from cli.output import action, tell, warn


@command("logout")
@pass_context
def logout(context: Context) -> None:
    """forget the login"""
    Cache(context.env).forget()
    if context.login is None:
        context.store.forget()  # a login that could not be read goes as well
        tell("Not logged in.")
    else:
        with action(f"Logging out of {context.login.url}"):
            context.store.forget()
    if context.env.get(TOKEN):
        warn(f"{TOKEN} is set, and still goes to the listener.")
