"""`autopromote logout`: the login is forgotten here, and the token ended at the listener."""

from autopromote.command import command
from autopromote.completion.cache import Cache
from autopromote.context import TOKEN, Context, pass_context
from autopromote.errors import Failure
from autopromote.output import action, tell, warn
from autopromote.plain import plain_line
from autopromote.store import Login
from autopromote.times import when

SECONDS = 10.0


@command("logout")
@pass_context
def logout(context: Context) -> None:
    """forget the login, and end its token at the listener"""
    Cache(context.env).forget()
    if context.login is None:
        context.store.forget()  # a login that could not be read goes as well
        tell("Not logged in.")
    else:
        log_out(context, context.login)
    if context.env.get(TOKEN):
        warn(f"{TOKEN} is set, and still goes to the listener.")


def log_out(context: Context, login: Login) -> None:
    """End the token, and forget the login whatever the listener says."""
    lives_on = None
    with action(f"Logging out of {login.url}"):
        try:
            context.reach(login.url, login.token, seconds=SECONDS).end_token()
        except Failure as failure:
            lives_on = failure
        finally:
            context.store.forget()
    if lives_on is not None:
        warn(f"{lives_on.message}\n{still_good(login)}")


def still_good(login: Login) -> str:
    """Say what is left of a token that could not be ended, and who can end it."""
    until = when(login.expires_at)
    return plain_line(
        f"The token is removed here, but may be good there until {until or 'it expires'}:"
        f" an admin ends it by `autopromote people:revoke {login.email}`."
    )
