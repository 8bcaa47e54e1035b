"""The tables. A promotion's row is its state machine; what is due is found by index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ACTIVE = text("status IN ('posting', 'releasing', 'verifying', 'rolling_back')")
UNFINISHED_BY_HAND = text(
    "rule_id IS NULL AND status IN ('waiting', 'posting', 'releasing', 'verifying', 'rolling_back')"
)
IS_DUE = text("due_at IS NOT NULL")


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(), primary_key=True)


def _time(name: str, *, is_required: bool = False) -> Column[object]:
    return Column(name, TIMESTAMP(timezone=True), nullable=not is_required)


def _now(name: str) -> Column[object]:
    return Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=func.now())


def _text(name: str, *, is_required: bool = False) -> Column[str]:
    return Column(name, Text, nullable=not is_required)


def _required(name: str, kind: type[TypeEngine[Any]], default: str) -> Column[object]:
    return Column(name, kind, nullable=False, server_default=text(default))


def _app(name: str, *, is_required: bool = True) -> Column[str]:
    return Column(name, Text, ForeignKey("app.id"), nullable=not is_required)


def _lease() -> list[SchemaItem]:
    """What a claim writes: who works on the row, until when, and what voids older claims."""
    return [
        _text("lease_owner"),
        _time("lease_until"),
        _required("fence", BigInteger, "0"),
        _required("attempt", Integer, "0"),
    ]


app = Table(
    "app",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name", is_required=True),
    _text("stack"),
    Column("generation", Text, nullable=False, server_default="cedar"),
    _required("is_container", Boolean, "false"),
    _text("build_stack"),
    _time("facts_at"),
    # The newest reading of its releases: when it was asked for, and when it arrived.
    _time("read_started_at"),
    _time("read_at"),
    _required("is_complete", Boolean, "false"),  # read back as far as old slugs still exist
    _text("pipeline_id"),
    _time("pipeline_at"),  # when the pipeline was read, whether there was one or not
    Column("known_version", Integer),
    _text("known_artifact"),
    _time("known_at"),
    _time("look_at"),
    _time("look_since"),
    _required("must_read", Boolean, "false"),  # not only on account of deliveries
    _text("look_error"),
    *_lease(),
    _now("created_at"),
    Index("ix_app_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
)

release = Table(
    "release",
    metadata,
    Column("app_id", Text, ForeignKey("app.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _text("id", is_required=True),
    _text("status", is_required=True),
    _text("artifact"),
    Column("artifact_type", Text, nullable=False, server_default="slug"),
    _required("is_current", Boolean, "false"),
    _text("commit"),
    _text("commit_message"),  # empty where Heroku was asked and tells none
    _text("stack"),
    Column("description", Text, nullable=False, server_default=""),
    _text("author"),
    _text("author_id"),
    _time("created_at"),
    _time("updated_at"),
    _now("seen_at"),
    Index("ix_release_id", "id"),
    Index("ix_release_app_id_artifact", "app_id", "artifact"),
)

rule = Table(
    "rule",
    metadata,
    _id(),
    _text("name", is_required=True),
    _text("mode", is_required=True),
    _text("strategy", is_required=True),
    _text("on_newer", is_required=True),
    _app("source_id"),
    Column("conditions", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("revision", Integer, nullable=False, server_default="1"),
    _text("created_by", is_required=True),
    _now("created_at"),
    _now("updated_at"),
    _time("removed_at"),
    Index("uq_rule_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
    Index("ix_rule_source_id", "source_id"),
)

rule_target = Table(
    "rule_target",
    metadata,
    Column("rule_id", BigInteger, ForeignKey("rule.id"), primary_key=True),
    Column("app_id", Text, ForeignKey("app.id"), primary_key=True),
    Column("baseline", Integer, nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),  # as people named them
    Index("ix_rule_target_app_id", "app_id"),
)

rule_revision = Table(
    "rule_revision",
    metadata,
    Column("rule_id", BigInteger, ForeignKey("rule.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("declared", JSONB, nullable=False),
    _text("by", is_required=True),
    _now("created_at"),
)

subscription = Table(
    "subscription",
    metadata,
    _id(),
    _app("app_id"),
    _text("heroku_id"),
    _text("url", is_required=True),
    Column("level", Text, nullable=False, server_default="sync"),
    Column("is_healthy", Boolean),
    _text("health"),
    _time("last_delivery_at"),
    _text("created_by", is_required=True),
    _now("created_at"),
    _now("updated_at"),
    _time("removed_at"),
    Index(
        "uq_subscription_app_id", "app_id", unique=True, postgresql_where=text("removed_at IS NULL")
    ),
)

secret = Table(
    "secret",
    metadata,
    _id(),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _text(
        "state", is_required=True
    ),  # pending: stored, not yet known to be at Heroku; current; previous
    _now("created_at"),
    _time("proved_at"),
    _time("valid_until"),
    Index("ix_secret_subscription_id", "subscription_id"),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # delivery id, else SHA-256 of the body
    Column("subscription_id", BigInteger, ForeignKey("subscription.id")),
    _app("app_id", is_required=False),
    _text("delivery_id"),
    _text("event_id"),
    _text("action"),
    _text("resource"),
    _text("release_id"),
    Column("version", Integer),
    _text("status"),
    _text("artifact"),
    _text("commit"),
    _text("stack"),
    Column("body", LargeBinary, nullable=False),
    _now("received_at"),
    _now("last_received_at"),
    Column("times", Integer, nullable=False, server_default="1"),
    _text("outcome"),
    _time("settled_at"),
    Index("ix_delivery_undecided", "app_id", postgresql_where=text("settled_at IS NULL")),
    Index("ix_delivery_release_id", "release_id"),
)

promotion = Table(
    "promotion",
    metadata,
    _id(),
    Column("kind", Text, nullable=False, server_default="promote"),
    Column("rule_id", BigInteger, ForeignKey("rule.id")),
    Column("rule_revision", Integer),
    Column("found_by", Text, nullable=False, server_default="webhook"),
    _app("source_id"),
    _text("release_id", is_required=True),
    Column("version", Integer, nullable=False),
    _text("artifact", is_required=True),
    Column("artifact_type", Text, nullable=False, server_default="slug"),
    _text("commit"),
    _app("target_id"),
    _text("target_release_id"),
    Column("target_version", Integer),
    _text("status", is_required=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("gates", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    _time("evaluated_at"),
    _time("due_at"),
    *_lease(),
    _time("errors_since"),
    _time("status_at"),
    _time("soaks_from"),
    _text("author"),
    Column("override", JSONB),
    _time("earliest_at"),
    Column("checked", JSONB),
    _time("checked_at"),
    Column("verification", JSONB),
    _text("created_by"),
    _now("created_at"),
    _now("updated_at"),
    _time("ended_at"),
    UniqueConstraint("rule_id", "release_id", "target_id"),
    Index(
        "uq_promotion_by_hand",
        "release_id",
        "target_id",
        "kind",
        unique=True,
        postgresql_where=UNFINISHED_BY_HAND,
    ),
    Index("uq_promotion_active", "target_id", unique=True, postgresql_where=ACTIVE),
    Index("ix_promotion_due_at", "due_at", postgresql_where=IS_DUE),
    Index("ix_promotion_source_id", "source_id"),
    Index("ix_promotion_target_id", "target_id"),
    Index("ix_promotion_ended", "target_id", "ended_at"),
)

promotion_event = Table(
    "promotion_event",
    metadata,
    _id(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    _text("event", is_required=True),
    Column("message", Text, nullable=False, server_default=""),
    Index("ix_promotion_event_promotion_id", "promotion_id"),
)

post = Table(
    "post",
    metadata,
    _id(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    _app("target_id"),
    _text("kind", is_required=True),
    Column("nonce", Text, nullable=False, unique=True),
    _text("artifact", is_required=True),
    Column("base_version", Integer, nullable=False),
    Column("base_artifact", Text),
    Column("sends", Integer, nullable=False, server_default="1"),
    # The committed time of the claim that may have sent last; looks are counted from it.
    _time("sent_at", is_required=True),
    _text("outcome"),
    _text("release_id"),
    Column("release_version", Integer),
    _now("created_at"),
    _time("settled_at"),
    Column("strategy", Text, nullable=False, server_default="slug"),
    # Whose account sends, where no nonce shows whose the release is: known before it is sent.
    _text("account_id"),
    _text("heroku_promotion_id"),  # of the pipeline promotion, once Heroku answered
    CheckConstraint("strategy = 'slug' OR account_id IS NOT NULL", name="ck_post_is_recognisable"),
    Index("ix_post_promotion_id", "promotion_id"),
    Index("ix_post_target_id", "target_id"),
)

hold = Table(
    "hold",
    metadata,
    _id(),
    _app("app_id", is_required=False),  # null: every target
    _text("kind", is_required=True),  # person, detected, guard
    _text("reason", is_required=True),
    _text("by", is_required=True),
    _time("starts_at"),
    _time("ends_at"),
    _now("created_at"),
    _time("released_at"),
    _text("released_by"),
    Index(
        "uq_hold_detected",
        "app_id",
        unique=True,
        postgresql_where=text("kind = 'detected' AND released_at IS NULL"),
    ),
    Index("ix_hold_open", "app_id", postgresql_where=text("released_at IS NULL")),
)

approval = Table(
    "approval",
    metadata,
    _id(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    _text("release_id", is_required=True),
    _text("artifact", is_required=True),
    _required("is_approved", Boolean, "true"),
    _text("by", is_required=True),
    _text("reason"),
    _now("created_at"),
    UniqueConstraint("promotion_id", "by"),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    _id(),
    _now("at"),
    _text("by", is_required=True),
    _text("action", is_required=True),
    _text("subject_type", is_required=True),
    _text("subject_id", is_required=True),
    _text("subject_name"),
    Column("before", JSONB),
    Column("after", JSONB),
    Index("ix_audit_entry_subject", "subject_type", "subject_id"),
)

notice = Table(
    "notice",
    metadata,
    _id(),
    _text("kind", is_required=True),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id")),
    Column("hold_id", BigInteger, ForeignKey("hold.id")),
    _text("title", is_required=True),
    _text("body", is_required=True),
    _time("due_at"),
    *_lease(),
    Column("reached", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # who got it
    _text("error"),
    Column("key", Text, unique=True),  # what is told once has one
    _now("created_at"),
    _time("sent_at"),
    Index("ix_notice_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

rule_service = Table(
    "rule_service",
    metadata,
    _id(),
    Column("rule_id", BigInteger, ForeignKey("rule.id"), nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    _text("shown", is_required=True),  # its URL without what is secret
    _text("mark", is_required=True),  # knows it again
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("rule_id", "mark"),
)

# What is good once: a code that logs a browser in, a form that was sent.
ticket = Table(
    "ticket",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("email"),
    _time("expires_at", is_required=True),
    _time("used_at"),
    Index("ix_ticket_expires_at", "expires_at"),
)

chore = Table(
    "chore",
    metadata,
    Column("name", Text, primary_key=True),
    _time("due_at"),
    *_lease(),
)

fact = Table(
    "fact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    _now("updated_at"),
)
