"""`autopromote login`: an exchange of identities, in which no powerful token leaves the machine."""

import re

import click

from autopromote.command import command
from autopromote.context import TOKEN, URL, Context, pass_context
from autopromote.errors import Misuse
from autopromote.hosts import trusted_url
from autopromote.output import action, say, warn

UNBOUND = (
    "This listener has no OAuth client of its own. Any program that got a token of your Heroku"
    " identity, another listener too, can log in here as you. An admin ends that by"
    " `autopromote login:client -a {app}`, the listener's app."
)
AT_HEROKU = re.compile(r"https://([a-z][a-z0-9-]*?)(?:-[0-9a-f]{12})?\.herokuapp\.com/?")


def unbound(url: str) -> str:
    """Return what it means that a listener has no OAuth client, and what ends that."""
    found = AT_HEROKU.fullmatch(url)
    return UNBOUND.format(app=found[1] if found else "APP")


@command("login --url https://example-app.herokuapp.com")
@click.option(
    "--url", metavar="URL", help=f"the listener's URL; else {URL}, else that of the last login"
)
@click.option(
    "--send-full-token",
    is_flag=True,
    help="send your own Heroku token if Heroku makes no throw-away one",
)
@pass_context
def login(context: Context, url: str | None, send_full_token: bool) -> None:
    """log in to a listener with your Heroku account

    Your Heroku token stays here. Heroku makes a code that tells this listener who you are, and
    nobody else, and it issues a token of its own for 12 hours. A listener without an OAuth client
    of its own gets a Heroku token for a minute that tells anybody who you are.
    """
    url = trusted_url(url, name="--url") if url else context.find_url()
    if url is None:
        raise Misuse(
            "Which listener? Run `autopromote login --url https://example-app.herokuapp.com`."
        )

    with action(f"Logging in to {url}"):
        login = context.log_in(url, send_full_token=send_full_token)
    say(f"Logged in as {login.email} ({login.role})")
    if context.reach(url).login_client() is None:
        warn(unbound(url))
    if context.env.get(TOKEN):
        warn(f"{TOKEN} is set, and goes before this login.")
