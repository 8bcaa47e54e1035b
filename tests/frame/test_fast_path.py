"""Deliveries over real sockets: the fast path answers as the view does, and stores the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from listener.app import Parts, assemble
from listener.config import read
from listener.db import subscriptions
from listener.db.engine import Database
from tests.api.source import Source
from tests.db import clean
from tests.frame.processes import Web, settings

DOOR = "/webhooks/heroku"
LONG_WAY = f"{DOOR}?long=way"  # what is asked for with a query is the view's
MANY = 200
DIFFERS = {"content-type", "date", "request-id"}


@pytest.fixture(scope="module")
def shared(postgres: str, migrated: str) -> Iterator[tuple[str, Database]]:
    """The database of the web process."""
    with clean.shared_database(postgres, migrated, "fast_path") as shared:
        yield shared


@pytest.fixture(scope="module")
def parts(shared: tuple[str, Database]) -> Iterator[Parts]:
    """A way of our own to what the web process stores."""
    made = assemble(read(settings(shared[0])))
    yield made
    made.close()


@pytest.fixture(scope="module")
def web(shared: tuple[str, Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One process, whose runners stand still."""
    env = {"WEB_CONCURRENCY": "1", "AUTOPROMOTE_RUNNERS": "0", "AUTOPROMOTE_METRICS_TOKEN": TOKEN}
    started = Web(settings(shared[0]) | env, tmp_path_factory.mktemp("web") / "log")
    yield started
    started.end()


TOKEN = "scrape-me-scrape-me"


@pytest.fixture
def source(web: Web, parts: Parts, shared: tuple[str, Database]) -> Source:
    """An app of which the process has heard."""
    clean.empty(shared[1])
    made = Source(parts, "shop-staging")
    assert tell(web, made, "first", path=LONG_WAY).status_code == 204
    return made


