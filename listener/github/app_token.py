"""What says to GitHub that we are an App: a JSON Web Token that the App's private key signed.

Ours are only ever made, never read, so the eight lines of it need no library of its own.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a megabyte, which only a listener that is an App needs
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_HEADER = {"alg": "RS256", "typ": "JWT"}
# In seconds; GitHub takes ten minutes at most, by its own clock.
BEFORE, AFTER = 60, 540


def read_key(pem: str) -> RSAPrivateKey:
    """Read an RSA key in PEM; a config var may spell out its line breaks. Raises ValueError."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    text = pem.replace("\\r", "").replace("\\n", "\n").strip()
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without its cause, which may show a part of the key.
        raise ValueError("it must be the private key of a GitHub App, in PEM.") from None
    if isinstance(key, RSAPrivateKey):
        return key
    raise ValueError("it must be an RSA key, as GitHub makes it for an App.")


def app_token(app_id: str, key: RSAPrivateKey, *, at: int) -> str:
    """Return a token that is good for minutes around a time, in seconds since 1970."""
    claims = {"iss": app_id, "iat": at - BEFORE, "exp": at + AFTER}
    return signed(_as_json(_HEADER), _as_json(claims), key)


def signed(header: bytes, claims: bytes, key: RSAPrivateKey) -> str:
    """Sign a header and claims as RFC 7515 has it, by RS256."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    content = _encoded(header) + b"." + _encoded(claims)
    signature = key.sign(content, PKCS1v15(), SHA256())
    return (content + b"." + _encoded(signature)).decode("ascii")


def _as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
