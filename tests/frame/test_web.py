"""The worker class: gunicorn with a small app, real sockets, and strangers of every kind."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.stage import free_port
from listener.web.limits import Limits
from tests.acceptance.town import Process, wait_until
from tests.frame.plain_web import ShortWorker
from tests.frame.processes import PYTHON, dyno

CHUNKED = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
DOOR = b"POST /door HTTP/1.1\r\nHost: x\r\nSigned: yes\r\nContent-Length: 2\r\n\r\nhi"
HOLD, FREE = (DOOR.replace(b"/door", path) for path in (b"/hold", b"/free"))


class Web:
    """gunicorn, with one process of ours."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        command = [PYTHON, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--worker-class", "tests.frame.plain_web.ShortWorker"]
        command += ["--graceful-timeout", "10", "--no-control-socket"]
        self.process = Process([*command, "tests.frame.plain_web:app"], dyno({}), log)
        wait_until(self._answers, f"an answer; see {log}")

    def _answers(self) -> bool:
        try:
            return self.ask(GET).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def open(self) -> socket.socket:
        """A client of its own."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, request: bytes) -> bytes:
        """Send, say that this was all, and read to the end."""
        with self.open() as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return rest(client)


def rest(client: socket.socket) -> bytes:
    """Read until the other side closes."""
    found = b""
    try:
        while more := client.recv(65536):
            found += more
    except ConnectionResetError:
        pass
    return found


def until(client: socket.socket, end: bytes) -> bytes:
    """Read as far as this."""
    found = b""
    while not found.endswith(end):
        more = client.recv(1)
        assert more, found
        found += more
    return found


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One for all tests that do not end it."""
    started = Web(tmp_path_factory.mktemp("web") / "log")
    yield started
    started.process.stop()


def test_requests_in_one_breath_are_answered_one_after_the_other(web: Web) -> None:
    post = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    answer = web.ask(GET + post + CHUNKED + b"2\r\nhi\r\n0\r\n\r\n" + GET)
    said = [b"GET /a None ", b"POST /b 3 abc", b"POST /a None hi", b"GET /a None "]
    assert [answer.find(one) >= 0 for one in said] == [True] * 4
    assert answer.count(b"HTTP/1.1 200 OK") == 4
    assert answer.index(said[1]) < answer.index(said[2])


def test_a_request_that_comes_byte_by_byte_is_one_request(web: Web) -> None:
    with web.open() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in CHUNKED + b"2;a=b\r\nhi\r\n1\r\n!\r\n0\r\nTrailer-A: b\r\n\r\n" + GET:
            client.sendall(bytes([byte]))
        until(client, b"POST /a None hi!")
        until(client, b"GET /a None ")


@pytest.mark.parametrize(
    "request_",
    [
        CHUNKED + b"zz\r\nhi\r\n",
        CHUNKED + b"2\r\nhi!\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"0\r\nContent-Length: 3\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /a HTTP/1.1\r\nContent-Length: +2\r\n\r\nab",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET /a HTTP/1.1\nHost: x\n\n",
        b"GET /a HTTP/1.1\r\nno colon\r\n\r\n",
    ],
)
def test_what_is_broken_is_refused_and_nothing_behind_it_is_read(web: Web, request_: bytes) -> None:
    answer = web.ask(request_ + GET)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert "Traceback" not in web.process.log.read_text()


