"""Keys derived from SECRET_KEY, one set a purpose: to seal what is stored, and to sign tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeSerializer

MARK_LENGTH = 16
TOKEN_LIFE = timedelta(hours=12)


class SealBroken(Exception):
    """No key that we have opens this."""


class BadToken(Exception):
    """We did not sign this token, or it has expired."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks; what they may is decided anew for every request."""

    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A signed identity, to be given to that person alone."""

    text: str = field(repr=False)
    identity: Identity


class Seal:
    """Seals with the newest key, opens with any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        fernets = [Fernet(base64.urlsafe_b64encode(key)) for key in keys]
        self._newest = MultiFernet(fernets[:1])
        self._any = MultiFernet(fernets)

    def seal(self, content: bytes) -> bytes:
        """What only our keys open."""
        return self._any.encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises SealBroken."""
        return _opened(self._any, sealed)

    def renew(self, sealed: bytes) -> bytes | None:
        """The same under the newest key; None where it is already. Raises SealBroken."""
        try:
            _opened(self._newest, sealed)
        except SealBroken:
            return self.seal(self.open(sealed))
        return None


class Keys:
    """Everything that hangs on SECRET_KEY; the newest key comes first."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys or not all(secret_keys):
            message = "No key may be empty."
            raise ValueError(message)
        self.secrets = Seal([_derived(key, "webhook secrets") for key in secret_keys])
        self.bodies = Seal([_derived(key, "delivery bodies") for key in secret_keys])
        self._mark = _derived(secret_keys[0], "mark").hex()[:MARK_LENGTH]
        # Unlike Fernet, itsdangerous signs with the last key it is given.
        signing = [_derived(key, "tokens") for key in reversed(secret_keys)]
        self._tokens = URLSafeSerializer(signing, signer_kwargs={"digest_method": hashlib.sha256})

    @property
    def mark(self) -> str:
        """What this installation shows of itself in public, to know itself again."""
        return self._mark

    def seal(self, secret: bytes) -> bytes:
        """A webhook secret, fit to be stored."""
        return self.secrets.seal(secret)

    def open(self, sealed: bytes) -> bytes:
        """A webhook secret that was sealed. Raises SealBroken."""
        return self.secrets.open(sealed)

    def sign_token(self, email: str, *, now: datetime) -> Token:
        """A token for this person, good for twelve hours."""
        ends = int((now + TOKEN_LIFE).timestamp())
        text = self._tokens.dumps({"email": email, "expires": ends})
        return Token(str(text), Identity(email, datetime.fromtimestamp(ends, UTC)))

    def read_token(self, text: str, *, now: datetime) -> Identity:
        """Whose token this is. Raises BadToken."""
        try:
            said = self._tokens.loads(text)
            identity = Identity(said["email"], datetime.fromtimestamp(said["expires"], UTC))
        except (BadData, KeyError, TypeError) as error:
            raise BadToken from error
        if now >= identity.expires_at:
            raise BadToken
        return identity


def _opened(fernet: MultiFernet, sealed: bytes) -> bytes:
    try:
        return fernet.decrypt(sealed)
    except InvalidToken as error:
        raise SealBroken from error


def _derived(key: str, purpose: str) -> bytes:
    """A key of its own for each purpose, so that none can stand in for another."""
    info = f"heroku-autopromote {purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(key.encode())
