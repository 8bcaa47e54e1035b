"""Tokens for machines, such as CI: each has a name, a role, its apps and an end."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listener.crypto import Keys, Signed
from listener.db import access_tokens, audit
from listener.db.access_tokens import Kind, NewToken, TokenRow
from listener.db.engine import Database
from listener.errors import Conflict, Invalid, NotFound
from listener.roles import Rights, Role
from listener.services.caller import Caller

USUAL_LIFE, LONGEST_LIFE = timedelta(days=90), timedelta(days=366)
ROLES = (Role.VIEWER, Role.PROMOTER)  # approving and an admin's acts are for people alone


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A token for a machine to be: without `apps` for every app, without `expires_at` for 90 d."""

    name: str
    role: Role
    apps: Sequence[str] | None
    expires_at: datetime | None


class MachinesDesk:
    """Makes, lists and ends the tokens of machines."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def list_(self) -> list[TokenRow]:
        """List the tokens that are good, newest first."""
        with self._database.begin() as conn:
            return access_tokens.list_machines(conn)

    def create(self, wish: NewMachine, *, by: str, caller: Caller) -> tuple[TokenRow, Signed]:
        """Make a token; its text is shown this once. Raises Invalid, Conflict."""
        until = _checked(wish, caller.now)
        id = secrets.token_hex(16)
        new = NewToken(
            id=id,
            kind=Kind.MACHINE,
            email=by,
            name=wish.name,
            role=wish.role,
            apps=wish.apps,
            expires_at=until,
            made_from=caller.address,
        )
        with self._database.begin() as conn:
            access_tokens.make_way(conn, wish.name)
            if not access_tokens.add(conn, new):
                message = f"There is a token {wish.name}: revoke it first, or choose another name."
                raise Conflict("token_exists", message)
            found = access_tokens.find(conn, id)
            assert found is not None  # noqa: S101 - for the type checker
            _record(conn, found.row, "token.created", by=by)
        signed = self._keys.tokens.sign({"id": id, "email": found.row.holder}, until=until)
        return found.row, signed

    def revoke(self, name: str, *, by: str) -> TokenRow:
        """End the token of this name, with the next request at every process. Raises NotFound."""
        with self._database.begin() as conn:
            row = access_tokens.revoke_machine(conn, name, by=by)
            if row is None:
                raise NotFound("token", f"There is no token {name} that is good.")
            _record(conn, row, "token.revoked", by=by)
            return row


def _checked(wish: NewMachine, now: datetime) -> datetime:
    """Return when it ends. Raises Invalid."""
    if wish.role not in ROLES:
        raise Invalid(f"A machine's role is {' or '.join(ROLES)}.")
    try:
        Rights.of(wish.role, wish.apps)
    except ValueError as error:
        raise Invalid(f"apps: {error}.") from error
    until = wish.expires_at or now + USUAL_LIFE
    if not now < until <= now + LONGEST_LIFE:
        message = f"A token ends in the future, within {LONGEST_LIFE.days} days."
        raise Invalid(message)
    return until.replace(microsecond=0)


def _record(conn: Connection, row: TokenRow, action: str, *, by: str) -> None:
    is_new = row.revoked_at is None
    state = {
        "role": row.role,
        "apps": row.apps,
        "made_by": row.email,
        "from": row.made_from,
        "expires_at": row.expires_at.isoformat(),
    }
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="token",
        subject_id=row.name or "",
        before=None if is_new else state,
        after=state if is_new else None,
    )