def test_too_large_a_head_is_refused(web: Web) -> None:
    line = b"A: " + b"x" * 8000 + b"\r\n"
    answer = web.ask(b"GET /a HTTP/1.1\r\n" + line * 9 + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert web.ask(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 414 ")


def test_who_asks_first_is_told_to_go_on(web: Web) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with web.open() as client:
        client.sendall(head)
        until(client, b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"hi")
        assert b"Continue" not in until(client, b"POST /a 2 hi")


def test_an_early_answer_waits_for_no_body(web: Web) -> None:
    for body in (b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Content-Length: 9999999"):
        with web.open() as client:
            client.sendall(b"POST /door HTTP/1.1\r\nExpect: 100-continue\r\n" + body + b"\r\n\r\n")
            answer = rest(client)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"Connection: close" in answer


def test_head_is_answered_without_a_body_and_old_clients_are_let_go(web: Web) -> None:
    answer = web.ask(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    assert answer.count(b"HTTP/1.1 200") == 2
    with web.open() as client:
        client.sendall(b"GET /a HTTP/1.0\r\n\r\n")
        assert rest(client).endswith(b"GET /a None ")


def test_an_app_that_breaks_costs_one_answer(web: Web) -> None:
    assert web.ask(b"GET /broken HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 500 ")
    text = web.process.log.read_text()
    web.process.log.write_text(text.replace("Traceback", "Trace"))
    assert web.ask(GET).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", b""),
        (b"GET /a HT", b"HTTP/1.1 408 "),
        (b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", b"HTTP/1.1 408 "),
        (CHUNKED + b"9\r\nabc", b"HTTP/1.1 408 "),
    ],
)
def test_who_takes_too_long_is_let_go(web: Web, sent: bytes, told: bytes) -> None:
    with web.open() as client:
        client.sendall(sent)
        assert rest(client).startswith(told)


def test_a_trickle_is_too_slow(web: Web) -> None:
    with web.open() as client:
        client.sendall(b"POST /a HTTP/1.1\r\nContent-Length: 99999\r\n\r\n")
        client.settimeout(0.05)
        answer = b""
        while not answer:
            try:
                client.sendall(b"x")
                answer = client.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_who_does_not_read_is_let_go(web: Web) -> None:
    with web.open() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /large HTTP/1.1\r\n\r\n" * 9)
        wait_until(lambda: connections(web) == 0, "its connection closed")


def test_who_reads_slowly_gets_all_of_it(web: Web) -> None:
    with web.open() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        found = 0
        while more := client.recv(8192):
            found += len(more)
    assert found > 4 * 1024 * 1024 // 3


def test_the_kernel_holds_little_of_an_answer_that_nobody_reads(web: Web) -> None:
    with web.open() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        wait_until(lambda: sum(unsent(web)) > 0, "an answer on its way")
        assert sum(unsent(web)) < 4 * ShortWorker.limits.unsent  # it doubles what it is told


def test_strangers_leave_threads_for_all_others(web: Web) -> None:
    web.ask(HOLD)
    with ThreadPoolExecutor(4) as threads:
        waiting = [
            threads.submit(web.ask, b"GET /stranger HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(4)
        ]
        assert web.ask(GET).startswith(b"HTTP/1.1 200")
        assert not any(one.done() for one in waiting)
        web.ask(FREE)
        waiting.clear()


def connections(web: Web) -> int:
    """How many sockets beside the listening one its processes have open."""
    return len(unsent(web))


def unsent(web: Web) -> list[int]:
    """Bytes that the kernel holds for each client."""
    port = f":{web.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    found = [line.split() for line in lines]
    of_clients = [one for one in found if one[1].endswith(port) and one[3] in ("01", "08")]
    return [int(one[4].partition(":")[0], 16) for one in of_clients]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /a HT",
        b"POST /a HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"x" * 300_000,
        b"POST /door HTTP/1.1\r\nSigned: yes\r\nContent-Length: 900000\r\n\r\n" + b"x" * 300_000,
        b"GET /large HTTP/1.1\r\n\r\n",
    ],
)
def test_a_crowd_of_one_kind_leaves_the_door_quick(web: Web, sent: bytes) -> None:
    with ExitStack() as crowd:
        for _ in range(60):
            client = crowd.enter_context(web.open())
            client.setblocking(False)
            client.send(sent)
        for _ in range(5):
            begun = time.monotonic()
            assert web.ask(DOOR).endswith(b"POST /door 2 hi")
            assert time.monotonic() - begun < 10  # not held up by everybody's deadlines
        assert connections(web) <= 20
    wait_until(lambda: connections(web) == 0, "all of them gone")


def test_those_that_take_long_leave_threads_for_the_door(web: Web) -> None:
    web.ask(HOLD)
    stuck = b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n"
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(web.ask, stuck) for _ in range(4)]
        for _ in range(3):
            assert web.ask(DOOR).endswith(b"hi")
        assert not any(one.done() for one in waiting)
        web.ask(FREE)
        waiting.clear()


def fast(how: bytes, body: bytes = b"1", *, version: bytes = b"1.1") -> bytes:
    """A request that the fast path may answer."""
    head = b"POST /fast HTTP/%b\r\nHost: x\r\nHow: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (version, how, len(body)) + body


@pytest.mark.parametrize("how", [b"answer", b"thread"])
def test_the_fast_path_answers_in_turn_with_the_app(web: Web, how: bytes) -> None:
    answer = web.ask(fast(how, b"1") + GET + fast(how, b"2") + fast(b"give-back", b"3") + GET)

    said = [b"\r\nNumber: 1\r\n", b"GET /a", b"\r\nNumber: 2\r\n", b"POST /fast 1 3", b"GET /a"]
    places = [answer.find(one) for one in said[:4]] + [answer.rfind(said[4])]
    assert places == sorted(places)
    assert places[0] > 0
    assert answer.count(b"HTTP/1.1 204 Fast\r\n") == 2
    assert answer.count(b"Connection: keep-alive") == 5


def test_a_chunked_request_is_fast_as_well(web: Web) -> None:
    head = b"POST /fast HTTP/1.1\r\nHost: x\r\nHow: answer\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = web.ask(head + b"2\r\nhi\r\n0\r\n\r\n" + GET)
    assert b"\r\nNumber: hi\r\n" in answer
    assert b"GET /a None" in answer


def test_an_old_client_is_let_go_after_a_fast_answer(web: Web) -> None:
    with web.open() as client:
        client.sendall(fast(b"answer", version=b"1.0"))
        answer = rest(client)
    assert answer.startswith(b"HTTP/1.0 204 Fast\r\n")
    assert b"\r\nConnection: close\r\n" in answer


def test_what_fails_on_the_fast_path_is_told_by_the_app(web: Web) -> None:
    answer = web.ask(fast(b"fail") + fast(b"give-back"))
    assert b"HTTP/1.1 503 it failed" in answer
    assert answer.endswith(b"POST /fast 1 1")
    assert b"HTTP/1.1 200 OK" in answer


def test_what_failed_waits_for_none_of_those_that_the_door_may_hold(web: Web) -> None:
    """They may wait for the same database, and Heroku for its answer."""
    web.ask(HOLD)
    stuck = b"GET /stuck-first HTTP/1.1\r\nHost: x\r\n\r\n"
    with ThreadPoolExecutor(4) as threads, web.open() as client:
        waiting = [threads.submit(web.ask, stuck) for _ in range(4)]
        client.sendall(fast(b"fail"))
        until(client, b"POST /fast 1 1")
        assert all(b"200 OK" in one.result() for one in waiting)


@pytest.mark.parametrize("request_", [fast(b"break"), fast(b"break late"), fast(b"keep", b"break")])
def test_a_fast_path_that_breaks_costs_one_answer(web: Web, request_: bytes) -> None:
    with web.open() as client:
        client.sendall(request_ + fast(b"answer"))
        answer = until(client, b"Number: 1\r\n\r\n")
    assert answer.count(b"HTTP/1.1 503 broken on purpose") == 1


def test_a_large_body_goes_the_long_way(web: Web) -> None:
    large = b"x" * (Limits().fast_body + 1)
    assert web.ask(fast(b"answer", large)).endswith(large)
    assert b" 204 Fast" in web.ask(fast(b"answer", large[1:]))


def test_what_the_fast_path_keeps_for_too_long_is_told_by_the_app_alone(web: Web) -> None:
    """Its answer that comes after all may not be taken for that of the next request."""
    with web.open() as client:
        client.sendall(fast(b"keep", b"1"))
        until(client, b"POST /fast 1 1")
        client.sendall(fast(b"answer", b"2") + GET)
        assert b"Late" not in until(client, b"GET /a None ")


def test_what_is_whole_is_answered_though_the_process_ends(tmp_path: Path) -> None:
    web = Web(tmp_path / "log")
    try:
        with web.open() as client, web.open() as other:
            other.sendall(DOOR)
            until(other, b"hi")
            client.sendall(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            with ThreadPoolExecutor(1) as thread:
                ended = thread.submit(web.process.stop, patience=15)
                wait_until(lambda: "Handling signal" in web.process.log.read_text(), "SIGTERM")
                other.sendall(FREE)
                assert b"Connection: close" in rest(other)
                assert b"GET /stuck None" in rest(client)
                assert ended.result() == 0
    finally:
        web.process.stop()
