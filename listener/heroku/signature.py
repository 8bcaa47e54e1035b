"""Whether a webhook delivery is Heroku's: the HMAC of its raw body, under a secret we share."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

HEADER = "Heroku-Webhook-Hmac-SHA256"
_SHAPE = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)  # of 32 bytes in base64


class BadSignature(Exception):
    """The body was not signed with any secret of ours."""


@dataclass(frozen=True, slots=True)
class VerifiedBody:
    """Bytes known to be Heroku's; only this module makes one."""

    content: bytes = field(repr=False)


def sign(body: bytes, secret: str) -> str:
    """Sign a body the way Heroku does; the secret counts as text, never as hex."""
    digest = hmac.digest(_as_bytes(secret), body, hashlib.sha256)
    return base64.b64encode(digest).decode("ascii")


def is_well_formed(signature: str) -> bool:
    """Return whether some secret may have made this signature; anything else, none did."""
    return _SHAPE.fullmatch(signature) is not None


def matches(body: bytes, signature: str, secret: str) -> bool:
    """Return whether this secret made this signature; an empty one of either never does."""
    if not signature or not secret:
        return False
    # Bytes, because compare_digest refuses text that is not ASCII.
    return hmac.compare_digest(_as_bytes(sign(body, secret)), _as_bytes(signature))


def verify(body: bytes, signature: str, secrets: Iterable[str]) -> VerifiedBody:
    """Return the body, now known to be Heroku's."""
    for secret in secrets:  # several, so that one can be rotated out
        if matches(body, signature, secret):
            return VerifiedBody(body)
    raise BadSignature("The signature does not match.")


def _as_bytes(text: str) -> bytes:
    # A header may hold anything, even text that no encoding knows.
    return text.encode("utf-8", "surrogatepass")
