"""The tables of who comes in: tokens, browser sessions, walls, and what is good once."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from listener.db import columns

# A login of a person, a browser session, or a token for machines. The id stands in a text that is
# signed with SECRET_KEY: what is here lets nobody in.
access_token = Table(
    "access_token",
    columns.metadata,
    Column("id", Text, primary_key=True),
    columns.words("kind", is_required=True),  # login, browser, machine
    columns.words("email", is_required=True),  # whose it is; of a machine: who made it
    columns.words("name"),  # of a machine
    columns.words("role"),  # of a machine; a person's is decided anew for every request
    Column("apps", JSONB),  # of a machine: patterns of the apps that it is for; null: all
    columns.words("made_from"),  # the address
    columns.now("created_at"),
    columns.time("last_used_at"),  # to the minute
    columns.time("expires_at", is_required=True),
    columns.time("revoked_at"),
    columns.words("revoked_by"),
    CheckConstraint(
        "(kind = 'machine') = (name IS NOT NULL AND role IS NOT NULL)",
        name="ck_access_token_machine_is_named",
    ),
    Index("ix_access_token_email", text("lower(email)")),
    Index("ix_access_token_expires_at", "expires_at"),
    Index(
        "uq_access_token_name",
        "name",
        unique=True,
        postgresql_where=text("name IS NOT NULL AND revoked_at IS NULL"),
    ),
)

# One-time codes: a code that logs a browser in, a form that was sent.
ticket = Table(
    "ticket",
    columns.metadata,
    Column("digest", Text, primary_key=True),
    columns.words("email"),
    columns.time("expires_at", is_required=True),
    columns.time("used_at"),
    Index("ix_ticket_expires_at", "expires_at"),
)

# A link that shows the lanes of some apps without a login. As with tokens, what is here opens
# nothing: the link is signed with SECRET_KEY.
wall = Table(
    "wall",
    columns.metadata,
    Column("id", Text, primary_key=True),
    columns.words("name", is_required=True),
    Column("app_ids", JSONB, nullable=False),  # by which renamed apps are found
    columns.required("shows_names", Boolean, "false"),
    columns.words("made_by", is_required=True),
    columns.now("created_at"),
    columns.time("expires_at", is_required=True),
    columns.time("removed_at"),
    columns.words("removed_by"),
    Index("uq_wall_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
)


def is_of(table: Table, email: str) -> ColumnElement[bool]:
    """Match what is this person's: an address is the same in any case."""
    return func.lower(table.c.email) == email.lower()
