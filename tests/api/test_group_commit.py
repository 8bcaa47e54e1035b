"""Deliveries that arrive at once are stored together, and each is answered for itself."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from gunicorn.config import Config  # type: ignore[import-untyped]
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from listener.api.fast_path import FastDeliveries
from listener.api.metrics import Metrics
from listener.app import Parts, assemble, build
from listener.db import apps, subscriptions
from listener.db.engine import open_database
from listener.errors import Unavailable
from listener.heroku import HEADER, BadSignature, sign
from listener.services.deliveries import Inbox
from listener.services.delivery_writer import MOST_SUBMITTED, SignedArrival
from listener.services.webhook_secrets import MOST_NAMED
from listener.web.fast_path import Brief, FastRequest
from listener.web.limits import Limits
from listener.web.reading import Head
from reliability.relay import DatabaseRelay
from tests.api.source import Source
from tests.db.silence import silent_way

DOOR = "/webhooks/heroku"
MANY = 20
PATIENCE_SECONDS = 60.0
WAITS = "SELECT count(*) FROM pg_locks WHERE relation = 'delivery'::regclass AND NOT granted"
UNKNOWN = sign(b"{}", "a secret that nobody has")


@pytest.fixture
def inbox(parts: Parts) -> Inbox:
    """A process that has taken nothing in yet."""
    return Inbox(parts.database, parts.keys)


@pytest.fixture
def transactions() -> Iterator[list[object]]:
    """Every transaction that begins from now on."""
    begun: list[object] = []
    note = begun.append
    event.listen(Engine, "begin", note)
    yield begun
    event.remove(Engine, "begin", note)


def tell(
    inbox: Inbox, source: Source, delivery_id: str, *, version: int = 42, secret: str | None = None
) -> None:
    """Deliver an event of this source."""
    body = json.dumps(source.event(delivery_id=delivery_id, version=version)).encode()
    inbox.receive(body, sign(body, secret or source.secret))


@contextmanager
def closed(parts: Parts, inbox: Inbox, pool: ThreadPoolExecutor, source: Source) -> Iterator[None]:
    """Let nothing be stored within the block, so that what comes in it is one group."""
    other = open_database(parts.settings.database_url, pool_size=1)
    with other.begin() as conn:
        conn.exec_driver_sql("LOCK TABLE delivery")
        pool.submit(tell, inbox, source, "first")
        await_(lambda: bool(conn.exec_driver_sql(WAITS).scalar_one()))
        yield
    other.dispose()


def await_(condition: Callable[[], bool]) -> None:
    """Wait until this is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_what_arrives_at_once_is_stored_in_one_transaction(
    parts: Parts, inbox: Inbox, source: Source, transactions: list[object]
) -> None:
    tell(inbox, source, "d-0")
    transactions.clear()
    with ThreadPoolExecutor(MANY + 1) as pool:
        with closed(parts, inbox, pool, source):
            told = [pool.submit(tell, inbox, source, f"d-{n % 19}") for n in range(MANY)]
            await_(lambda: inbox.waiting == MANY)
        for each in told:
            each.result(PATIENCE_SECONDS)

    # That of the lock, the first one's, and theirs.
    assert len(transactions) == 3
    times = {kept.key: kept.times for kept in source.deliveries()}
    assert times == {"first": 1, "d-0": 3} | {f"d-{n}": 1 for n in range(1, 19)}


