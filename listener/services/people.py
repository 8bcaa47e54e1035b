"""People: who has logged in, and how that ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from listener.db import access_tokens, audit, one_time_codes
from listener.db.access_tokens import Kind, TokenRow
from listener.db.engine import Database
from listener.errors import NotFound
from listener.roles import Rights, Roles
from listener.services.tokens import record_end


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody who has logged in, what that person may do now, and what is still good."""

    email: str
    rights: Rights | None
    logged_in_at: datetime
    last_used_at: datetime | None
    tokens: Sequence[TokenRow]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, what that person may do now, and the logins that are good."""

    email: str
    rights: Rights | None
    logins: tuple[TokenRow, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended, and the tokens of machines that go on: whoever made them may know them."""

    tokens: Sequence[TokenRow]
    codes: int
    machines: Sequence[TokenRow]
    message: str

    def count(self, kind: Kind) -> int:
        """Return how many of this kind ended."""
        return sum(token.kind is kind for token in self.tokens)


class PeopleDesk:
    """Shows who has logged in, and ends it."""

    def __init__(self, database: Database, roles: Roles) -> None:
        self._database = database
        self._roles = roles

    def list_(self) -> list[PersonView]:
        """List who has logged in within the last 90 days, whoever did last first."""
        with self._database.begin() as conn:
            seen, logins = access_tokens.list_seen(conn), access_tokens.list_logins(conn)
        tokens: defaultdict[str, list[TokenRow]] = defaultdict(list)
        for token in logins:
            tokens[token.email.lower()].append(token)
        return [
            PersonView(
                one.email,
                self._roles.of(one.email),
                one.logged_in_at,
                one.last_used_at,
                tokens[one.email.lower()],
            )
            for one in seen
        ]

    def find(self, email: str) -> Person:
        """Return what somebody is logged in with. Raises NotFound as `revoke` does."""
        rights = self._roles.of(email)
        with self._database.begin() as conn:
            _check_known(conn, email, rights)
            return Person(email, rights, tuple(access_tokens.list_logins(conn, email)))

    def log_out(self, id: str, *, of: str, by: str) -> None:
        """End one login of this person. Raises NotFound where it has ended."""
        with self._database.begin() as conn:
            row = access_tokens.revoke_login(conn, id, of=of, by=by)
            if row is None:
                raise NotFound("login", "That login has ended already.")
            if _is_same(of, by):
                record_end(conn, row, "person.logged_out", by=by)
            else:
                _record(conn, row.email, [row], by=by)

    def log_out_others(self, email: str, *, but: str) -> None:
        """End all that this person has, and the one-time codes, but for one login."""
        with self._database.begin() as conn:
            tokens, _ = _end(conn, email, by=email, but=but)
            for token in tokens:
                record_end(conn, token, "person.logged_out", by=email)

    def revoke(self, email: str, *, by: str) -> Ended:
        """End all tokens, browser sessions and one-time codes of this person.

        Raises NotFound for somebody who has not logged in and has no role.
        """
        rights = self._roles.of(email)
        with self._database.begin() as conn:
            _check_known(conn, email, rights)
            tokens, codes = _end(conn, email, by=by)
            _record(conn, email, tokens, by=by)
            machines = access_tokens.list_machines(conn, made_by=email)
        return Ended(tokens, codes, machines, _outlook(email, rights))

    def revoke_all(self, *, by: str) -> Ended:
        """End all tokens, browser sessions and one-time codes of everybody."""
        with self._database.begin() as conn:
            tokens, codes = _end(conn, None, by=by)
            for email in sorted({token.email for token in tokens}):
                _record(conn, email, [each for each in tokens if each.email == email], by=by)
            machines = access_tokens.list_machines(conn)
        return Ended(tokens, codes, machines, "Whoever has a role can log in again.")


def _check_known(conn: Connection, email: str, rights: Rights | None) -> None:
    if rights is None and not access_tokens.has_been_seen(conn, email):
        raise NotFound("person", f"Nobody has logged in as {email}.")


def _is_same(email: str, other: str) -> bool:
    return email.lower() == other.lower()


def _end(
    conn: Connection, email: str | None, *, by: str, but: str | None = None
) -> tuple[list[TokenRow], int]:
    # The codes first: whoever uses one at this moment has a session by the time we end those.
    codes = one_time_codes.forget(conn, email)
    return access_tokens.revoke_of(conn, email, by=by, but=but), codes


def _outlook(email: str, rights: Rights | None) -> str:
    if rights is None:
        return f"{email} has no role here, and cannot log in again."
    return (
        f"{email} is {rights}, and can log in again: put !{email} into AUTOPROMOTE_ADMINS,"
        " _APPROVERS or _VIEWERS to prevent it."
    )


def _record(conn: Connection, email: str, tokens: Sequence[TokenRow], *, by: str) -> None:
    kinds = [token.kind for token in tokens]
    audit.record(
        conn,
        by=by,
        action="person.revoked",
        subject_type="person",
        subject_id=email,
        before={"tokens": kinds.count(Kind.LOGIN), "sessions": kinds.count(Kind.BROWSER)},
    )
