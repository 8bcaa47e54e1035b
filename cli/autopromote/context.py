"""What a command has at hand: the listener, the store, the environment."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import click

from autopromote.errors import Failure, LoginExpired, Misuse, NotLoggedIn
from autopromote.hosts import heroku_url, trusted_url
from autopromote.store import Login, Store, directory

if TYPE_CHECKING:
    from autopromote.api import Listener

URL = "AUTOPROMOTE_URL"
TOKEN = "AUTOPROMOTE_TOKEN"  # noqa: S105 - the name of a variable


class Context:
    """Finds everything when it is first asked for, so that help and misuse cost nothing."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self.env = os.environ if env is None else env
        self.store = Store(directory(self.env))

    @cached_property
    def login(self) -> Login | None:
        """What the last login left, if it did."""
        return self.store.find()

    @property
    def is_interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty()

    def find_url(self) -> str | None:
        """Return where the listener is: `AUTOPROMOTE_URL`, else where the last login went."""
        if url := self.env.get(URL):
            return trusted_url(url, name=URL)
        return self.login.url if self.login else None

    @cached_property
    def listener(self) -> "Listener":
        """The listener, with the token for it.

        A stored token goes only to the URL that issued it, and is renewed when it has expired;
        one of the environment goes where the environment says, as it is.
        """
        url, token = self.whereabouts()
        is_given = bool(self.env.get(TOKEN))
        return self.reach(url, token, renew=None if is_given else lambda: self.renew(url))

    def whereabouts(self) -> tuple[str, str]:
        """Return the listener's URL, and the token that goes there."""
        url, token = self.find_url(), self.env.get(TOKEN)
        if url is None:
            raise (
                Misuse(f"{TOKEN} is set, but not for which listener. Set {URL}.")
                if token
                else NotLoggedIn()
            )
        if token:
            return url, token
        if self.login is None or self.login.url != url:
            raise NotLoggedIn
        return url, self.login.token

    def reach(
        self,
        url: str,
        token: str | None = None,
        *,
        renew: Callable[[], str] | None = None,
        seconds: float | None = None,
    ) -> "Listener":
        """Return the listener at that URL; with `seconds`, one that is given up so soon."""
        from autopromote.api import Listener

        return Listener(url, token, renew=renew, seconds=seconds)

    def renew(self, url: str) -> str:
        """Log in again, silently, and return the new token."""
        try:
            return self.log_in(url).token
        except Failure as failure:
            raise LoginExpired(failure.message) from failure

    def log_in(self, url: str, *, send_full_token: bool = False) -> Login:
        """Log in to the listener at that URL, and keep what it issued."""
        from autopromote.credentials import get_credential
        from autopromote.login import log_in
        from autopromote.roles import roles

        heroku = heroku_url(self.env)
        credential = get_credential(self.env, heroku)
        token = log_in(self.reach(url), heroku, credential, send_full_token=send_full_token)
        login = Login(
            url=url,
            token=token["token"],
            email=token["email"],
            role=roles(token.get("roles", ())) or token["role"],
            expires_at=token["expires_at"],
        )
        self.store.save(login)
        return login


pass_context = click.make_pass_decorator(Context, ensure=True)
