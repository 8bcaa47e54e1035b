"""Health: up is not ready; what keeps us from working is said, with what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection
from structlog.testing import capture_logs
from typing_extensions import override

from listener.app import Parts, assemble, build
from listener.config import Settings
from listener.crypto import Keys
from listener.db import runners
from listener.db.engine import Database
from listener.db.migrate import POOLED
from listener.worker.supervisor import Supervisor
from tests.api.conftest import SECRET_KEY
from tests.api.source import Source


def test_the_process_is_up(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
    assert answer.headers["Autopromote-Mark"] == Keys([SECRET_KEY]).mark


def test_all_is_ready(client: FlaskClient, source: Source) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ready", "runners": [], "troubles": []}


def beat(parts: Parts, process: str, idle: float) -> None:
    """A process says what its one runner did last."""
    rounds = {f"host:{process}:0": runners.Round("promotion", timedelta(seconds=idle))}
    with parts.database.begin() as conn:
        runners.beat(conn, process, rounds)


def test_the_age_of_each_runners_last_round_is_told(client: FlaskClient, parts: Parts) -> None:
    beat(parts, "4:aa", 12)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    (runner,) = answer.get_json()["runners"]
    assert (runner["name"], runner["works_on"]) == ("aa:0", "promotion")
    assert 12 <= runner["last_round_seconds"] < 30


def test_a_runner_without_a_round_for_a_minute_is_not_ready(
    client: FlaskClient, parts: Parts
) -> None:
    beat(parts, "4:aa", 1)
    beat(parts, "5:bb", 61)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["id"]) == (503, "not_ready")
    assert "Runner bb:0 (promotion) made its last round 6" in answer.get_json()["message"]
    assert client.get("/healthz").status_code == 200


def test_a_runner_whose_process_was_killed_is_no_fault_beside_living_ones(
    client: FlaskClient, parts: Parts
) -> None:
    beat(parts, "4:aa", 1)
    with parts.database.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE runner SET seen_at = now() - interval '2 min', round_at = seen_at"
        )
    assert client.get("/readyz").status_code == 503  # nobody else is at work
    beat(parts, "5:bb", 1)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert [runner["name"] for runner in answer.get_json()["runners"]] == ["bb:0"]


def test_a_database_that_is_not_migrated_is_not_ready(
    settings: Settings, empty_database_url: str
) -> None:
    with closing(assemble(replace(settings, database_url=empty_database_url))) as parts:
        client = build(parts).test_client()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.get_json()) == (
            503,
            {
                "id": "not_ready",
                "message": "The database is not migrated: run `python -m listener migrate`.",
            },
        )
        assert client.get("/healthz").status_code == 200


def test_a_database_that_is_away_is_not_ready(settings: Settings) -> None:
    away = replace(settings, database_url="postgres://ana:pw@127.0.0.1:9/acme")
    with closing(assemble(away)) as parts:
        answer = build(parts).test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["message"]) == (
        503,
        "The database cannot be reached.",
    )


@pytest.fixture
def read_only(parts: Parts) -> Iterator[None]:
    """The database takes no writes any more, as after a failover to a follower."""
    _default(parts, "on")
    yield
    _default(parts, "off")


def _default(parts: Parts, word: str) -> None:
    with parts.database.begin() as conn:
        conn.exec_driver_sql("SET TRANSACTION READ WRITE")
        name = conn.exec_driver_sql("SELECT current_database()").scalar_one()
        conn.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = {word}")
    parts.database.dispose()  # it counts for connections to come


@pytest.mark.usefixtures("read_only")
def test_a_read_only_database_is_not_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["id"]) == (503, "not_ready")
    assert answer.get_json()["message"].startswith("The database is read-only: nothing is received")


def test_a_database_that_refuses_inserts_is_not_ready(parts: Parts) -> None:
    with parts.database.begin() as conn:
        conn.exec_driver_sql("CREATE ROLE full_plan LOGIN")
        conn.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO full_plan")
    try:
        url = parts.settings.database_url.replace("//postgres:@", "//full_plan:@")
        full = assemble(replace(parts.settings, database_url=url))
        answer = build(full).test_client().get("/readyz")
        full.close()
    finally:
        with parts.database.begin() as conn:
            conn.exec_driver_sql("DROP OWNED BY full_plan; DROP ROLE full_plan")
    assert answer.status_code == 503
    assert answer.get_json()["message"].startswith("The database refuses writes")


class Lent(Database):
    """A database whose sessions are lent for one transaction."""

    def __init__(self, database: Database) -> None:
        self._inner = database

    @override
    def begin(self) -> AbstractContextManager[Connection]:
        return self._inner.begin()

    @override
    def by_values(self) -> Database:
        return self

    @override
    def is_lent(self, conn: Connection) -> bool:
        return True

    @override
    def owns_sessions(self) -> bool:
        return False


def test_a_pool_of_transactions_is_not_ready_and_nobody_works(parts: Parts) -> None:
    lent = replace(parts, context=replace(parts.context, database=Lent(parts.database)))
    answer = build(lent).test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["message"]) == (503, POOLED)

    shift = Supervisor(lent.context, promoting=1)
    with capture_logs() as entries:
        shift.begin()
        ends_at = time.monotonic() + 60
        while not entries and time.monotonic() < ends_at:
            time.sleep(0.02)  # between two looks
        assert shift.end()
    assert entries[0] == {"event": "runners_wait", "reason": POOLED, "log_level": "warning"}


@pytest.mark.usefixtures("source")
def test_a_secret_that_no_key_opens_is_not_ready(parts: Parts) -> None:
    client = build(replace(parts, keys=Keys(["n" * 32]))).test_client()
    answer = client.get("/readyz")

    assert answer.status_code == 503
    message = answer.get_json()["message"]
    assert message.startswith("Webhook secrets that cannot be opened: 1.")
    assert "acme" not in message  # anybody may ask
    assert "SECRET_KEY" in message
