"""Tokens and browser sessions: whose they are, since when and until when.

A text that is signed names a row, and opens nothing without it: every process asks for the row in
every request, so what is revoked is refused everywhere from the next request on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Text,
    any_,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from listener.db.access_tables import access_token as table
from listener.db.access_tables import is_of
from listener.db.fixed import Fixed, value
from listener.db.queue import PAGE, notify
from listener.roles import Rights, Role

KEPT = timedelta(days=90)  # what ended, to tell who was here
USED_EVERY = timedelta(
    minutes=1
)  # how exactly the last use is known: no request but one a minute writes it
MARK = "token:"  # before the name of a machine's token, where the name of a person may stand


def is_machine(holder: str) -> bool:
    """Return whether it is a machine that acts by this name."""
    return holder.startswith(MARK)


class Kind(StrEnum):
    """What a row stands for."""

    LOGIN = "login"
    BROWSER = "browser"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token or session to be."""

    id: str
    kind: Kind
    email: str
    expires_at: datetime
    made_from: str | None
    name: str | None = None
    role: str | None = None
    apps: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token or session; `email` of a machine's is who made it."""

    id: str
    kind: Kind
    email: str
    name: str | None
    role: str | None
    apps: Sequence[str] | None
    made_from: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None

    @property
    def holder(self) -> str:
        """Who acts by it: an e-mail address, or `token:NAME`."""
        return self.email if self.name is None else f"{MARK}{self.name}"

    @property
    def is_machine(self) -> bool:
        """Whether a machine acts by it."""
        return self.kind is Kind.MACHINE

    @property
    def rights(self) -> Rights | None:
        """What a machine may do; None where what is stored is understood no more."""
        try:
            return Rights.of(Role(self.role or ""), self.apps)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Found:
    """A token that is good, and whether its use is to be noted."""

    row: TokenRow
    is_use_due: bool


def add(conn: Connection, new: NewToken) -> bool:
    """Store a token or session, unless a machine's of that name is good; return whether it was.

    Delete those that ended long ago.
    """
    conn.execute(delete(table).where(table.c.expires_at < func.now() - literal(KEPT)))
    values = {name: getattr(new, name) for name in NewToken.__dataclass_fields__}
    values["apps"] = None if new.apps is None else list(new.apps)
    statement = insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)
    is_new = conn.execute(statement).first() is not None
    if is_new:
        notify(conn, PAGE)
    return is_new


def find(conn: Connection, id: str) -> Found | None:
    """Return a token or session; None where there is none, or it was revoked."""
    row = _FIND.first(conn, id=id)
    return None if row is None else Found(_row(row), row.is_use_due)


_FIND = Fixed(
    select(
        table,
        func.coalesce(table.c.last_used_at < func.now() - literal(USED_EVERY), true()).label(
            "is_use_due"
        ),
    ).where(table.c.id == value("id", Text), table.c.revoked_at.is_(None))
)


def good(conn: Connection, ids: Collection[str]) -> set[str]:
    """Return which of these tokens and sessions are good now."""
    return {row.id for row in _GOOD.rows(conn, ids=list(ids))}


_GOOD = Fixed(
    select(table.c.id).where(
        table.c.id == any_(value("ids", ARRAY(Text))),
        table.c.revoked_at.is_(None),
        table.c.expires_at > func.now(),
    )
)


def note_use(conn: Connection, id: str) -> bool:
    """Note that a token is used now, unless that was noted within the minute; tell if for once."""
    return _NOTE_USE.write(conn, id=id) == 1


_NOTE_USE = Fixed(
    update(table)
    .where(
        table.c.id == value("id", Text),
        or_(
            table.c.last_used_at.is_(None),
            table.c.last_used_at < func.now() - literal(USED_EVERY),
        ),
    )
    .values(last_used_at=func.now())
)


def revoke(conn: Connection, id: str, *, by: str) -> bool:
    """End one token or session; return whether it was good until now."""
    return bool(_revoke(conn, table.c.id == id, by=by))


