"""Audit entries: who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listener.core.app import App
from listener.db import apps, audit
from listener.db.engine import Database, open_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The test's own database."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()


def record(database: Database, action: str, name: str, **values: object) -> None:
    """Ana changed a rule."""
    with database.begin() as conn:
        audit.record(
            conn,
            by="ana@acme.com",
            action=action,
            subject_type="rule",
            subject_id="7",
            subject_name=name,
            **values,
        )


def test_an_entry_keeps_who_what_and_both_states(database: Database) -> None:
    record(database, "rule.updated", "ship", before={"mode": "shadow"}, after={"mode": "armed"})

    with database.begin() as conn:
        [entry] = audit.list_entries(conn)
    assert (entry.by, entry.action, entry.subject_type) == ("ana@acme.com", "rule.updated", "rule")
    assert (entry.before, entry.after) == ({"mode": "shadow"}, {"mode": "armed"})


def test_entries_come_newest_first_as_many_as_wanted(database: Database) -> None:
    for action in ("rule.added", "rule.updated", "rule.removed"):
        record(database, action, "ship")

    with database.begin() as conn:
        found = audit.list_entries(conn, limit=2)
    assert [entry.action for entry in found] == ["rule.removed", "rule.updated"]


def test_entries_of_one_subject_by_name_or_id(database: Database) -> None:
    record(database, "rule.added", "ship")
    with database.begin() as conn:
        assert len(audit.list_entries(conn, subject="ship")) == 1
        assert len(audit.list_entries(conn, subject="7")) == 1
        assert audit.list_entries(conn, subject="other") == []


def test_a_new_name_of_an_app_is_written_down_once(database: Database) -> None:
    """Roles go by names: with another one, other people see the app."""
    for name in ("pay-old", "pay-old", "shop-new", "shop-new"):
        with database.begin() as conn:
            apps.ensure(conn, App("app-1", name))

    with database.begin() as conn:
        assert apps.get(conn, "app-1").name == "shop-new"
        (entry,) = audit.list_entries(conn, app_id="app-1")
    assert (entry.by, entry.action, entry.subject_name) == ("heroku", "app.renamed", "shop-new")
    assert (entry.before, entry.after) == ("pay-old", "shop-new")
