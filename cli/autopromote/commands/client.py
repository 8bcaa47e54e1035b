"""`autopromote login:client`: logins that are for this listener, and for nothing else."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.errors import Failure, HerokuRefused, HerokuUnreachable
from autopromote.hosts import heroku_url, is_home
from autopromote.options import as_json
from autopromote.output import action, say_json, tell
from autopromote.resources import LoginClient

if TYPE_CHECKING:
    from autopromote.heroku import App, Heroku

ID, SECRET = "AUTOPROMOTE_OAUTH_ID", "AUTOPROMOTE_OAUTH_SECRET"


@command(
    "login:client --app example-autopromote", "login:client --app example-autopromote --rotate"
)
@click.option("-a", "--app", metavar="APP", required=True, help="the listener's own app at Heroku")
@click.option("--rotate", is_flag=True, help="another secret, as when an admin has left")
@as_json
@pass_context
def client(context: Context, app: str, rotate: bool, as_json: bool) -> None:
    """bind logins to this listener by an OAuth client

    The listener's Heroku user makes the client; you set it on the listener's app, with your own
    Heroku login. Its secret is shown nowhere. From then on only a code that Heroku makes for this
    listener logs in. Run it again after an interruption, or when the listener has moved.

    APP must be the one whose listener you are logged in to: nothing is made or set unless Heroku
    knows the URL as an address of APP, its own or one of `heroku domains -a APP`.

    With --rotate the secret that somebody may have read is no use any more. Nobody can log in until
    the new one is set, a moment later.
    """
    from autopromote.credentials import get_credential
    from autopromote.heroku import Heroku

    url = heroku_url(context.env)
    heroku = Heroku(url, get_credential(context.env, url).token)
    with action(f"Looking for ⬢ {app}"):
        found = heroku.app(app)  # before there is a secret to set on it
        check_is_of(found, context.listener.url)
    with action(f"Making the OAuth client of {context.listener.url}") as doing:
        made = context.listener.provide_login_client()
        check_is_at(made["redirect_uri"], context.listener.url)
        if made["secret"] is None:
            doing.end = "done, the listener has it already"
    if rotate:
        with action("Making its secret anew"):
            made = context.listener.rotate_login_client()
    name = found.name
    if made["secret"] is not None:
        set_on(heroku, name, made, again=ROTATED if rotate else MADE)
    if as_json:
        say_json({"id": made["id"], "redirect_uri": made["redirect_uri"], "app": name})
    elif made["secret"] is not None:
        tell(
            f"⬢ {name} restarts now. From then on people log in by a code for this listener alone;"
            " who is logged in stays so."
        )


def check_is_of(app: "App", url: str) -> None:
    """Stop unless the listener at this URL is the app.

    Else one listener's client would be set on another, which then logs in by it.
    """
    if urlsplit(url).hostname not in app.hosts:
        raise Failure(
            f"You are logged in to {url}, which is no address of ⬢ {app.name}"
            f" ({', '.join(app.hosts) or 'it has none'}): name the app of that listener by --app,"
            f" or log in to the listener of ⬢ {app.name} first. Nothing was set."
        )


def check_is_at(redirect_uri: str, url: str) -> None:
    """Stop unless this client sends people back to the listener at this URL."""
    if not is_home(redirect_uri, url):
        raise Failure(
            f"The listener's OAuth client is for {redirect_uri}, and you are logged in to {url}:"
            " log in to the URL that it is for, or set PUBLIC_URL on the listener's app."
            " Nothing was set."
        )


MADE = "The client is made. Somebody who may change the app runs this again."
ROTATED = (
    "The secret is a new one, which the listener lacks, so nobody can log in: somebody who is"
    " logged in and may change the app runs this again, with --rotate."
)


def set_on(heroku: "Heroku", app: str, made: LoginClient, *, again: str) -> None:
    """Set both variables at once, which restarts the app; `again` says how it stands if not."""
    with action(f"Setting {ID} and {SECRET} on ⬢ {app}"):
        try:
            heroku.set_config_vars(app, {ID: made["id"], SECRET: made["secret"] or ""})
        except HerokuRefused as refusal:
            message = f"Heroku set nothing on {app}: {refusal.message}\n{again}"
            raise Failure(message, id=refusal.id) from refusal
        except HerokuUnreachable as silence:
            raise Failure(f"{silence.message}\n{again}") from silence
