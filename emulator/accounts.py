"""Accounts, their tokens, and what a token may do."""

import base64
import binascii
from datetime import datetime, timedelta

from emulator.errors import NotFound, Unauthorized
from emulator.records import Account, Authorization
from emulator.state import State, new_id

NO_CREDENTIALS = (
    "There were no credentials in your `Authorization` header. Try "
    "`Authorization: Bearer <OAuth access token>` or "
    '`Authorization: Basic <base64-encoded email + ":" + password>`.'
)


def ensure_account(world: State, email: str) -> Account:
    """Return the account with this address; create it if there is none."""
    for account in world.accounts.values():
        if account.email == email:
            return account
    account = Account(new_id(), email, world.now())
    world.accounts[account.id] = account
    return account


def get_account(world: State, email: str) -> Account:
    """Return the account with this address. Raises NotFound."""
    for account in world.accounts.values():
        if account.email == email:
            return account
    raise NotFound("account")


def authorize(
    world: State,
    account: Account,
    *,
    scopes: tuple[str, ...] = ("global",),
    token: str | None = None,
    description: str = "",
    expires_in: int | None = None,
) -> Authorization:
    """Create a token for the account; it expires after `expires_in` seconds, or never."""
    now = world.now()
    authorization = Authorization(
        id=new_id(),
        account_id=account.id,
        token=token or f"HRKU-{new_id()}",
        access_id=new_id(),
        scopes=scopes,
        description=description,
        created_at=now,
        expires_at=None if expires_in is None else now + timedelta(seconds=expires_in),
    )
    world.authorizations[authorization.id] = authorization
    return authorization


def identify(world: State, header: str) -> Authorization:
    """Return the authorization of an Authorization header. Raises Unauthorized."""
    token = bearer(header)
    if not token:
        raise Unauthorized(NO_CREDENTIALS)
    authorization = find_token(world, token)
    if authorization is None or has_expired(authorization, world.now()):
        raise Unauthorized("Invalid credentials provided.")
    return authorization


def find_token(world: State, token: str) -> Authorization | None:
    """Return the newest authorization with this token, or None."""
    for authorization in reversed(world.authorizations.values()):
        if authorization.token == token:
            return authorization
    return None


def has_expired(authorization: Authorization, now: datetime) -> bool:
    """Return whether the authorization has expired."""
    return authorization.expires_at is not None and authorization.expires_at <= now


def bearer(header: str) -> str:
    """Return the token of `Bearer T`, or of Basic with an empty user; "" if there is none."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        return _basic_password(rest.strip())
    return ""


def _basic_password(encoded: str) -> str:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return "" if user else password
