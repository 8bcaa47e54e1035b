"""Keys derived from SECRET_KEY, one set per purpose: to encrypt stored data, to sign tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeSerializer

MARK_LENGTH = 16
# A window of 8 kB, more than most bodies have. The 256 kB that zlib takes by itself come from the
# kernel, page by page and each time anew, which takes three times as long as to compress.
_WINDOW_BITS, _MEMORY_LEVEL = 13, 6
FERNET_VERSION = b"\x80"  # the first byte of what Fernet makes, before base64
AES_VERSION = b"\x81"  # and ours; Fernet's base64 begins with neither
NONCE_BYTES = 12


class DecryptionError(Exception):
    """No key that we have opens this."""


class BadToken(Exception):
    """We did not sign this token, or it has expired."""


class Expired(BadToken):
    """We did sign it, and its time is over."""


@dataclass(frozen=True, slots=True)
class TokenClaim:
    """Which row a token names; only that row says whose it is, and whether it is still good."""

    id: str
    expires_at: datetime


class Cipher:
    """Seals with the newest key, opens with any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        fernets = [Fernet(base64.urlsafe_b64encode(key)) for key in keys]
        self._newest = MultiFernet(fernets[:1])
        self._any = MultiFernet(fernets)

    def seal(self, content: bytes) -> bytes:
        """Encrypt with the newest key; only our keys open it."""
        return self._any.encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt what any of our keys sealed. Raises DecryptionError."""
        return _opened(self._any, sealed)

    def renew(self, sealed: bytes) -> bytes | None:
        """Seal again with the newest key; None if that key sealed it. Raises DecryptionError."""
        try:
            self._open_newest(sealed)
        except DecryptionError:
            return self.seal(self.open(sealed))
        return None

    def _open_newest(self, sealed: bytes) -> None:
        """Decrypt it with the newest key. Raises DecryptionError where another sealed it."""
        _opened(self._newest, sealed)


class PackedCipher(Cipher):
    """Seals in half the space; opens what a plain cipher with the same keys sealed, too.

    What it seals is compressed, and no text; the first byte tells the forms apart. It sealed by
    Fernet without its base64 once, which takes seven times as long as AES-GCM.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        super().__init__(keys)
        # Keys of their own: one key is for one algorithm.
        self._aes = [AESGCM(_derived(key, "AES-GCM")) for key in keys]

    def seal(self, content: bytes) -> bytes:
        """Compress, and encrypt with the newest key; only our keys open it."""
        packer = zlib.compressobj(wbits=_WINDOW_BITS, memLevel=_MEMORY_LEVEL)
        packed = packer.compress(content) + packer.flush()
        nonce = os.urandom(NONCE_BYTES)
        return AES_VERSION + nonce + self._aes[0].encrypt(nonce, packed, None)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt what any of our keys sealed, in any form. Raises DecryptionError."""
        if sealed.startswith(AES_VERSION):
            return zlib.decompress(_opened_by_aes(self._aes, sealed))
        content = super().open(self._token(sealed))
        return zlib.decompress(content) if _is_packed(sealed) else content

    def _open_newest(self, sealed: bytes) -> None:
        if sealed.startswith(AES_VERSION):
            _opened_by_aes(self._aes[:1], sealed)
        else:
            super()._open_newest(self._token(sealed))

    def _token(self, sealed: bytes) -> bytes:
        return base64.urlsafe_b64encode(sealed) if _is_packed(sealed) else sealed


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed text, and the moment from which it is good no more."""

    text: str = field(repr=False)
    expires_at: datetime


