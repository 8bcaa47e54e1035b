"""Logging in without handing the user's Heroku token to anybody but Heroku."""

from contextlib import suppress

from cli.api import Listener
from cli.credentials import Credential
from cli.errors import Failure, HerokuRefused, HerokuUnreachable
from cli.heroku import Heroku
from cli.resources import Token

UNAUTHORIZED, TOO_MANY = 401, 429


def log_in(
    listener: Listener, heroku_url: str, credential: Credential, *, send_full_token: bool = False
) -> Token:
    """Have the listener issue a token, by showing it a throw-away one of Heroku's.

    The throw-away token tells who the user is and nothing else, for a minute; it is deleted
    whatever the listener says. The credential itself goes to the listener only where Heroku makes
    no throw-away token and the user said `--send-full-token`.
    """
    heroku = Heroku(heroku_url, credential.token)
    try:
        authorization = heroku.create_authorization()
    except HerokuRefused as refusal:
        if send_full_token and refusal.status not in (UNAUTHORIZED, TOO_MANY):
            return listener.create_token(credential.token)
        raise Failure(why_not(refusal, credential, listener.url), id=refusal.id) from refusal

    try:
        return listener.create_token(authorization.token)
    finally:
        with suppress(HerokuRefused, HerokuUnreachable):  # it ends by itself within the minute
            heroku.delete_authorization(authorization.id)


def why_not(refusal: HerokuRefused, credential: Credential, url: str) -> str:
    """Say what Heroku refused, and what can be done about it."""
    if refusal.status == UNAUTHORIZED:
        return f"Heroku refused the token of {credential.origin}: {refusal.message}"
    if refusal.status == TOO_MANY:
        return refusal.message
    return (
        f"Heroku made no throw-away token: {refusal.message}\n"
        f"Nothing was sent to {url}. To send it your Heroku token itself,"
        " run `autopromote login --send-full-token`."
    )
