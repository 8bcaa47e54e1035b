"""What says to GitHub that we are an App: a JSON Web Token that the App's private key signed.

Ours are only ever made, never read, so the eight lines of it need no library of its own.
"""

from __future__ import annotations

import base64
import json

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_HEADER = {"alg": "RS256", "typ": "JWT"}
# In seconds; GitHub takes ten minutes at most, by its own clock.
BEFORE, AFTER = 60, 540


def read_key(pem: str) -> rsa.RSAPrivateKey:
    """Read an RSA key in PEM; a config var may spell out its line breaks. Raises ValueError."""
    text = pem.replace("\\r", "").replace("\\n", "\n").strip()
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without its cause, which may show a part of the key.
        raise ValueError("it must be the private key of a GitHub App, in PEM.") from None
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    raise ValueError("it must be an RSA key, as GitHub makes it for an App.")


def app_token(app_id: str, key: rsa.RSAPrivateKey, *, at: int) -> str:
    """Return a token that is good for minutes around a time, in seconds since 1970."""
    claims = {"iss": app_id, "iat": at - BEFORE, "exp": at + AFTER}
    return signed(_as_json(_HEADER), _as_json(claims), key)


def signed(header: bytes, claims: bytes, key: rsa.RSAPrivateKey) -> str:
    """Sign a header and claims as RFC 7515 has it, by RS256."""
    content = _encoded(header) + b"." + _encoded(claims)
    signature = key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    return (content + b"." + _encoded(signature)).decode("ascii")


def _as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
