"""Tokens of people who have logged in, without the way through Heroku."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from listener.crypto import Keys
from listener.db import access_tokens
from listener.db.access_tokens import Kind, NewToken
from listener.db.engine import Database
from listener.services.refusals import Refusals
from listener.services.tokens import TOKEN_LIFE, TokensDesk


def token_of(database: Database, keys: Keys, email: str, *, life: timedelta = TOKEN_LIFE) -> str:
    """Have somebody logged in; return the token."""
    id, until = secrets.token_hex(16), datetime.now(UTC) + life
    new = NewToken(id=id, kind=Kind.LOGIN, email=email, expires_at=until, made_from="192.0.2.1")
    with database.begin() as conn:
        access_tokens.add(conn, new)
    return keys.tokens.sign({"id": id, "email": email}, until=until).text


def bearer(token: str) -> dict[str, str]:
    """Return the headers of a request that brings a token."""
    return {"Authorization": f"Bearer {token}"}


def desk_of(database: Database, keys: Keys) -> TokensDesk:
    """Return a desk for tokens, as a second process has one."""
    return TokensDesk(database, keys, Refusals(database))
