"""The tables. A promotion's row holds its state machine; due work is found by an index."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from listener.db import access_tables, columns, commit_tables, outbox_tables
from listener.db.state_tables import trouble

metadata = columns.metadata
ticket = access_tables.ticket  # all tables are known where these are
shipment = commit_tables.shipment
outbox = outbox_tables.outbox
rule_receiver = outbox_tables.rule_receiver
reading_number = Sequence("reading_number", metadata=metadata)  # the order of snapshots

ACTIVE = text("status IN ('posting', 'releasing', 'verifying', 'rolling_back')")
UNFINISHED_BY_HAND = text(
    "rule_id IS NULL AND status IN ('waiting', 'posting', 'releasing', 'verifying', 'rolling_back')"
)
UNFINISHED = text("status IN ('waiting', 'posting', 'releasing', 'verifying', 'rolling_back')")
IS_UNSETTLED = text("status NOT IN ('succeeded', 'expired', 'failed')")
IS_DUE = text("due_at IS NOT NULL")

app = Table(
    "app",
    metadata,
    Column("id", Text, primary_key=True),
    columns.words("name", is_required=True),
    columns.words("stack"),
    Column("generation", Text, nullable=False, server_default="cedar"),
    columns.required("is_container", Boolean, "false"),
    columns.words("build_stack"),
    columns.time("facts_at"),
    # The newest snapshot of its releases: its number, when it was asked for, when it arrived.
    Column("read_number", BigInteger),
    columns.time("read_started_at"),
    columns.time("read_at"),
    Column("read_newest", Integer),  # the highest version that it showed
    # The lowest, and of which snapshot: older code stores snapshots without it.
    Column("read_oldest", Integer),
    Column("read_oldest_of", BigInteger),
    columns.words("behind"),  # why later answers are behind what is known, and since when
    columns.time("behind_since"),
    columns.required("is_complete", Boolean, "false"),  # read back as far as old slugs still exist
    columns.words("pipeline_id"),
    columns.time("pipeline_at"),  # when the pipeline was read, whether there was one or not
    Column("known_version", Integer),
    columns.words("known_artifact"),
    columns.time("known_at"),
    # Versions up to the known one whose release phase had not ended then: they may run by now.
    Column("known_unsettled", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    columns.words("unclear"),  # what its snapshots show and nothing explains
    columns.time("unclear_at"),  # when a snapshot last confirmed that
    columns.required("unclear_times", Integer, "0"),
    columns.time("look_at"),
    columns.time("look_since"),
    columns.required("must_read", Boolean, "false"),  # not only on account of deliveries
    columns.words("look_error"),
    *columns.lease(),
    columns.now("created_at"),
    Index("ix_app_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
)

release = Table(
    "release",
    metadata,
    Column("app_id", Text, ForeignKey("app.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    columns.words("id", is_required=True),
    columns.choice("status", is_required=True),
    columns.words("artifact"),
    Column("artifact_type", Text, nullable=False, server_default="slug"),
    columns.required("is_current", Boolean, "false"),
    columns.words("commit"),
    columns.words("commit_message"),  # empty where Heroku was asked and tells none
    columns.words("stack"),
    Column("description", Text, nullable=False, server_default=""),
    columns.words("author"),
    columns.words("author_id"),
    columns.time("created_at"),
    columns.time("updated_at"),
    columns.now("seen_at"),
    # How many answers lacked it, since when, and since when it counts as gone.
    columns.required("times_missing", Integer, "0"),
    columns.time("missing_since"),
    columns.time("gone_at"),
    # Whether a look made what follows from it, since its end is known.
    columns.required("is_decided", Boolean, "false"),
    Index("ix_release_id", "id"),
    Index("ix_release_artifact", "app_id", "artifact", "version"),
    Index("ix_release_commit", "app_id", "commit", postgresql_where=text("commit IS NOT NULL")),
    Index("ix_release_current", "app_id", postgresql_where=text("is_current")),
    Index("ix_release_unsettled", "app_id", "version", postgresql_where=IS_UNSETTLED),
    Index("ix_release_undecided", "app_id", "version", postgresql_where=text("NOT is_decided")),
)

rule = Table(
    "rule",
    metadata,
    columns.id_(),
    columns.words("name", is_required=True),
    columns.words("mode", is_required=True),
    columns.words("strategy", is_required=True),
    columns.words("on_newer", is_required=True),
    columns.app_id("source_id"),
    Column("conditions", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("revision", Integer, nullable=False, server_default="1"),
    columns.words("created_by", is_required=True),
    columns.now("created_at"),
    columns.now("updated_at"),
    columns.time("removed_at"),
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
    columns.words("by", is_required=True),
    columns.now("created_at"),
)

subscription = Table(
    "subscription",
    metadata,
    columns.id_(),
    columns.app_id("app_id"),
    columns.words("heroku_id"),
    columns.words("url", is_required=True),
    Column("level", Text, nullable=False, server_default="sync"),
    Column("is_healthy", Boolean),
    columns.words("health"),
    columns.time("last_delivery_at"),
    columns.words("created_by", is_required=True),
    columns.now("created_at"),
    columns.now("updated_at"),
    columns.time("removed_at"),
    Index(
        "uq_subscription_app_id", "app_id", unique=True, postgresql_where=text("removed_at IS NULL")
    ),
)

secret = Table(
    "secret",
    metadata,
    columns.id_(),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    columns.words(
        "state", is_required=True
    ),  # pending: stored, not yet known to be at Heroku; current; previous
    columns.now("created_at"),
    columns.time("proved_at"),
    columns.time("valid_until"),
    Index("ix_secret_subscription_id", "subscription_id"),
)

ASKED_AGAIN = "asked_again_at IS NOT NULL"

delivery = Table(
    "delivery",
    metadata,
    columns.id_(),
    Column("key", Text, nullable=False, unique=True),  # delivery id, else SHA-256 of the body
    Column("subscription_id", BigInteger, ForeignKey("subscription.id")),
    columns.app_id("app_id", is_required=False),
    columns.words("delivery_id"),
    columns.words("event_id"),
    columns.words("action"),
    columns.words("resource"),
    columns.words("release_id"),
    Column("version", Integer),
    columns.words("status"),
    columns.words("artifact"),
    columns.words("commit"),
    columns.words("stack"),
    Column("body", LargeBinary, nullable=False),
    columns.now("received_at"),
    columns.now("last_received_at"),
    columns.time("asked_again_at"),  # when a person last had it decided anew
    Column("times", Integer, nullable=False, server_default="1"),
    columns.words("outcome"),
    columns.time("settled_at"),
    Column("due_at", TIMESTAMP(timezone=True), server_default=func.now()),  # while undecided
    Index("ix_delivery_app_id", "app_id", "id"),
    Index(
        "ix_delivery_app_id_due_at",
        "app_id",
        "due_at",
        postgresql_where=text("settled_at IS NULL"),
    ),
    Index("ix_delivery_release_id", "release_id"),
    Index("ix_delivery_asked_again", "asked_again_at", postgresql_where=text(ASKED_AGAIN)),
)

promotion = Table(
    "promotion",
    metadata,
    columns.id_(),
    columns.choice("kind", is_required=True, default="promote"),
    Column("rule_id", BigInteger, ForeignKey("rule.id")),
    Column("rule_revision", Integer),
    Column("found_by", Text, nullable=False, server_default="webhook"),
    columns.app_id("source_id"),
    columns.words("release_id", is_required=True),
    Column("version", Integer, nullable=False),
    columns.words("artifact", is_required=True),
    Column("artifact_type", Text, nullable=False, server_default="slug"),
    columns.words("commit"),
    columns.app_id("target_id"),
    columns.words("target_release_id"),
    Column("target_version", Integer),
    columns.choice("status", is_required=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("gates", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    columns.time("evaluated_at"),
    columns.time("due_at"),
    *columns.lease(),
    columns.time("errors_since"),
    columns.time("gone_since"),  # since when its app or slug was not found; one answer is no proof
    columns.time("status_at"),
    columns.time("soaks_from"),
    columns.words("author"),
    Column("override", JSONB),
    columns.time("earliest_at"),
    Column("checked", JSONB),
    columns.time("checked_at"),
    columns.time("checks_since"),  # since when it waits for checks of its commit
    Column("verification", JSONB),
    columns.words("created_by"),  # by hand: who asked for it last
    columns.words("target_ran"),  # of a rollback: the artifact that ran when it was asked for
    columns.now("created_at"),
    columns.now("updated_at"),
    columns.time("ended_at"),
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
    Index("ix_promotion_candidate", "rule_id", "target_id", "version"),
    Index("ix_promotion_release_id", "release_id"),
    Index("ix_promotion_target_release_id", "target_release_id"),
    Index("ix_promotion_unfinished_target", "target_id", postgresql_where=UNFINISHED),
    Index("ix_promotion_unfinished_source", "source_id", postgresql_where=UNFINISHED),
)

promotion_event = Table(
    "promotion_event",
    metadata,
    columns.id_(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    columns.words("event", is_required=True),
    Column("message", Text, nullable=False, server_default=""),
    Index("ix_promotion_event_promotion_id", "promotion_id"),
)

post = Table(
    "post",
    metadata,
    columns.id_(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    columns.app_id("target_id"),
    columns.choice("kind", is_required=True),
    Column("nonce", Text, nullable=False, unique=True),
    columns.words("artifact", is_required=True),
    Column("base_version", Integer, nullable=False),
    Column("base_artifact", Text),
    Column("sends", Integer, nullable=False, server_default="1"),
    # The committed time of the claim that may have sent last; looks are counted from it.
    columns.time("sent_at", is_required=True),
    columns.choice("outcome"),
    columns.words("release_id"),
    Column("release_version", Integer),
    columns.now("created_at"),
    columns.time("settled_at"),
    Column("strategy", Text, nullable=False, server_default="slug"),
    # The sending account, where no nonce marks the release as ours; known before it is sent.
    columns.words("account_id"),
    columns.words("heroku_promotion_id"),  # of the pipeline promotion, once Heroku answered
    CheckConstraint("strategy = 'slug' OR account_id IS NOT NULL", name="ck_post_is_recognisable"),
    Index("ix_post_promotion_id", "promotion_id"),
    Index("ix_post_target_id", "target_id"),
    Index("ix_post_release_id", "release_id"),
    Index("ix_post_artifact", "artifact"),
    Index("ix_post_open", "target_id", postgresql_where=text("outcome IS NULL")),
    Index(
        "ix_post_made",
        "settled_at",
        postgresql_where=text("outcome = 'accepted' AND kind = 'promote'"),
    ),
    Index(
        "ix_post_given_up",
        "target_id",
        postgresql_where=text(
            "release_id IS NULL AND outcome IN ('no_trace', 'unknown', 'refused')"
        ),
    ),
)

hold = Table(
    "hold",
    metadata,
    columns.id_(),
    columns.app_id("app_id", is_required=False),  # null: every target
    Column("but", JSONB),  # of every target: the ids of apps that are left out
    columns.choice("kind", is_required=True),  # person, freeze, rollback, detected, guard
    columns.words("reason", is_required=True),
    columns.words("by", is_required=True),
    columns.time("starts_at"),
    columns.time("ends_at"),
    columns.now("created_at"),
    columns.time("released_at"),
    columns.words("released_by"),
    # The last release of somebody else that it names, and when Heroku made that release.
    Column("foreign_release", JSONB),
    columns.time("foreign_at"),
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
    columns.id_(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    columns.words("release_id", is_required=True),
    columns.words("artifact", is_required=True),
    columns.required("is_approved", Boolean, "true"),
    columns.words("by", is_required=True),
    columns.words("reason"),
    columns.now("created_at"),
    UniqueConstraint("promotion_id", "by"),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    columns.id_(),
    columns.now("at"),
    columns.words("by", is_required=True),
    columns.words("action", is_required=True),
    columns.words("subject_type", is_required=True),
    columns.words("subject_id", is_required=True),
    columns.words("subject_name"),
    Column("before", JSONB),
    Column("after", JSONB),
    Index("ix_audit_entry_subject", "subject_type", "subject_id"),
)

notice = Table(
    "notice",
    metadata,
    columns.id_(),
    columns.words("kind", is_required=True),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id")),
    Column("hold_id", BigInteger, ForeignKey("hold.id")),
    Column("trouble_id", BigInteger, ForeignKey(trouble.c.id)),
    columns.words("title", is_required=True),
    columns.words("body", is_required=True),
    columns.time("answer_until"),  # set where the notice asks, and is sent with a link
    columns.time("due_at"),
    *columns.lease(),
    Column("reached", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # who got it
    columns.words("error"),
    Column("key", Text, unique=True),  # idempotency key of a notice that is sent once
    columns.now("created_at"),
    columns.time("sent_at"),
    Index("ix_notice_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

rule_service = Table(
    "rule_service",
    metadata,
    columns.id_(),
    Column("rule_id", BigInteger, ForeignKey("rule.id"), nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    columns.words("shown", is_required=True),  # its URL without secrets
    columns.words("mark", is_required=True),  # recognises the same URL
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("rule_id", "mark"),
)

chore = Table(
    "chore",
    metadata,
    Column("name", Text, primary_key=True),
    columns.time("due_at"),
    *columns.lease(),
)

fact = Table(
    "fact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    columns.now("updated_at"),
)
