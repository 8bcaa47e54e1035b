"""Tokens: given out as rows with a signed name, and asked for in every request that brings one."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.crypto import BadToken, Keys, Signed, Signer, claim_of
from listener.db import access_tokens, audit
from listener.db.access_tokens import Kind, NewToken, TokenRow
from listener.db.engine import Database
from listener.roles import Rights
from listener.services.caller import Caller
from listener.services.passes import Passes
from listener.services.refusals import Refusals

log = structlog.get_logger()

TOKEN_LIFE = timedelta(hours=12)
SESSION_LIFE = timedelta(hours=8)


class TokensDesk:
    """Gives out tokens and browser sessions, and finds whose they are."""

    def __init__(self, database: Database, keys: Keys, refusals: Refusals) -> None:
        self._database = database
        self._keys = keys
        self._refusals = refusals
        self.passes = Passes(self._good)  # of browser sessions that look at pages

    def log_in(self, email: str, rights: Rights, caller: Caller) -> Signed:
        """Give this person a token for twelve hours."""
        with self._database.begin() as conn:
            return self._start(conn, Kind.LOGIN, email, caller, rights=rights)

    def digest_of(self, proof: str) -> str:
        """Return by what a proof is remembered: nobody finds the proof from it."""
        return self._keys.digest(f"proof {proof}")

    def addresses(self, *, within: timedelta, most: int) -> list[str]:
        """Return from where people logged in within this time, whoever did last first."""
        with self._database.lend() as conn:
            return access_tokens.addresses(conn, within=within, most=most)

    def log_in_browser(self, email: str, caller: Caller) -> Signed:
        """Log the browser of this person in for eight hours."""
        with self._database.begin() as conn:
            return self.start_session(conn, email, caller)

    def start_session(self, conn: Connection, email: str, caller: Caller) -> Signed:
        """Log the browser of this person in for eight hours, in this transaction."""
        return self._start(conn, Kind.BROWSER, email, caller)

    def find(self, text: str, caller: Caller) -> TokenRow:
        """Return the row of a token that is good now. Raises BadToken."""
        row = self._found(self._keys.tokens, text, caller)
        if row.kind is Kind.BROWSER:
            raise BadToken
        return row

    def find_session(self, text: str, caller: Caller) -> TokenRow:
        """Return the row of a browser session that is good now. Raises BadToken."""
        row = self._found(self._keys.sessions, text, caller)
        if row.kind is not Kind.BROWSER:
            raise BadToken
        return row

    def _good(self, ids: Collection[str]) -> set[str]:
        with self._database.lend() as conn:
            return access_tokens.good(conn, ids)

    def log_out(self, row: TokenRow) -> None:
        """End a token, as its holder wishes; safe to repeat."""
        with self._database.begin() as conn:
            if access_tokens.revoke(conn, row.id, by=row.holder):
                action = "person.logged_out" if row.name is None else "token.given_back"
                record_end(conn, row, action, by=row.holder)

    def _start(
        self,
        conn: Connection,
        kind: Kind,
        email: str,
        caller: Caller,
        *,
        rights: Rights | None = None,
    ) -> Signed:
        life, signer = _OF_PEOPLE[kind], self._signer(kind)
        id = secrets.token_hex(16)
        signed = signer.sign({"id": id, "email": email}, until=caller.now + life)
        new = NewToken(
            id=id,
            kind=kind,
            email=email,
            expires_at=signed.expires_at,
            made_from=caller.address,
        )
        access_tokens.add(conn, new)
        told = {"as": kind, "from": caller.address, "expires_at": signed.expires_at.isoformat()}
        audit.record(
            conn,
            by=email,
            action="person.logged_in",
            subject_type="person",
            subject_id=email,
            after=told if rights is None else {**told, "role": str(rights)},
        )
        return signed

    def _signer(self, kind: Kind) -> Signer:
        return self._keys.sessions if kind is Kind.BROWSER else self._keys.tokens

    def _found(self, signer: Signer, text: str, caller: Caller) -> TokenRow:
        said = signer.read(text, now=caller.now)
        with self._database.lend() as conn:
            found = access_tokens.find(conn, claim_of(said).id)
        if found is None:  # we signed it, so it was revoked
            self._refusals.note("token_revoked", caller, email=said.get("email"))
            raise BadToken
        if found.is_use_due:
            self._note_use(found.row, caller)
        return found.row

    def _note_use(self, row: TokenRow, caller: Caller) -> None:
        """Note the use to the minute; a database that takes no writes is asked all the same."""
        try:
            with self._database.begin() as conn:
                is_noted = access_tokens.note_use(conn, row.id)
                if is_noted and row.last_used_at is None and row.kind is Kind.MACHINE:
                    _record_first_use(conn, row, caller)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("use_not_noted", error=type(error).__name__)


_OF_PEOPLE = {Kind.LOGIN: TOKEN_LIFE, Kind.BROWSER: SESSION_LIFE}


def record_end(conn: Connection, row: TokenRow, action: str, *, by: str) -> None:
    """Leave an audit entry about a token that ended."""
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="person" if row.name is None else "token",
        subject_id=row.name or row.email,
        before={"as": row.kind, "from": row.made_from},
    )


def _record_first_use(conn: Connection, row: TokenRow, caller: Caller) -> None:
    audit.record(
        conn,
        by=row.holder,
        action="token.first_used",
        subject_type="token",
        subject_id=row.name or "",
        after={"from": caller.address},
    )
