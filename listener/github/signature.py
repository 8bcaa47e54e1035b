"""Whether a webhook delivery is GitHub's: the HMAC of its raw body, under a secret we share."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

HEADER = "X-Hub-Signature-256"
_SHAPE = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)


class BadSignature(Exception):
    """The body was not signed with our secret."""


@dataclass(frozen=True, slots=True)
class VerifiedBody:
    """Bytes known to be GitHub's; only this module makes one."""

    content: bytes = field(repr=False)


def sign(body: bytes, secret: str) -> str:
    """Sign a body the way GitHub does."""
    return f"sha256={hmac.digest(secret.encode(), body, hashlib.sha256).hex()}"


def is_well_formed(signature: str) -> bool:
    """Return whether some secret may have made this signature; anything else, none did."""
    return _SHAPE.fullmatch(signature) is not None


def verify(body: bytes, signature: str, secret: str) -> VerifiedBody:
    """Return the body, now known to be GitHub's. Raises BadSignature; an empty secret signs none.

    A header may hold anything, even text that no encoding knows.
    """
    given = signature.encode("utf-8", "surrogatepass")
    if secret and hmac.compare_digest(sign(body, secret).encode(), given):
        return VerifiedBody(body)
    raise BadSignature("The signature does not match.")
