"""`autopromote login:client`: logins that are for this listener, and for nothing else."""

from typing import TYPE_CHECKING

import click

from cli.command import command
from cli.context import Context, pass_context
from cli.errors import Failure, HerokuRefused
from cli.hosts import heroku_url
from cli.options import as_json
from cli.output import action, say_json, tell
from cli.resources import LoginClient

if TYPE_CHECKING:
    from cli.heroku import Heroku

ID, SECRET = "AUTOPROMOTE_OAUTH_ID", "AUTOPROMOTE_OAUTH_SECRET"


@command("login:client --app example-autopromote")
@click.option("-a", "--app", metavar="APP", required=True, help="the listener's own app at Heroku")
@as_json
@pass_context
def client(context: Context, app: str, as_json: bool) -> None:
    """bind logins to this listener by an OAuth client

    The listener's Heroku user makes the client; you set it on the listener's app, with your own
    Heroku login. Its secret is shown nowhere. From then on only a code that Heroku makes for this
    listener logs in. Run it again after an interruption, or when the listener has moved.
    """
    from cli.credentials import get_credential
    from cli.heroku import Heroku

    url = heroku_url(context.env)
    heroku = Heroku(url, get_credential(context.env, url).token)
    with action(f"Looking for ⬢ {app}"):
        name = heroku.app_name(app)  # before there is a secret to set on it
    with action(f"Making the OAuth client of {context.listener.url}") as doing:
        made = context.listener.provide_login_client()
        if made["secret"] is None:
            doing.end = "done, the listener has it already"
    if made["secret"] is not None:
        set_on(heroku, name, made)
    if as_json:
        say_json({"id": made["id"], "redirect_uri": made["redirect_uri"], "app": name})
    elif made["secret"] is not None:
        tell(
            f"⬢ {name} restarts now. From then on people log in by a code for this listener alone;"
            " who is logged in stays so."
        )


def set_on(heroku: "Heroku", app: str, made: LoginClient) -> None:
    """Set both variables at once, which restarts the app."""
    with action(f"Setting {ID} and {SECRET} on ⬢ {app}"):
        try:
            heroku.set_config_vars(app, {ID: made["id"], SECRET: made["secret"] or ""})
        except HerokuRefused as refusal:
            message = (
                f"Heroku set nothing on {app}: {refusal.message}\n"
                "The client is made. Somebody who may change the app runs this again."
            )
            raise Failure(message, id=refusal.id) from refusal
