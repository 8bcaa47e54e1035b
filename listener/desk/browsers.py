"""The browsers' desk: a code that the command line prints logs a browser in once, for approvals.

A code, because it can be typed on a phone; ten characters of it, because nobody can guess those
in the five minutes that it lives.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from listener.keys import BadToken, Keys, Signed
from listener.store import tickets
from listener.store.engine import Database

CODE_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(hours=8)
FORM_LIFE = timedelta(hours=1)
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks like another
LENGTH = 10


@dataclass(frozen=True, slots=True)
class Code:
    """What a person types into the browser."""

    text: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Who uses the browser; what they may is decided anew for every request."""

    email: str
    id: str
    expires_at: datetime


class BrowsersDesk:
    """Gives out codes, sessions and forms, and knows them again."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def make_code(self, email: str, *, now: datetime) -> Code:
        """A new code for this person."""
        text = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        expires_at = now + CODE_LIFE
        with self._database.begin() as conn:
            tickets.add(conn, self._digest(text), email=email, expires_at=expires_at)
        return Code(f"{text[:5]}-{text[5:]}", expires_at)

    def log_in(self, code: str, *, now: datetime) -> Signed | None:
        """A session for whoever got this code; None where it is no good, or no good any more."""
        text = "".join(letter for letter in code.upper() if letter.isalnum())
        with self._database.begin() as conn:
            email = tickets.take(conn, self._digest(text), now=now)
        if email is None:
            return None
        said = {"email": email, "id": secrets.token_hex(16)}
        return self._keys.sessions.sign(said, until=now + SESSION_LIFE)

    def session(self, text: str, *, now: datetime) -> Session | None:
        """Whose session this is, if it is one of ours that lives."""
        try:
            said = self._keys.sessions.read(text, now=now)
        except BadToken:
            return None
        return Session(said["email"], said["id"], said["expires_at"])

    def form(self, session: Session, link: str, *, now: datetime) -> str:
        """What a form must bring along: good for this session and link, once."""
        said = {"session": session.id, "link": self._keys.digest(link)}
        until = min(now + FORM_LIFE, session.expires_at)
        return self._keys.forms.sign({**said, "id": secrets.token_hex(16)}, until=until).text

    def use_form(self, text: str, session: Session, link: str, *, now: datetime) -> bool:
        """Whether the form is of this session and link, and sent for the first time.

        Raises BadToken where it is of another, Expired where it was left open too long.
        """
        said = self._keys.forms.read(text, now=now)
        if (said["session"], said["link"]) != (session.id, self._keys.digest(link)):
            raise BadToken
        digest = self._keys.digest(f"form {said['id']}")
        with self._database.begin() as conn:
            return tickets.use(conn, digest, expires_at=said["expires_at"])

    def _digest(self, code: str) -> str:
        return self._keys.digest(f"code {code}")