class Signer:
    """Signs for one purpose and for a time, with the newest key; reads what any key signed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        # Unlike Fernet, itsdangerous signs with the last key it is given.
        ours = {"digest_method": hashlib.sha256}
        self._serializer = URLSafeSerializer(list(reversed(keys)), signer_kwargs=ours)

    def sign(self, said: Mapping[str, Any], *, until: datetime) -> Signed:
        """Sign these fields as a text that only our keys make, good until that second."""
        ends = int(until.timestamp())
        text = str(self._serializer.dumps({**said, "expires": ends}))
        return Signed(text, datetime.fromtimestamp(ends, UTC))

    def read(self, text: str, *, now: datetime) -> dict[str, Any]:
        """Return the fields that were signed, with `expires_at`. Raises BadToken, Expired."""
        try:
            said = dict(self._serializer.loads(text))
            said["expires_at"] = datetime.fromtimestamp(said.pop("expires"), UTC)
        except (BadData, KeyError, TypeError, ValueError) as error:
            raise BadToken from error
        if now >= said["expires_at"]:
            raise Expired
        return said


class Keys:
    """Everything that hangs on SECRET_KEY; the newest key comes first."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys or not all(secret_keys):
            message = "No key may be empty."
            raise ValueError(message)
        self.secrets = Cipher([derived(key, "webhook secrets") for key in secret_keys])
        self.bodies = PackedCipher([derived(key, "delivery bodies") for key in secret_keys])
        self._mark = derived(secret_keys[0], "mark").hex()[:MARK_LENGTH]
        self.services = Cipher([derived(key, "notification services") for key in secret_keys])
        self.tokens = Signer([derived(key, "tokens") for key in secret_keys])
        self.links = Signer([derived(key, "approval links") for key in secret_keys])
        self.walls = Signer([derived(key, "wall links") for key in secret_keys])
        self.sessions = Signer([derived(key, "browser sessions") for key in secret_keys])
        self.states = Signer([derived(key, "browser logins at Heroku") for key in secret_keys])
        self.forms = Signer([derived(key, "approval forms") for key in secret_keys])
        self._digests = derived(secret_keys[0], "one-time codes")
        self._events = [derived(key, "events").hex() for key in secret_keys]

    @property
    def mark(self) -> str:
        """What this installation shows of itself in public, to know itself again."""
        return self._mark

    def seal(self, secret: bytes) -> bytes:
        """Encrypt a webhook secret, so that it can be stored."""
        return self.secrets.seal(secret)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt a webhook secret that was sealed. Raises DecryptionError."""
        return self.secrets.open(sealed)

    def read_token(self, text: str, *, now: datetime) -> TokenClaim:
        """Return which row a token names. Raises BadToken, also for one that names none."""
        return claim_of(self.tokens.read(text, now=now))

    def read_session(self, text: str, *, now: datetime) -> TokenClaim:
        """Return which row a browser's session names. Raises BadToken, also where it names none."""
        return claim_of(self.sessions.read(text, now=now))

    def event_secrets(self, owner: str, url: str) -> list[str]:
        """Return the keys under which the receiver at a URL gets its events, in base64.

        Each owner has others: who names a URL learns nothing of the keys of those who named it too.
        """
        named = f"{owner} {url}"  # no owner has a space
        return [base64.b64encode(derived(key, named)).decode() for key in self._events]

    def digest(self, code: str) -> str:
        """Return the digest to store of a one-time code: nobody finds the code from it."""
        return hmac.new(self._digests, code.encode(), hashlib.sha256).hexdigest()


def prepare() -> None:
    """Derive and encrypt once: what OpenSSL sets up for the first use, a fork of us has as well."""
    cipher = Cipher([derived("", "nothing")])
    cipher.open(cipher.seal(b""))


def claim_of(said: Mapping[str, Any]) -> TokenClaim:
    """Return which row was signed. Raises BadToken where none was, as until tokens were rows."""
    if not isinstance(id := said.get("id"), str):
        raise BadToken
    return TokenClaim(id, said["expires_at"])


def _is_packed(sealed: bytes) -> bool:
    return sealed.startswith(FERNET_VERSION)


def _opened(fernet: MultiFernet, sealed: bytes) -> bytes:
    try:
        return fernet.decrypt(sealed)
    except InvalidToken as error:
        raise DecryptionError from error


def _opened_by_aes(keys: Iterable[AESGCM], sealed: bytes) -> bytes:
    nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    for key in keys:
        with suppress(InvalidTag, ValueError):  # a nonce that was cut off is too short
            return key.decrypt(nonce, content, None)
    raise DecryptionError


def derived(key: str, purpose: str) -> bytes:
    """Derive one key per purpose, so that none can stand in for another."""
    return _derived(key.encode(), purpose)


def _derived(key: bytes, purpose: str) -> bytes:
    info = f"heroku-autopromote {purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(key)
