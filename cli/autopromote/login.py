"""Logging in without handing the user's Heroku token to anybody but Heroku."""

import time
from collections.abc import Mapping
from contextlib import suppress

from autopromote.api import Listener
from autopromote.credentials import Credential
from autopromote.errors import Failure, HerokuRefused, HerokuUnreachable, Refused
from autopromote.heroku import Grant, Heroku
from autopromote.hosts import is_home
from autopromote.resources import Token

UNAUTHORIZED, TOO_MANY = 401, 429
PATIENCE, SHORTEST_WAIT = 40.0, 0.5  # seconds; what is shown is good for a minute
UNSET = (
    "If it always does, an admin of the listener may unset AUTOPROMOTE_OAUTH_ID and"
    " AUTOPROMOTE_OAUTH_SECRET there: then a throw-away token tells it who you are, and so does one"
    " of any other program."
)


def log_in(
    listener: Listener, heroku_url: str, credential: Credential, *, send_full_token: bool = False
) -> Token:
    """Have the listener issue a token, by showing it who Heroku says the user is.

    A listener with an OAuth client of its own gets a code that is for this client alone; any other
    one gets a throw-away token. The credential itself goes to the listener only where Heroku makes
    no throw-away token and the user said `--send-full-token`.
    """
    heroku = Heroku(heroku_url, credential.token)
    client = listener.login_client()
    if client is not None:
        return by_code(listener, heroku, credential, client)
    return by_token(listener, heroku, credential, send_full_token=send_full_token)


def by_code(listener: Listener, heroku: Heroku, credential: Credential, client: str) -> Token:
    """Log in by a code for the listener's OAuth client; what it came from is deleted."""
    try:
        grant = heroku.create_grant(client)
    except HerokuRefused as refusal:
        message = why_no_code(refusal, credential, listener.url)
        raise Failure(message, id=refusal.id) from refusal

    try:
        check_home(grant, listener.url)
        return show(listener, {"heroku_code": grant.code})
    finally:
        end(heroku, grant.id)


def check_home(grant: Grant, url: str) -> None:
    """Stop unless the client is that of the listener at this URL.

    Any server can show the client of another one: with a code for it, it could log in there.
    """
    if is_home(grant.redirect_uri, url):
        return
    raise Failure(
        f"{url} wants a code for the OAuth client of {grant.redirect_uri}, which is not its own."
        " Nothing was sent there.\nLog in to the URL that this client is for; or an admin runs"
        " `autopromote login:client`, if the listener has moved."
    )


def by_token(
    listener: Listener, heroku: Heroku, credential: Credential, *, send_full_token: bool
) -> Token:
    """Log in by a throw-away token.

    It tells who the user is and nothing else, for a minute; it is deleted whatever the listener
    says.
    """
    try:
        authorization = heroku.create_authorization()
    except HerokuRefused as refusal:
        if send_full_token and refusal.status not in (UNAUTHORIZED, TOO_MANY):
            return show(listener, {"heroku_token": credential.token})
        raise Failure(why_not(refusal, credential, listener.url), id=refusal.id) from refusal

    try:
        return show(listener, {"heroku_token": authorization.token})
    finally:
        end(heroku, authorization.id)


def show(listener: Listener, proof: Mapping[str, str]) -> Token:
    """Show the listener a proof; where many log in, wait as long as it says, and show it again."""
    ends_at = time.monotonic() + PATIENCE
    while True:
        try:
            return listener.create_token(proof)
        except Refused as refused:
            wait = max(refused.again_in or 0, SHORTEST_WAIT)
            if refused.status != TOO_MANY or time.monotonic() + wait > ends_at:
                raise
            time.sleep(wait)  # the listener alone knows when there is a place, and tells nobody


def end(heroku: Heroku, authorization: str) -> None:
    """Delete an authorization; should that fail, what came of it ends by itself within minutes."""
    with suppress(HerokuRefused, HerokuUnreachable):
        heroku.delete_authorization(authorization)


def why_not(refusal: HerokuRefused, credential: Credential, url: str) -> str:
    """Say what Heroku refused, and what can be done about it."""
    return refused_anyhow(refusal, credential) or (
        f"Heroku made no throw-away token: {refusal.message}\n"
        f"Nothing was sent to {url}. To send it your Heroku token itself,"
        " run `autopromote login --send-full-token`."
    )


def why_no_code(refusal: HerokuRefused, credential: Credential, url: str) -> str:
    """Say what Heroku refused; there is no way round that the user could take."""
    return refused_anyhow(refusal, credential) or (
        f"Heroku made no code for the listener's OAuth client: {refusal.message}\n"
        f"Nothing was sent to {url}. {UNSET}"
    )


def refused_anyhow(refusal: HerokuRefused, credential: Credential) -> str | None:
    """Say what has nothing to do with the way to log in."""
    if refusal.status == UNAUTHORIZED:
        return f"Heroku refused the token of {credential.origin}: {refusal.message}"
    return refusal.message if refusal.status == TOO_MANY else None
