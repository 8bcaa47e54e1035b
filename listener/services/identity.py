"""Who somebody is, as Heroku says: by a code for our own OAuth client, or by a bare token.

A bare token says whose it is, and not for whom it was made: any program that got one from its user
could log in here as that user. A code is for one client, and only who has its secret can use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from listener.errors import Conflict, Forbidden, Refusal, Unauthorized, Unavailable
from listener.heroku import (
    FORMS,
    REFRESH_TOKEN,
    AccessToken,
    Account,
    Heroku,
    HerokuError,
    OAuth,
    RateLimited,
    Refused,
)

log = structlog.get_logger()

UNREAD = frozenset({400, 422})  # Heroku understood the request, and not what is in it
UNSET = (
    "If Heroku refuses every login so, an admin may unset AUTOPROMOTE_OAUTH_ID and"
    " AUTOPROMOTE_OAUTH_SECRET: then a token of any program tells who somebody is."
)
NO_TOKENS = (
    "This listener takes no Heroku token, which any program that got one from you could bring, too:"
    " log in by `autopromote login`. An older one than this listener cannot."
)
NO_CLIENT = "This listener has no OAuth client of its own, so no code is for it."


@dataclass(frozen=True, slots=True)
class LoginClient:
    """The OAuth client of this very listener."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HerokuToken:
    """A token of somebody's at Heroku."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HerokuCode:
    """A code by which somebody at Heroku lets a client know who he is, once."""

    text: str = field(repr=False)


Proof = HerokuToken | HerokuCode


class Identities:
    """Asks Heroku who brings a proof, which is used once and kept nowhere."""

    def __init__(self, url: str, client: LoginClient | None) -> None:
        self._url = url
        self._client = client
        self._forms = list(FORMS)  # the one that Heroku took last comes first
        self._is_form_known = False

    def check(self, proof: Proof) -> None:
        """Raise Forbidden or Conflict where this listener takes no proof of this kind."""
        if isinstance(proof, HerokuToken) and self._client is not None:
            raise Forbidden(NO_TOKENS, id="heroku_token_not_taken")
        if isinstance(proof, HerokuCode) and self._client is None:
            raise Conflict("no_oauth_client", NO_CLIENT)

    def account(self, proof: Proof) -> Account:
        """Return whose proof this is. Raises Forbidden, Conflict, Unauthorized, Unavailable."""
        self.check(proof)
        try:
            if isinstance(proof, HerokuToken):
                return self._account(proof.text)
            return self._account_of_code(proof.text, self._secret())
        except HerokuError as error:
            _raise(error, proof)

    def _account(self, token: str) -> Account:
        with closing(Heroku(token, url=self._url)) as heroku:
            return heroku.account()

    def _account_of_code(self, code: str, secret: str) -> Account:
        redeemed = self._redeemed(code, secret)
        try:
            return self._account(redeemed.token)
        finally:
            self._end(redeemed)

    def _redeemed(self, code: str, secret: str) -> AccessToken:
        """Redeem a code, in whichever form Heroku reads: the schema's, or the RFC's.

        Once it took one, the other is tried only where the form itself is refused: else every
        code that a stranger makes up would be asked about twice.
        """
        *others, last = self._forms
        with closing(OAuth(None, url=self._url)) as oauth:
            for form in others:
                try:
                    return self._taken(form, oauth.redeem(code, secret=secret, form=form))
                except Refused as refused:
                    if not self._may_be_unread(refused):
                        raise
                    log.warning("oauth_form_refused", form=sorted(form), said=refused.message)
            return self._taken(last, oauth.redeem(code, secret=secret, form=last))

    def _may_be_unread(self, refused: Refused) -> bool:
        if isinstance(refused, RateLimited) or refused.status not in UNREAD:
            return False
        return not self._is_form_known or REFRESH_TOKEN in refused.message

    def _taken(self, form: Mapping[str, object], redeemed: AccessToken) -> AccessToken:
        if form != self._forms[0]:
            log.warning("oauth_form_taken", form=sorted(form))
            self._forms = [form, *(each for each in self._forms if each != form)]
        self._is_form_known = True
        return redeemed

    def _end(self, redeemed: AccessToken) -> None:
        """End the token, as far as Heroku lets it; nobody keeps it, and it ends by itself."""
        if redeemed.id is None:
            return
        try:
            with closing(OAuth(redeemed.token, url=self._url)) as oauth:
                oauth.end_token(redeemed.id)
        except HerokuError as error:
            log.info("oauth_token_not_ended", said=error.message)

    def _secret(self) -> str:
        if self._client is None:
            raise Conflict("no_oauth_client", NO_CLIENT)
        return self._client.secret


def _raise(error: HerokuError, proof: Proof) -> NoReturn:
    raise _refusal(error, proof) from error


def _refusal(error: HerokuError, proof: Proof) -> Refusal:
    if isinstance(error, RateLimited):
        message = f"Heroku does not answer now: {error.message}"
        return Unavailable(message, id="heroku_unavailable")
    if not isinstance(error, Refused):
        message = f"Heroku cannot be asked who you are: {error.message}"
        return Unavailable(message, id="heroku_unavailable")
    if isinstance(proof, HerokuToken):
        message = f"Heroku does not accept that token: {error.message}"
        return Unauthorized(message, id="heroku_token_refused")
    message = f"Heroku does not accept that code, which is good once: {error.message}\n{UNSET}"
    return Unauthorized(message, id="heroku_code_refused")