def revoke_of(
    conn: Connection, email: str | None, *, by: str, but: str | None = None
) -> list[TokenRow]:
    """End what this person, None for everybody, logged in; machines go on. Return what ended.

    `but` is the id of a login that goes on.
    """
    whose = [] if email is None else [is_of(table, email)]
    others = [] if but is None else [table.c.id != but]
    return _revoke(conn, table.c.kind != Kind.MACHINE, *whose, *others, by=by)


def revoke_login(conn: Connection, id: str, *, of: str, by: str) -> TokenRow | None:
    """End this login of this person; return it, None where there is none that is good."""
    found = _revoke(conn, table.c.id == id, table.c.kind != Kind.MACHINE, is_of(table, of), by=by)
    return found[0] if found else None


def revoke_machine(conn: Connection, name: str, *, by: str) -> TokenRow | None:
    """End the token of a machine; return it, None where there is none that is good."""
    found = _revoke(conn, table.c.kind == Kind.MACHINE, table.c.name == name, by=by)
    return found[0] if found else None


def make_way(conn: Connection, name: str) -> None:
    """Free the name of a machine's token that has expired."""
    is_over = table.c.name == name, table.c.revoked_at.is_(None), table.c.expires_at <= func.now()
    conn.execute(update(table).where(*is_over).values(revoked_at=table.c.expires_at))


def _revoke(conn: Connection, *which: ColumnElement[bool], by: str) -> list[TokenRow]:
    values = {"revoked_at": func.now(), "revoked_by": by}
    statement = update(table).where(*which, *_is_good()).values(values).returning(table)
    rows = [_row(row) for row in conn.execute(statement)]
    if rows:
        notify(conn, PAGE)
    return rows


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody who logged in within the time that rows are kept."""

    email: str
    logged_in_at: datetime
    last_used_at: datetime | None


def list_seen(conn: Connection) -> list[Seen]:
    """Return who logged in, whoever did last first; an address counts in any case."""
    email, at = func.lower(table.c.email), func.max(table.c.created_at)
    query = (
        select(func.max(table.c.email), at, func.max(table.c.last_used_at))
        .where(table.c.kind != Kind.MACHINE)
        .group_by(email)
        .order_by(at.desc(), email)
    )
    return [Seen(*row) for row in conn.execute(query)]


def addresses(conn: Connection, *, within: timedelta, most: int) -> list[str]:
    """Return from where people logged in within this time, at most so many, the last first."""
    query = (
        select(table.c.made_from)
        .where(
            table.c.kind != Kind.MACHINE,
            table.c.made_from.is_not(None),
            table.c.created_at > func.now() - literal(within),
        )
        .group_by(table.c.made_from)
        .order_by(func.max(table.c.created_at).desc())
        .limit(most)
    )
    return list(conn.execute(query).scalars())


def has_been_seen(conn: Connection, email: str) -> bool:
    """Return whether this person logged in within the time that rows are kept."""
    own = table.c.kind != Kind.MACHINE, is_of(table, email)
    return conn.execute(select(table.c.id).where(*own).limit(1)).first() is not None


def list_logins(conn: Connection, email: str | None = None) -> list[TokenRow]:
    """Return the tokens and browser sessions that are good, newest first; of one person, or all."""
    whose = [] if email is None else [is_of(table, email)]
    return _list(conn, table.c.kind != Kind.MACHINE, *whose)


def list_machines(conn: Connection, *, made_by: str | None = None) -> list[TokenRow]:
    """Return the tokens of machines that are good, newest first; of all, or of who made them."""
    whose = [] if made_by is None else [is_of(table, made_by)]
    return _list(conn, table.c.kind == Kind.MACHINE, *whose)


def _list(conn: Connection, *which: ColumnElement[bool]) -> list[TokenRow]:
    query = select(table).where(*which, *_is_good())
    query = query.order_by(table.c.created_at.desc(), table.c.id)
    return [_row(row) for row in conn.execute(query)]


def _is_good() -> tuple[ColumnElement[bool], ...]:
    return table.c.revoked_at.is_(None), table.c.expires_at > func.now()


def _row(row: Any) -> TokenRow:
    values = {name: getattr(row, name) for name in TokenRow.__dataclass_fields__}
    return TokenRow(**values | {"kind": Kind(row.kind)})