def test_a_row_that_cannot_be_stored_fails_alone(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    tell(inbox, source, "d-0")
    told: dict[int, Future[None]] = {}
    with parts.database.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE delivery ADD CONSTRAINT poison CHECK (version <> 13)")
    try:
        with ThreadPoolExecutor(MANY + 1) as pool, closed(parts, inbox, pool, source):
            for version in range(10, 16):
                call = pool.submit(tell, inbox, source, f"d-{version}", version=version)
                told[version] = call
            await_(lambda: inbox.waiting == len(told))
    finally:
        with parts.database.begin() as conn:
            conn.exec_driver_sql("ALTER TABLE delivery DROP CONSTRAINT poison")

    failed = {version: call.exception() for version, call in told.items() if call.exception()}
    assert list(failed) == [13]
    assert isinstance(failed[13], DBAPIError)
    assert {kept.version for kept in source.deliveries()} == {42, 10, 11, 12, 14, 15}


def test_a_removed_secret_is_obeyed_at_once_by_whoever_remembers_it(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    tell(inbox, source, "d-1")
    with parts.database.begin() as conn:
        subscriptions.remove(conn, source.subscription_id)

    with pytest.raises(BadSignature):
        tell(inbox, source, "d-2")
    assert [kept.key for kept in source.deliveries()] == ["d-1"]


def test_a_rotated_secret_is_obeyed_at_once_by_every_process(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    other = Inbox(parts.database, parts.keys)
    for each in (inbox, other):
        tell(each, source, "d-1")
    newer = source.add_secret("a newer one")
    with parts.database.begin() as conn:
        subscriptions.activate(conn, source.subscription_id, newer, drop_old=True)

    for each in (inbox, other):
        with pytest.raises(BadSignature):
            tell(each, source, "d-2")
        tell(each, source, "d-3", secret="a newer one")
    assert [(kept.key, kept.times) for kept in source.deliveries()] == [("d-1", 2), ("d-3", 2)]


def test_an_id_that_means_another_secret_by_now_accepts_nothing(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    """As after a backup was restored, whose ids are given once more."""
    tell(inbox, source, "d-1")
    sealed = parts.keys.seal(b"another")
    with parts.database.begin() as conn:
        conn.exec_driver_sql("UPDATE secret SET sealed = %s", (sealed,))

    with pytest.raises(BadSignature):
        tell(inbox, source, "d-2")
    tell(inbox, source, "d-3", secret="another")


def test_those_that_wait_with_an_unknown_signature_share_one_read(
    parts: Parts, inbox: Inbox, source: Source, transactions: list[object]
) -> None:
    tell(inbox, source, "d-0")
    transactions.clear()
    with ThreadPoolExecutor(MANY + 1) as pool:
        with closed(parts, inbox, pool, source):
            told = [pool.submit(inbox.receive, b"{}", UNKNOWN) for _ in range(MANY - 1)]
            await_(lambda: inbox.waiting == MANY - 1)
        assert {type(each.exception(PATIENCE_SECONDS)) for each in told} == {BadSignature}
    assert len(transactions) == 3  # that of the lock, the first one's, and theirs


@pytest.mark.parametrize(
    "signature", ["", "garbage", "=" * 44, UNKNOWN[:-1], f"{UNKNOWN}\n", "ü" * 44]
)
def test_what_no_secret_can_have_signed_costs_no_transaction(
    inbox: Inbox, source: Source, transactions: list[object], signature: str
) -> None:
    transactions.clear()
    with pytest.raises(BadSignature):
        inbox.receive(b"{}", signature)
    assert transactions == []
    with pytest.raises(BadSignature):
        inbox.receive(b"{}", UNKNOWN)
    assert len(transactions) == 1


def test_neither_a_delivery_nor_its_repeat_waits_for_a_look(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    tell(inbox, source, "d-1")
    other = open_database(parts.settings.database_url, pool_size=1)
    with ThreadPoolExecutor(1) as pool, other.begin() as look:
        apps.lock(look, [source.id])
        look.exec_driver_sql("UPDATE delivery SET outcome = 'seen', settled_at = now()")
        for delivery_id in ("d-1", "d-2"):
            pool.submit(tell, inbox, source, delivery_id).result(PATIENCE_SECONDS)
    other.dispose()
    assert [kept.key for kept in source.deliveries()] == ["d-1", "d-2"]


def test_a_lost_answer_to_a_commit_is_503_and_the_repeat_is_counted_once(
    parts: Parts, source: Source
) -> None:
    url = parts.settings.database_url
    server = Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"
    with TemporaryDirectory(prefix="autopromote-", dir="/tmp") as folder:
        relay = DatabaseRelay(Path(folder), server)
        through = relay.url.replace("/postgres?", f"{urlsplit(url).path}?")
        distant = assemble(replace(parts.settings, database_url=through))
        client: FlaskClient = build(distant).test_client()
        assert client.post(DOOR, **source.told(delivery_id="d-0")).status_code == 204
        relay.commits.to_lose = 1
        lost = client.post(DOOR, **source.told(delivery_id="d-1"))
        assert (lost.status_code, lost.get_json()["id"]) == (503, "database_unavailable")
        assert client.post(DOOR, **source.told(delivery_id="d-1")).status_code == 204
        distant.close()
        relay.close()
    assert [(kept.key, kept.times) for kept in source.deliveries()] == [("d-0", 1), ("d-1", 2)]


def test_a_silent_database_is_unavailable_within_the_bound_and_comes_back(
    parts: Parts, source: Source
) -> None:
    with silent_way(parts.settings.database_url) as way:
        database = open_database(way.url, answer_within=2.0)
        inbox = Inbox(database, parts.keys, patience=0.2)
        patient = Inbox(database, parts.keys, patience=PATIENCE_SECONDS)
        tell(patient, source, "d-1")
        way.fall_silent()
        with pytest.raises(Unavailable):
            tell(inbox, source, "d-2")
        tell(patient, source, "d-2")
        database.dispose()
    assert [kept.key for kept in source.deliveries()] == ["d-1", "d-2"]


def signed(inbox: Inbox, source: Source, delivery_id: str) -> SignedArrival:
    """A delivery of this source, as the fast path submits it."""
    body = json.dumps(source.event(delivery_id=delivery_id)).encode()
    found = inbox.sign(body, sign(body, source.secret))
    assert found is not None
    return found


def test_those_that_wait_without_a_thread_leave_room_for_those_that_have_one(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    tell(inbox, source, "d-0")
    with ThreadPoolExecutor(2) as pool:
        with closed(parts, inbox, pool, source):
            stored = inbox.submit(
                [signed(inbox, source, f"d-{n}") for n in range(MOST_SUBMITTED + 1)]
            )
            assert len(stored) == MOST_SUBMITTED
            assert inbox.submit([signed(inbox, source, "one more")]) == []
            told = pool.submit(tell, inbox, source, "with a thread")
            await_(lambda: inbox.waiting == MOST_SUBMITTED + 1)
        told.result(PATIENCE_SECONDS)
        assert {each.result(PATIENCE_SECONDS) for each in stored} == {None}
    assert len(source.deliveries()) == MOST_SUBMITTED + 2


def test_one_that_was_given_up_before_its_turn_is_not_stored(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    tell(inbox, source, "d-0")
    with ThreadPoolExecutor(1) as pool, closed(parts, inbox, pool, source):
        given_up, other = inbox.submit([signed(inbox, source, name) for name in ("d-1", "d-2")])
        assert given_up.cancel()
    other.result(PATIENCE_SECONDS)
    assert {kept.key for kept in source.deliveries()} == {"first", "d-0", "d-2"}


def test_the_fast_path_tells_what_it_has_begun_and_gives_back_what_it_has_not(
    parts: Parts, inbox: Inbox, source: Source
) -> None:
    tell(inbox, source, "d-0")
    path = FastDeliveries(inbox, Metrics(), None)
    begun, waiting = (fast(source, name) for name in ("d-1", "d-2"))
    other = open_database(parts.settings.database_url, pool_size=1)
    with other.begin() as conn:
        conn.exec_driver_sql("LOCK TABLE delivery")
        path.take([begun])
        await_(lambda: bool(conn.exec_driver_sql(WAITS).scalar_one()))
        path.take([waiting])
        assert isinstance(path.give_up(begun), Unavailable)
        assert path.give_up(waiting) is None
    other.dispose()
    tell(inbox, source, "d-3")  # so the first is over
    assert {kept.key for kept in source.deliveries()} == {"d-0", "d-1", "d-3"}


def test_a_crowd_goes_fast_as_far_as_there_is_room(inbox: Inbox, source: Source) -> None:
    tell(inbox, source, "d-0")
    path, done = FastDeliveries(inbox, Metrics(), None), deque[FastRequest]()
    crowd = [fast(source, f"d-{n}", done=done.append) for n in range(MOST_SUBMITTED + 3)]
    path.take(crowd)
    await_(lambda: len(done) == len(crowd))
    outcomes = [path.finish(each) for each in crowd]
    assert [isinstance(each, Brief) for each in outcomes] == [True] * MOST_SUBMITTED + [False] * 3
    assert outcomes[MOST_SUBMITTED:] == [None] * 3
    assert len(source.deliveries()) == MOST_SUBMITTED


def test_what_was_given_back_at_once_may_be_given_up(inbox: Inbox, source: Source) -> None:
    """A process that stood still for ten seconds finds both due."""
    tell(inbox, source, "d-0")
    path = FastDeliveries(inbox, Metrics(), None)
    request = fast(source, "d-1", scheme="http")
    path.take([request])
    assert path.give_up(request) is None


def test_a_body_that_names_many_apps_is_tried_with_none_of_their_secrets(
    parts: Parts, inbox: Inbox
) -> None:
    sources = [Source(parts, f"shop-{number}") for number in range(MOST_NAMED + 1)]
    tell(inbox, sources[0], "d-0")
    event = sources[0].event(delivery_id="d-1")
    few, many = (
        json.dumps({**event, "names": [each.id for each in sources[:count]]}).encode()
        for count in (MOST_NAMED, MOST_NAMED + 1)
    )
    found = [inbox.sign(body, sign(body, sources[0].secret)) for body in (few, many)]
    assert [each is not None for each in found] == [True, False]


def fast(
    source: Source,
    delivery_id: str,
    *,
    scheme: str = "https",
    done: Callable[[FastRequest], None] = lambda _: None,
) -> FastRequest:
    """A delivery that is whole, as a connection has it."""
    told = source.told(delivery_id=delivery_id)
    head = f"POST {DOOR} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    request = Head(Config(), ("127.0.0.1", 1), 1, Limits()).read(bytearray(head))
    headers = {HEADER.upper(): [told["headers"][HEADER]], "X-FORWARDED-PROTO": [scheme]}
    return FastRequest(SimpleNamespace(request=request, headers=headers), told["data"], done)
