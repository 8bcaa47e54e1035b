"""Login: Heroku says who somebody is, and the settings say which role they have."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from listener.crypto import BadToken, Keys, Signed
from listener.db import audit, one_time_codes
from listener.db.engine import Database
from listener.errors import Busy, Forbidden, Unauthorized
from listener.heroku import Account
from listener.roles import Rights, Roles
from listener.services.caller import Caller
from listener.services.identity import Identities, Proof
from listener.services.login_limits import (
    LATELY,
    MOST_KNOWN,
    AddressBudgets,
    KnownAddresses,
    Line,
    RememberedRefusals,
)
from listener.services.refusals import Refusals
from listener.services.tokens import TokensDesk


@dataclass(frozen=True, slots=True)
class Login:
    """A new token, and what it is good for now."""

    token: Signed
    email: str
    rights: Rights


class Logins:
    """Gives out tokens to whoever proves at Heroku who he is."""

    def __init__(
        self, tokens: TokensDesk, refusals: Refusals, roles: Roles, identities: Identities
    ) -> None:
        self._tokens = tokens
        self._refusals = refusals
        self._roles = roles
        self._identities = identities
        self._remembered = RememberedRefusals()
        self._budgets = AddressBudgets()
        self._known = KnownAddresses(partial(tokens.addresses, within=LATELY, most=MOST_KNOWN))
        self._line = Line()

    def log_in(self, proof: Proof, caller: Caller) -> Login:
        """Make a token for whoever Heroku says this is. Raises Forbidden for one without a role."""
        email, rights = self._admitted(proof, caller)
        return Login(self._tokens.log_in(email, rights, caller), email, rights)

    def log_in_browser(self, proof: Proof, caller: Caller) -> Signed:
        """Start a session for whoever Heroku says this is. Raises Forbidden, too."""
        email, _ = self._admitted(proof, caller)
        return self._tokens.log_in_browser(email, caller)

    def _admitted(self, proof: Proof, caller: Caller) -> tuple[str, Rights]:
        account = self._account(proof, caller)
        rights = self._roles.of(account.email)
        if rights is None:
            message = (
                f"{account.email} has no role here:"
                " an admin can add the address to AUTOPROMOTE_VIEWERS, _APPROVERS or _ADMINS."
            )
            self._refusals.note("no_role", caller, email=account.email)
            raise Forbidden(message, id="no_role")
        self._budgets.give_back(caller.address)
        self._known.add(caller.address)
        return account.email, rights

    def _account(self, proof: Proof, caller: Caller) -> Account:
        """Ask Heroku who this is; note whom it refused."""
        try:
            return self._asked(proof, caller)
        except (Unauthorized, Forbidden) as refusal:
            self._refusals.note(refusal.id, caller)
            raise

    def _asked(self, proof: Proof, caller: Caller) -> Account:
        """Ask Heroku, unless it would be no use. Raises Busy, and what Heroku's answer means."""
        self._identities.check(proof)
        digest = self._tokens.digest_of(proof.text)
        self._remembered.check(digest, caller.now)
        self._known.refresh(caller.now)
        self._budgets.take(caller.address, caller.now)
        try:
            with self._line.place(caller.address, is_known=caller.address in self._known):
                return self._identities.account(proof)
        except Unauthorized as refusal:
            self._remembered.add(digest, refusal, caller.now)
            raise
        except Busy:
            self._budgets.give_back(caller.address)
            raise


CODE_LIFE = timedelta(minutes=5)
FORM_LIFE = timedelta(hours=1)
MOST_LOOKERS = 1000
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks like another
LENGTH = 10


@dataclass(frozen=True, slots=True)
class Code:
    """What a person types into the browser."""

    text: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Who uses the browser; the role is decided anew for every request."""

    email: str
    id: str
    expires_at: datetime


class BrowsersDesk:
    """Gives out codes, sessions and forms, and checks them."""

    def __init__(
        self, database: Database, keys: Keys, tokens: TokensDesk, refusals: Refusals
    ) -> None:
        self._database = database
        self._keys = keys
        self._tokens = tokens
        self._refusals = refusals
        self._budgets = AddressBudgets()  # nobody tries codes as fast as requests come
        self._lock = Lock()
        self._lookers: OrderedDict[bytes, Session] = OrderedDict()

    def make_code(self, email: str, caller: Caller) -> Code:
        """Make a new code for this person."""
        text = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        expires_at = caller.now + CODE_LIFE
        with self._database.begin() as conn:
            one_time_codes.add(conn, self._digest(text), email=email, expires_at=expires_at)
            audit.record(
                conn,
                by=email,
                action="code.created",
                subject_type="person",
                subject_id=email,
                after={"from": caller.address, "expires_at": expires_at.isoformat()},
            )
        return Code(f"{text[:5]}-{text[5:]}", expires_at)

    def log_in(self, code: str, caller: Caller) -> Signed | None:
        """Start a session for whoever got this code; None where it is wrong, used or too old.

        Raises Busy where too many from one address were wrong.

        Whoever revokes what a person has, deletes the codes first: so a session either was started
        before, and ends, or is not started.
        """
        self._budgets.take(caller.address, caller.now)
        text = "".join(letter for letter in code.upper() if letter.isalnum())
        with self._database.begin() as conn:
            email = one_time_codes.take(conn, self._digest(text), now=caller.now)
            if email is not None:
                self._budgets.give_back(caller.address)
                return self._tokens.start_session(conn, email, caller)
        self._refusals.note("code_refused", caller)
        return None

    def session(self, text: str, caller: Caller) -> Session | None:
        """Read whose session this is; None where it is not one of ours, or has ended."""
        try:
            row = self._tokens.find_session(text, caller)
        except BadToken:
            return None
        return Session(row.email, row.id, row.expires_at)

    def looker(self, text: str, caller: Caller) -> Session | None:
        """Read the same for what asks each second, as it was read before.

        A session that was ended is found out within half a second.
        """
        digest, passes = hashlib.sha256(text.encode()).digest(), self._tokens.passes
        with self._lock:
            known = self._lookers.get(digest)
        if known is not None and passes.is_good(known.id):
            return known
        found = self.session(text, caller)
        with self._lock:
            self._lookers.pop(digest, None)
            if found is not None:
                passes.note(found.id)
                self._lookers[digest] = found
            while len(self._lookers) > MOST_LOOKERS:
                self._lookers.popitem(last=False)
        return found

    def form(self, session: Session, link: str, *, now: datetime) -> str:
        """Sign what a form must bring along: good for this session and link, once."""
        said = {"session": session.id, "link": self._keys.digest(link)}
        until = min(now + FORM_LIFE, session.expires_at)
        return self._keys.forms.sign({**said, "id": secrets.token_hex(16)}, until=until).text

    def use_form(self, text: str, session: Session, link: str, *, now: datetime) -> bool:
        """Use a form of this session and link; return whether it is sent for the first time.

        Raises BadToken where it is of another, Expired where it was left open too long.
        """
        said = self._keys.forms.read(text, now=now)
        if (said["session"], said["link"]) != (session.id, self._keys.digest(link)):
            raise BadToken
        digest = self._keys.digest(f"form {said['id']}")
        with self._database.begin() as conn:
            return one_time_codes.use(conn, digest, expires_at=said["expires_at"])

    def _digest(self, code: str) -> str:
        return self._keys.digest(f"code {code}")
