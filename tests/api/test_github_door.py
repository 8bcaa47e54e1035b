"""The door that GitHub knocks at: there or not, signature, size, what it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

from listener.app import assemble, build
from listener.config import Settings
from listener.db import commit_checks, queue
from listener.db.commit_checks import CHECKS
from listener.db.commit_tables import commit_check
from listener.db.engine import Database
from listener.db.tables import app as app_table
from listener.github import sign

DOOR = "/webhooks/github"
SECRET = "github-signs-with-this"
SHA = "4" * 40
UNSIGNED = {"id": "bad_signature", "message": "The signature does not match."}
A_SECOND, LATER = timedelta(seconds=1), timedelta(seconds=40)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A listener that GitHub may tell of checks."""
    return replace(settings, github_webhook_secret=SECRET)


@pytest.fixture
def waiting(emptied: Database) -> Database:
    """Checks that somebody waits for, to be read in a while."""
    with emptied.begin() as conn:
        conn.execute(insert(app_table).values(id="app-1", name="acme-staging"))
        values = {"app_id": "app-1", "sha": SHA, "repository": "acme/shop"}
        times = {"asked_at": func.now() - LATER, "due_at": func.now() + LATER}
        conn.execute(insert(commit_check).values(**values, **times))
    return emptied


def due_in(database: Database) -> float | None:
    """Seconds until the checks are read."""
    with database.begin() as conn:
        return queue.until_next(conn, [CHECKS])


def times_of(database: Database) -> Any:
    """When the checks were asked for, and when they are again."""
    with database.begin() as conn:
        return conn.execute(select(commit_check.c.asked_at, commit_check.c.due_at)).one()


def body_of(repo: str = "acme/shop", sha: str = SHA) -> bytes:
    """What GitHub sends when a check run ends."""
    told = {"check_run": {"head_sha": sha}, "repository": {"full_name": repo}}
    return json.dumps(told).encode()


def knock(client: FlaskClient, body: bytes, *, kind: str = "check_run", **headers: str) -> Any:
    """A delivery, signed unless something else is said."""
    named = {"X-Hub-Signature-256": sign(body, SECRET), "X-GitHub-Event": kind, **headers}
    return client.post(DOOR, data=body, headers=named)


def test_a_signed_delivery_has_the_checks_of_its_commit_read_at_once(
    client: FlaskClient, waiting: Database
) -> None:
    answer = knock(client, body_of())
    assert (answer.status_code, answer.data) == (204, b"")
    assert due_in(waiting) == 0.0


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (body_of(repo="acme/other"), "check_run"),
        (body_of(sha="5" * 40), "check_run"),
        (b'{"zen": "Keep it logically awesome."}', "ping"),
        (b'{"action": "opened"}', "issues"),
        (b"not even JSON", "issues"),
    ],
)
def test_what_nobody_waits_for_changes_nothing(
    client: FlaskClient, waiting: Database, body: bytes, kind: str
) -> None:
    assert knock(client, body, kind=kind).status_code == 204
    assert (due_in(waiting) or 0) > 30


def test_what_nobody_waits_for_any_more_is_not_read(client: FlaskClient, waiting: Database) -> None:
    with waiting.begin() as conn:
        conn.execute(update(commit_check).values(due_at=None))
    assert knock(client, body_of()).status_code == 204
    assert due_in(waiting) is None


def test_the_name_of_a_repository_may_be_written_otherwise(
    client: FlaskClient, waiting: Database
) -> None:
    knock(client, body_of(repo="Acme/Shop"))
    assert due_in(waiting) == 0.0


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        f"sha256={'0' * 64}",
        "sha1=" + "0" * 40,
        sign(body_of(), "another secret, as long"),
        sign(body_of() + b" ", SECRET),
        sign(body_of(), SECRET).upper(),
        "k\u00e4se",
    ],
)
def test_nothing_else_is_let_in(client: FlaskClient, waiting: Database, signature: str) -> None:
    answer = knock(client, body_of(), **{"X-Hub-Signature-256": signature})
    assert (answer.status_code, answer.get_json()) == (401, UNSIGNED)
    assert (due_in(waiting) or 0) > 30


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"check_run": {}}', body_of(sha="\\u0000")])
def test_what_is_signed_and_cannot_be_understood_is_said_so(
    client: FlaskClient, waiting: Database, body: bytes
) -> None:
    answer = knock(client, body)
    assert (answer.status_code, answer.get_json()["id"]) == (400, "bad_request")
    assert (due_in(waiting) or 0) > 30


def test_a_body_has_its_bounds(client: FlaskClient, waiting: Database) -> None:
    answer = knock(client, b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.get_json()["id"]) == (413, "too_large")
    assert (due_in(waiting) or 0) > 30


def test_a_flood_costs_one_reading_a_second(client: FlaskClient, waiting: Database) -> None:
    """However many tell of it, whether it is read just now or not."""
    with waiting.begin() as conn:
        conn.execute(update(commit_check).values(asked_at=func.now()))
    for _ in range(20):
        assert knock(client, body_of()).status_code == 204
    times = times_of(waiting)
    assert times.due_at >= times.asked_at + A_SECOND
    assert (due_in(waiting) or 0) <= 1


def test_what_is_read_just_now_is_read_once_more(client: FlaskClient, waiting: Database) -> None:
    with waiting.begin() as conn:
        conn.execute(update(commit_check).values(due_at=func.now() - timedelta(seconds=5)))
    with waiting.begin() as conn:
        claim = queue.claim(conn, CHECKS, owner="test")
    assert claim is not None
    knock(client, body_of())
    assert times_of(waiting).due_at > claim.claimed_at
    with waiting.begin() as conn:
        commit_checks.told(
            conn,
            claim,
            (),
            repository="acme/shop",
            asked_at=claim.claimed_at,
            again_in=LATER,
        )

    assert times_of(waiting).due_at >= claim.claimed_at + A_SECOND
    assert (due_in(waiting) or 0) <= 1


def test_without_a_secret_there_is_no_such_door(settings: Settings, waiting: Database) -> None:
    parts = assemble(replace(settings, github_webhook_secret=None))
    client = build(parts).test_client()
    answer = knock(client, body_of(), **{"X-Hub-Signature-256": sign(body_of(), "")})
    parts.close()

    assert (answer.status_code, answer.get_json()["id"]) == (404, "not_found")
    assert (due_in(waiting) or 0) > 30


def test_nothing_of_a_delivery_is_kept(client: FlaskClient, waiting: Database) -> None:
    body = json.dumps({**json.loads(body_of()), "sender": {"login": "hush-hush"}}).encode()
    assert knock(client, body).status_code == 204
    with waiting.begin() as conn:
        [row] = conn.execute(select(commit_check)).all()
    assert "hush" not in str(row)
