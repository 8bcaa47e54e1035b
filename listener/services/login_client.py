"""The listener's own OAuth client at Heroku: made once, by its own Heroku user, and looked after.

A client lives as long as the account that made it, so it must not be a colleague's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from listener.core.finding import Finding, State, Unread
from listener.db import audit
from listener.db.engine import Database
from listener.errors import Conflict, HerokuUnreadable
from listener.heroku import OAuth, OAuthClient
from listener.services.heroku_calls import HerokuCall, attempt
from listener.services.identity import LoginClient

PATH = "/login/callback"
NAME = "login"  # of the doctor's finding
MEND = "autopromote login:client -a LISTENER"
GONE = 404
UNBOUND = (
    "The listener has no OAuth client of its own, so a Heroku identity token logs in as its user,"
    " whichever program it was made for."
)


def callback_url(public_url: str | None) -> str | None:
    """Return where Heroku sends a browser back to; None where our own address is not known."""
    return f"{public_url}{PATH}" if public_url is not None else None


@dataclass(frozen=True, slots=True)
class Provided:
    """A client; with its secret only where the listener does not have it yet."""

    id: str
    redirect_uri: str
    secret: str | None = field(repr=False)


class LoginClientDesk:
    """Provides the client, and tells how it is."""

    def __init__(
        self,
        database: Database,
        oauth: Callable[[], OAuth],
        *,
        client: LoginClient | None,
        address: Callable[[], str | None],
    ) -> None:
        self._database = database
        self._oauth = oauth
        self._client = client
        self._address = address

    def provide(self, *, by: str) -> Provided:
        """Make the client, or find the one that is there; safe to repeat.

        The secret is told for whoever sets it on the listener's app, as long as the listener lacks
        it. Raises Conflict where our address is not known, HerokuUnreadable.
        """
        with closing(self._oauth()) as oauth:
            found = self._found(HerokuCall("No OAuth client was made."), oauth)
        is_ours = self._client is not None and self._client.id == found.id
        return self._provided("provided", found, None if is_ours else found.secret, by)

    def rotate(self, *, by: str) -> Provided:
        """Give the client another secret, and tell it: whoever read the one before has nothing.

        Until it is set on the listener's app nobody logs in. Raises as `provide` does.
        """
        ask = HerokuCall("No new secret is known: run it again.")
        with closing(self._oauth()) as oauth:
            found = self._found(ask, oauth)
            made = _with_secret(ask(oauth.rotate_client, found.id))
        return self._provided("rotated", made, made.secret, by)

    def _found(self, ask: HerokuCall, oauth: OAuth) -> OAuthClient:
        if (url := callback_url(self._address())) is None:
            message = "The listener does not know its own address: set PUBLIC_URL on its app."
            raise Conflict("no_public_url", message)
        known = ask(oauth.clients)
        for client in known:
            if self._client is not None and client.id == self._client.id:
                if client.redirect_uri != url:
                    return ask(oauth.move_client, client.id, redirect_uri=url)
                return client
        for client in known:
            if client.redirect_uri == url and client.secret:
                return client
        return _with_secret(ask(oauth.create_client, name=_name(url), redirect_uri=url))

    def _provided(self, done: str, found: OAuthClient, secret: str | None, by: str) -> Provided:
        with self._database.begin() as conn:
            audit.record(
                conn,
                by=by,
                action=f"oauth_client.{done}",
                subject_type="oauth_client",
                subject_id=found.id,
                after={"redirect_uri": found.redirect_uri, "secret_told": secret is not None},
            )
        return Provided(found.id, found.redirect_uri, secret)

    def examine(self, ask: HerokuCall, public_url: str | None) -> Finding:
        """Tell how people log in, and whether they can at this address, if it is known."""
        if self._client is None:
            return Finding(
                name=NAME,
                state=State.WARNING,
                message=UNBOUND,
                why="Any program that a person lets know who they are, another listener too, can"
                " log in here as that person.",
                mend=MEND,
            )
        with closing(self._oauth()) as oauth:
            seen = attempt(ask, partial(oauth.client, self._client.id))
        return _judged(self._client.id, seen, callback_url(public_url))


def _judged(id: str, seen: OAuthClient | Unread, url: str | None) -> Finding:
    if isinstance(seen, Unread) and seen.status != GONE:
        return seen.finding(NAME)
    if isinstance(seen, Unread):
        return _broken(f"Heroku knows no OAuth client {id}.", "Nobody can log in.")
    if url is not None and seen.redirect_uri != url:
        message = f"The OAuth client is for {seen.redirect_uri}, and the listener has {url}."
        return _broken(message, "`autopromote login` sends a code to no other address.")
    message = f"People log in by a code for the listener's OAuth client {id}."
    return Finding(name=NAME, state=State.OK, message=message)


def _with_secret(made: OAuthClient) -> OAuthClient:
    if not made.secret:
        raise HerokuUnreadable("Heroku told no secret of the OAuth client.")
    return made


def _broken(message: str, why: str) -> Finding:
    return Finding(name=NAME, state=State.BROKEN, message=message, why=why, mend=MEND)


def _name(url: str) -> str:
    """Return what people read when Heroku asks them whether they let the client know them."""
    return f"autopromote at {urlsplit(url).hostname}"
