"""`python -m listener`: migrate, worker, run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from listener.core.app import App
from listener.crypto import DecryptionError, Keys
from listener.db import apps, deliveries, migrate, rules, subscriptions
from listener.db.deliveries import Arrival
from listener.db.engine import Database, open_database
from listener.db.rules import Service
from listener.db.tables import delivery, rule, rule_service, secret
from listener.services import notify_setting
from tests.frame.processes import KEY, PYTHON, Web, do, saying, settings, start

NEW = "n" * 32


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database, for a moment."""
    database = open_database(url)
    yield database
    database.dispose()


def seal_something(database: Database, keys: Keys) -> None:
    """One secret, one body and one service of a rule."""
    with database.begin() as conn:
        apps.ensure(conn, App("a", "acme-staging", "heroku-24", "cedar", False))
        subscriptions.add(conn, "a", url="https://x", by="ana")
        row = subscriptions.live(conn)[0]
        subscriptions.add_pending(conn, row.id, keys.seal(b"hush"))
        body = keys.bodies.seal(b"body")
        deliveries.add(
            conn, Arrival(key="d", subscription_id=row.id, app_id="a", body=body, outcome="ignored")
        )
        plain = {"mode": "off", "strategy": "slug", "on_newer": "keep", "source_id": "a"}
        added = insert(rule).values(name="ship", created_by="ana", **plain).returning(rule.c.id)
        sealed = keys.services.seal(b"slack://hush")
        rules.put(conn, conn.execute(added).scalar_one(), [Service("slack://…", "m", sealed)])


def unsealed(database: Database, keys: Keys) -> tuple[bytes, bytes, bytes]:
    """All three, opened."""
    with database.begin() as conn:
        sealed = conn.execute(select(secret.c.sealed)).scalar_one()
        body = conn.execute(select(delivery.c.body)).scalar_one()
        service = conn.execute(select(rule_service.c.sealed)).scalar_one()
    return keys.open(sealed), keys.bodies.open(body), keys.services.open(service)


def test_migrating_needs_nothing_but_a_database(empty_database_url: str) -> None:
    done = do("release", {"DATABASE_URL": empty_database_url})

    assert (done.returncode, done.stderr) == (0, "")
    assert "event=migrated" in done.stdout
    with opened(empty_database_url) as database, database.begin() as conn:
        assert migrate.is_ready(conn)


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    done = do("release", {"HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The listener cannot start, because of its settings:\n"
        "DATABASE_URL is missing: run `heroku addons:create heroku-postgresql:essential-0`,"
        " which sets it.\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("AUTOPROMOTE_RECONCILE", "soon", "AUTOPROMOTE_RECONCILE is malformed: "),
        ("HEROKU_API_KEY", "", "HEROKU_API_KEY is missing: "),
        ("AUTOPROMOTE_ADMINS", "'you@acme.com'", "AUTOPROMOTE_ADMINS is malformed: "),
        ("PUBLIC_URL", "http://acme.com", "PUBLIC_URL is malformed: "),
        ("AUTOPROMOTE_NOTIFY", "slck://hush", "AUTOPROMOTE_NOTIFY is malformed: "),
    ],
)
def test_a_bad_setting_stops_the_release_phase_before_anything_is_changed(
    empty_database_url: str, name: str, value: str, line: str
) -> None:
    good = settings(empty_database_url) | {"DYNO": "release.4231"}
    done = do("release", good | {name: value})

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 2
    assert f"\n{line}" in done.stderr
    with opened(empty_database_url) as database, database.begin() as conn:
        assert migrate.version(conn) is None

    assert do("release", good).returncode == 0


@pytest.mark.parametrize("kind", ["release", "web", "worker"])
def test_a_parameter_that_postgresql_does_not_know_is_named(kind: str) -> None:
    url = "postgres://ana:hush-hush@127.0.0.1:9/acme?sslmode=disable&pgbouncer=true"
    done = do(kind, settings(url))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The listener cannot start, because of its settings:\n"
        "DATABASE_URL is malformed: PostgreSQL knows no parameter `pgbouncer`: leave it out of the"
        " URL.\n"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("slck://hush-hush", ("no slck://…", "Did you mean slack://?", "discord", "mailto")),
        ("foo://hush-hush", ("no foo://…", "It knows discord")),
        ("tgram://hush-hush", ("cannot read that tgram://…",)),
        ("https://example.com/hush-hush", ("cannot read that https://…",)),
    ],
)
def test_a_service_that_apprise_cannot_read_is_named(url: str, words: tuple[str, ...]) -> None:
    [said] = notify_setting.faults(["json://example.com", url, "mailto://a:b@acme.com"])
    assert said.startswith("AUTOPROMOTE_NOTIFY is malformed: apprise ")
    assert all(word in said for word in words)
    assert "hush" not in said


