"""The web process as the Procfile starts it: gunicorn, real sockets, real signals."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from listener.crypto import Keys
from listener.db import migrate
from listener.db.engine import Database
from listener.heroku import HEADER, sign
from tests.db import clean
from tests.frame.processes import KEY, Web, saying, settings, workers
from tests.logins import bearer, token_of


@pytest.fixture(scope="module")
def shared(postgres: str, migrated: str) -> Iterator[tuple[str, Database]]:
    """The database of the web process."""
    with clean.shared_database(postgres, migrated, "web_process") as shared:
        yield shared


@pytest.fixture
def database(shared: tuple[str, Database]) -> Database:
    """A way of our own to what the web process stores."""
    return shared[1]


@pytest.fixture(scope="module")
def web(shared: tuple[str, Database], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A web process, as on a dyno that Heroku takes for a large one, for all who do not end it."""
    started = Web(settings(shared[0]) | LARGE, tmp_path_factory.mktemp("web") / "log")
    yield started
    started.end()


LARGE = {"WEB_CONCURRENCY": "4", "AUTOPROMOTE_METRICS_TOKEN": "scrape-me-scrape-me"}


def spoken(web: Web, request: bytes) -> bytes:
    """Send bytes, and read until the other side is done."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while more := client.recv(65536):
            answer += more
    return answer


def test_it_promotes_and_answers_with_one_line_a_request(web: Web) -> None:
    saying(web.process, "event=runners_started promoting=4")
    answer = web.http.get("/readyz", params={"token": "hush-hush"})

    number = answer.headers["Request-Id"]
    lines = [line for line in web.process.log.read_text().splitlines() if number in line]
    assert [line.split(" level=")[1].split(" ms=")[0] for line in lines] == [
        "info event=request method=GET path=/readyz status=200"
    ]
    assert "hush-hush" not in web.process.log.read_text()


def test_a_database_that_is_not_migrated_yet_is_waited_for(
    empty_database_url: str, tmp_path: Path
) -> None:
    web = Web(settings(empty_database_url), tmp_path / "log")
    try:
        assert web.http.get("/readyz").status_code == 503
        migrate.migrate(empty_database_url)
        saying(web.process, "event=runners_started")
        assert web.http.get("/readyz").status_code == 200
    finally:
        web.end()


def test_it_ends_in_peace_when_told_to(database_url: str, tmp_path: Path) -> None:
    web = Web(settings(database_url) | LARGE, tmp_path / "log")
    try:
        saying(web.process, "event=runners_started")
        assert web.process.stop(patience=28) == 0
        assert "Traceback" not in web.process.log.read_text()
    finally:
        web.end()


def test_what_a_dyno_exports_adds_no_log_and_its_folder_stays(
    database_url: str, tmp_path: Path
) -> None:
    """Heroku's Python buildpack exports GUNICORN_CMD_ARGS: each request was logged twice, whole."""
    counts, own = tmp_path / "counts", tmp_path / "own"
    counts.mkdir()
    own.mkdir()
    exported = {"GUNICORN_CMD_ARGS": "--access-logfile -", "TMPDIR": str(own)}
    named = exported | {"PROMETHEUS_MULTIPROC_DIR": str(counts)}
    for name, env in (("named", named), ("own", exported)):
        web = Web(settings(database_url) | env, tmp_path / f"{name}.log")
        try:
            assert web.http.get("/approvals/hush-hush").status_code == 404
            assert web.process.stop(patience=28) == 0
        finally:
            web.end()
        log = web.process.log.read_text()
        assert (log.count("/approvals/"), log.count("hush-hush")) == (1, 0)
    assert list(counts.iterdir())
    assert not list(own.glob("autopromote-metrics-*"))


def test_what_its_processes_count_is_told_together(web: Web) -> None:
    before = counted(web)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: web.http.get("/nowhere").status_code, range(40)))
    assert statuses == [404] * 40
    assert counted(web) - before == 40


def counted(web: Web) -> float:
    """How many requests all its processes together count that led nowhere."""
    text = web.http.get("/metrics", headers={"Authorization": "Bearer scrape-me-scrape-me"}).text
    start = 'autopromote_requests_total{method="GET",route="unknown",status="404"} '
    return sum(float(line.removeprefix(start)) for line in text.splitlines() if start in line)


def test_a_chunked_body_without_end_is_cut_off(web: Web) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    request = b"POST /webhooks/heroku HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    request += f"{HEADER}: {sign(b'', 'any')}\r\n\r\n".encode()
    answer = spoken(web, request + chunk * 20 + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"id":"too_large"' in answer


def test_a_connection_is_good_for_more_after_a_body_that_was_too_large(web: Web) -> None:
    headers = {HEADER: sign(b"", "any")}
    for body in (b"x" * 2_000_000, b"x", b"x" * 3_000_000, b"x"):
        status = web.http.post("/webhooks/heroku", content=body, headers=headers).status_code
        assert status == (413 if len(body) > 1 else 401)


def test_what_is_not_signed_is_refused_however_large_it_is(web: Web) -> None:
    for size in (2_000_000, 1):
        assert web.http.post("/webhooks/heroku", content=b"x" * size).status_code == 401


def test_a_path_is_what_was_asked_for_whatever_headers_say(web: Web) -> None:
    forged = b"GET /nowhere/healthz HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /nowhere\r\n\r\n"
    assert spoken(web, forged).startswith(b"HTTP/1.1 404")


def test_the_router_s_word_on_https_is_believed(web: Web, database: Database) -> None:
    token = token_of(database, Keys([KEY]), "ana@example.com")
    headers = bearer(token) | {"X-Forwarded-Proto": "https"}
    told = web.http.get("/api/whoami", headers=headers).json()["url"]
    assert told == f"https://127.0.0.1:{web.port}"


def test_patterns_that_would_take_much_memory_are_refused_at_once(
    web: Web, database: Database
) -> None:
    """Two such requests took 1.2 GB and 25 seconds each, before patterns were counted."""
    token = token_of(database, Keys([KEY]), "ana@example.com")
    before = resident(web)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda shift: ask_to_try(web, token, shift), (0, 150)))
    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("20 patterns at most" in answer.text for answer in answers)
    assert resident(web) - before < 32


def ask_to_try(web: Web, token: str, shift: int) -> httpx.Response:
    """What a rule with 120 large patterns, in 4 KB, would have done."""
    names = ("authors", "not_authors", "commit_messages", "not_commit_messages")
    lists = {
        name: [rf"/\pL{{{400 - shift - number}}}{name}/" for number in range(20)]
        for name in (*names, "descriptions", "not_descriptions")
    }
    body = {"name": "x", "source": "acme-staging", "targets": ["acme-prod"], **lists}
    return web.http.post("/api/rules/actions/try", json=body, headers=bearer(token))


def resident(web: Web) -> float:
    """Megabytes that its processes have in memory."""
    pids = [web.process.pid, *workers(web.process.pid)]
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids]
    return sum(pages) * resource.getpagesize() / 1024 / 1024
