"""Logging a browser in at Heroku: it is sent there, and comes back with a code.

The state that goes with it is ours, and good in the one browser that was sent: so nobody can have
somebody else's browser come back with a code of their own.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from listener.crypto import BadToken, Expired, Keys
from listener.errors import Conflict, Forbidden

STATE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it keeps meanwhile."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


class BrowserLogins:
    """Sends browsers to Heroku, and knows them again."""

    def __init__(self, keys: Keys, *, id_url: str, client: str | None) -> None:
        self._keys = keys
        self._id_url = id_url
        self._client = client

    @property
    def is_possible(self) -> bool:
        """Whether there is an OAuth client for it."""
        return self._client is not None

    def send(self, back: str, *, now: datetime) -> Departure:
        """Send a browser off that shall come back to this path of ours. Raises Conflict."""
        if self._client is None:
            message = "This listener has no OAuth client: log in by `autopromote login:code`."
            raise Conflict("no_oauth_client", message)
        secret = secrets.token_hex(16)
        said = {"back": back, "browser": self._digest(secret)}
        query = {
            "client_id": self._client,
            "response_type": "code",
            "scope": "identity",
            "state": self._keys.states.sign(said, until=now + STATE_LIFE).text,
        }
        return Departure(f"{self._id_url}/oauth/authorize?{urlencode(query)}", secret)

    def receive(self, state: str, secret: str, *, now: datetime) -> str:
        """Return to which path this browser shall come back. Raises Conflict, Forbidden."""
        try:
            said = self._keys.states.read(state, now=now)
        except Expired as error:
            message = "That login took longer than ten minutes. Open the link again."
            raise Conflict("login_expired", message) from error
        except BadToken as error:
            raise Forbidden("That login was not begun here.", id="login_refused") from error
        if "back" not in said:  # an older listener sent it off, and told its link alone
            raise Conflict("login_expired", "Open the link again.")
        if not hmac.compare_digest(said["browser"], self._digest(secret)):
            message = "That login was begun in another browser. Open the link again."
            raise Forbidden(message, id="login_refused")
        return str(said["back"])

    def _digest(self, secret: str) -> str:
        return self._keys.digest(f"browser {secret}")
