"""Logging in: Heroku says who somebody is, the settings say what they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore

from listener.errors import Busy, Forbidden, Unauthorized, Unavailable
from listener.heroku import Account, HerokuError, RateLimited, Refused
from listener.keys import Keys, Token
from listener.roles import Role, Roles

AT_ONCE = 2  # a request at Heroku may take ten seconds, and threads are few

Asks = Callable[[str], Account]


@dataclass(frozen=True, slots=True)
class Login:
    """A new token, and what it is good for now."""

    token: Token
    role: Role


class Logins:
    """Gives out tokens. The Heroku token is used once and kept nowhere."""

    def __init__(self, keys: Keys, roles: Roles, whose: Asks) -> None:
        self._keys = keys
        self._roles = roles
        self._whose = whose
        self._places = BoundedSemaphore(AT_ONCE)

    def log_in(self, heroku_token: str, *, now: datetime) -> Login:
        """A token for whoever Heroku says this is. Raises Forbidden for one without a role."""
        account = self._account(heroku_token)
        role = self._roles.of(account.email)
        if role is None:
            message = (
                f"{account.email} has no role here:"
                " an admin can add the address to AUTOPROMOTE_VIEWERS, _APPROVERS or _ADMINS."
            )
            raise Forbidden(message, id="no_role")
        return Login(self._keys.sign_token(account.email, now=now), role)

    def _account(self, heroku_token: str) -> Account:
        if not self._places.acquire(blocking=False):
            message = "Others are just logging in. Try again in a moment."
            raise Busy(message)
        try:
            return self._whose(heroku_token)
        except RateLimited as limited:
            message = f"Heroku does not answer now: {limited.message}"
            raise Unavailable(message, id="heroku_unavailable") from limited
        except Refused as refused:
            message = f"Heroku does not accept that token: {refused.message}"
            raise Unauthorized(message, id="heroku_token_refused") from refused
        except HerokuError as error:
            message = f"Heroku cannot be asked who you are: {error.message}"
            raise Unavailable(message, id="heroku_unavailable") from error
        finally:
            self._places.release()