def test_migrating_seals_everything_with_the_newest_key(database_url: str) -> None:
    with opened(database_url) as database:
        seal_something(database, Keys([KEY]))
        with pytest.raises(DecryptionError):
            unsealed(database, Keys([NEW]))

        done = do("release", {"DATABASE_URL": database_url, "SECRET_KEY": f"{NEW},{KEY}"})

        assert done.returncode == 0, done.stderr
        assert "event=resealed renewed=3 cannot_be_opened=0" in done.stdout
        assert unsealed(database, Keys([NEW])) == (b"hush", b"body", b"slack://hush")

        again = do("release", {"DATABASE_URL": database_url, "SECRET_KEY": NEW})
        assert "event=resealed renewed=0 cannot_be_opened=0" in again.stdout


def test_what_no_key_opens_is_told_and_left_alone(database_url: str) -> None:
    with opened(database_url) as database:
        seal_something(database, Keys([KEY]))
        done = do("release", {"DATABASE_URL": database_url, "SECRET_KEY": NEW})

        assert done.returncode == 0
        assert "event=resealed renewed=0 cannot_be_opened=3" in done.stdout
        assert unsealed(database, Keys([KEY])) == (b"hush", b"body", b"slack://hush")


def test_where_something_is_sealed_migrating_needs_the_key(database_url: str) -> None:
    with opened(database_url) as database:
        seal_something(database, Keys([KEY]))
    done = do("release", {"DATABASE_URL": database_url})
    assert done.returncode == 1
    assert "SECRET_KEY is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_works_until_told_to_stop(database_url: str, tmp_path: Path) -> None:
    env = settings(database_url) | {"AUTOPROMOTE_RUNNERS": "0"}  # as for the web process
    worker = start("worker", env, tmp_path / "log")
    try:
        saying(worker, "event=step work=chore key=reconcile outcome=done")
        assert worker.stop() == 0
    finally:
        worker.kill()


def test_a_worker_waits_for_a_database_that_is_not_migrated(
    empty_database_url: str, tmp_path: Path
) -> None:
    worker = start("worker", settings(empty_database_url), tmp_path / "log")
    try:
        saying(worker, 'event=runners_wait reason="the database is not migrated"')
        migrate.migrate(empty_database_url)
        saying(worker, "event=runners_started")
    finally:
        worker.kill()


def test_a_worker_can_be_stopped_while_it_waits(tmp_path: Path) -> None:
    env = settings("postgres://ana:pw@127.0.0.1:9/acme")
    worker = start("worker", env, tmp_path / "log")
    try:
        saying(worker, 'event=runners_wait reason="the database cannot be used')
        assert worker.stop() == 0
    finally:
        worker.kill()


def test_run_migrates_and_serves(empty_database_url: str, tmp_path: Path) -> None:
    command = [PYTHON, "-m", "listener", "run"]
    web = Web(settings(empty_database_url), tmp_path / "log", command)
    try:
        assert web.http.get("/readyz").json()["status"] == "ready"
        assert web.process.stop() == 0
    finally:
        web.end()


@pytest.mark.parametrize("kind", ["web", "worker"])
def test_every_bad_setting_is_named_at_once_and_nothing_starts(kind: str) -> None:
    done = do(kind, {"PORT": "web", "SECRET_KEY": "short"})

    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    lines = done.stderr.splitlines()
    assert lines[0] == "The listener cannot start, because of its settings:"
    assert [line.split()[0] for line in lines[1:]] == [
        "DATABASE_URL",
        "SECRET_KEY",
        "HEROKU_API_KEY",
        "AUTOPROMOTE_ADMINS",
        "PORT",
    ]
