"""Who asks, and what people did, as the API answers it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from listener.api import schemas
from listener.roles import Role


class Token(schemas.Answer):
    """A token of the listener's own."""

    token: str
    email: str
    role: Role
    expires_at: datetime


class LoginCode(schemas.Answer):
    """A code that logs a browser in once."""

    code: str
    expires_at: datetime


class Whoami(schemas.Answer):
    """Whom the listener takes the caller for, and what it is itself."""

    email: str
    role: Role
    token_expires_at: datetime
    version: str
    url: str


class Subject(schemas.Answer):
    """What was changed."""

    type: str
    id: str
    name: str | None


class AuditEntry(schemas.Answer):
    """Who changed what, when, from what to what."""

    id: str
    at: datetime
    by: str
    action: str
    subject: Subject
    before: Any
    after: Any