def tell(
    web: Web,
    source: Source,
    delivery_id: str,
    *,
    path: str = DOOR,
    secret: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Deliver an event of this source."""
    body = json.dumps(source.event(delivery_id=delivery_id)).encode()
    told = source.signed(body, secret)
    return web.http.post(path, content=body, headers={**told["headers"], **(headers or {})})


def kept(source: Source) -> dict[str, int]:
    """How often each delivery came."""
    return {row.key: row.times for row in source.deliveries()}


def is_fast(answer: httpx.Response) -> bool:
    """Whether the fast path gave this answer: only the view says of which type nothing is."""
    return "content-type" not in answer.headers


@pytest.mark.parametrize("scheme", [{}, {"X-Forwarded-Proto": "https"}])
def test_both_ways_answer_alike(web: Web, source: Source, scheme: dict[str, str]) -> None:
    quick = tell(web, source, "d-1", headers=scheme)
    slow = tell(web, source, "d-2", path=LONG_WAY, headers=scheme)

    assert (is_fast(quick), is_fast(slow)) == (True, False)
    assert quick.status_code == slow.status_code == 204
    assert (quick.reason_phrase, quick.content) == (slow.reason_phrase, slow.content)
    told = [
        {name: value for name, value in each.headers.items() if name not in DIFFERS}
        for each in (quick, slow)
    ]
    assert told[0] == told[1]
    assert kept(source) == {"first": 1, "d-1": 1, "d-2": 1}


def test_each_leaves_its_line_and_its_count(web: Web, source: Source) -> None:
    before = counted(web)
    number = "0f1e2d3c-0f1e-2d3c-0f1e-0f1e2d3c4b5a"
    answer = tell(web, source, "d-1", headers={"X-Request-Id": number})

    assert is_fast(answer)
    assert answer.headers["Request-Id"] == number
    [line] = [one for one in web.process.log.read_text().splitlines() if number in one]
    assert "level=info event=request method=POST path=/webhooks/heroku status=204 ms=" in line
    assert counted(web) == before + 1


def counted(web: Web) -> float:
    """How many deliveries were accepted."""
    text = web.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    name = 'autopromote_requests_total{method="POST",route="/webhooks/heroku",status="204"} '
    return next(float(one.removeprefix(name)) for one in text.splitlines() if one.startswith(name))


def test_a_strange_number_is_not_taken_over(web: Web, source: Source) -> None:
    answer = tell(web, source, "d-1", headers={"X-Request-Id": "x" * 300})
    assert is_fast(answer)
    assert len(answer.headers["Request-Id"]) == 36


def test_what_is_not_plainly_right_gets_the_answer_of_the_view(web: Web, source: Source) -> None:
    asked = {
        401: tell(web, source, "d-1", secret="another secret"),
        403: tell(web, source, "d-2", headers={"X-Forwarded-Proto": "https, http"}),
        405: web.http.put(DOOR, content=b"{}", headers=source.signed(b"{}")["headers"]),
    }
    assert {status: each.status_code for status, each in asked.items()} == {n: n for n in asked}
    ids = [each.json()["id"] for each in asked.values()]
    assert ids == ["bad_signature", "unencrypted", "method_not_allowed"]
    assert kept(source) == {"first": 1}


def test_a_body_that_names_no_app_of_ours_is_stored_the_long_way(web: Web, source: Source) -> None:
    answer = web.http.post(DOOR, content=b"{}", headers=source.signed(b"{}")["headers"])
    assert (answer.status_code, is_fast(answer)) == (204, False)
    assert len(kept(source)) == 2


def test_a_removed_secret_is_obeyed_at_once(web: Web, source: Source, parts: Parts) -> None:
    assert is_fast(tell(web, source, "d-1"))
    with parts.database.begin() as conn:
        subscriptions.remove(conn, source.subscription_id)
    assert tell(web, source, "d-2").status_code == 401
    assert kept(source) == {"first": 1, "d-1": 1}


def test_a_new_secret_is_learned_the_long_way_and_then_fast(web: Web, source: Source) -> None:
    source.add_secret("a newer one")
    answers = [tell(web, source, f"d-{number}", secret="a newer one") for number in range(2)]
    assert [is_fast(each) for each in answers] == [False, True]
    assert kept(source) == {"first": 1, "d-0": 1, "d-1": 1}


def test_an_error_of_the_database_is_told_and_nothing_is_tried_twice(
    web: Web, source: Source, parts: Parts
) -> None:
    with parts.database.begin() as conn:
        conn.exec_driver_sql("CREATE SEQUENCE tried")
        conn.exec_driver_sql(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM nextval('tried'); RAISE EXCEPTION USING ERRCODE = '53100'; END $$"
        )
        conn.exec_driver_sql(
            "CREATE TRIGGER fail BEFORE INSERT ON delivery EXECUTE FUNCTION fail()"
        )
    try:
        answer = tell(web, source, "d-1")
        with parts.database.begin() as conn:
            tried = conn.exec_driver_sql("SELECT last_value, is_called FROM tried").one()
    finally:
        with parts.database.begin() as conn:
            conn.exec_driver_sql("DROP TRIGGER fail ON delivery")
            conn.exec_driver_sql("DROP FUNCTION fail")
            conn.exec_driver_sql("DROP SEQUENCE tried")
    assert answer.status_code == 503
    assert answer.json()["id"] == "database_read_only"
    assert tuple(tried) == (1, True)
    assert tell(web, source, "d-1").status_code == 204
    assert kept(source) == {"first": 1, "d-1": 1}


def test_a_crowd_is_stored_whole(web: Web, source: Source) -> None:
    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(lambda n: tell(web, source, f"d-{n % 150}"), range(MANY)))
    assert {each.status_code for each in told} == {204}
    assert all(map(is_fast, told))
    times = kept(source)
    assert times.keys() == {"first", *(f"d-{n}" for n in range(150))}
    assert {times[f"d-{n}"] for n in range(50, 150)} == {1}
