"""Speaks with every client of a process, without ever waiting for one of them."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from gunicorn.util import unquote_to_wsgi_str  # type: ignore[import-untyped]

from listener.web.answering import AnswerBuffer, Sink, answer, written
from listener.web.connection import Connection, Deadlines, Phase
from listener.web.fast_path import BEGAN_AT, FAILED, FAST_PATH, Brief, FastPath, FastRequest
from listener.web.limits import JUDGE, Admission, Judge, Limits, Priority, unknown
from listener.web.pool import Pool
from listener.web.reading import Chunks, Head, Length, body_of

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
PIECE = 64 * 1024
ACCEPTED_AT_ONCE = 64
LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
NOTHING: Mapping[str, Any] = {}
STOPPING_SECONDS = 2.0  # an idle client may just be sending: it is told to close by an answer


class Front:
    """All connections of a process; everything but `_work` runs in the selector's thread."""

    def __init__(self, worker: Any, selector: selectors.BaseSelector, limits: Limits) -> None:
        self._worker, self._limits = worker, limits
        self._selector = selector
        extensions = getattr(worker.wsgi, "extensions", {})
        self._judge: Judge = extensions.get(JUDGE, unknown)
        self._fast_path: FastPath | None = extensions.get(FAST_PATH)
        self._fast: list[FastRequest] = []  # to be handed over together
        self._deadlines = Deadlines()
        self._open: set[Connection] = set()
        self._buffered = 0
        self._pool = Pool(limits.threads)
        self._answered: deque[tuple[Connection, AnswerBuffer]] = deque()
        self._fast_answered: deque[FastRequest] = deque()
        self._is_woken = False
        self._pool.begin()

    @property
    def is_empty(self) -> bool:
        """Whether nobody is here any more."""
        return not self._open

    def accept(self, listening: socket.socket) -> None:
        """Let in whoever waits; the oldest idle make room."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                client, address = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (23, 24) and self._make_room():  # ENFILE, EMFILE
                    continue
                return
            client.setblocking(False)
            if len(self._open) >= self._limits.connections and not self._make_room():
                client.close()
                continue
            conn = Connection(client, address, listening.getsockname())
            self._open.add(conn)
            self._enter(conn, Phase.IDLE, self._limits.head_seconds)
            self._watch(conn, READ)

    def serve(self, conn: Connection, events: int) -> None:
        """Read from or write to a client, whichever it is ready for."""
        try:
            if events & WRITE:
                self._send(conn)
            if events & READ and conn.is_open:
                if conn.phase >= Phase.QUEUED:
                    self._watch(conn, 0)  # what it sends now waits for its answer
                else:
                    self._receive(conn)
        except OSError:  # it went away
            self._close(conn)

    def hand_over(self) -> None:
        """Let the fast path have what has become whole since the last time."""
        if self._fast and self._fast_path is not None:
            requests, self._fast = self._fast, []
            try:
                self._fast_path.take(requests)
            except Exception as error:  # noqa: BLE001 - the app tells it, to each client
                for request in requests:
                    self._give_to_app(request, error)

    def _fast_done(self, request: FastRequest) -> None:
        self._fast_answered.append(request)
        self._wake()

    def collect(self) -> None:
        """Take what the threads have answered."""
        self._is_woken = False
        for _ in range(len(self._answered)):  # no more, for each may bring the next at once
            self._finish(*self._answered.popleft())
        for _ in range(len(self._fast_answered)):
            self._finish_fast(self._fast_answered.popleft())

    def _finish_fast(self, request: FastRequest) -> None:
        conn: Connection = request.connection
        if conn.fast is not request or self._fast_path is None:
            return  # it was given up
        try:
            outcome = self._fast_path.finish(request)
        except Exception as error:  # noqa: BLE001 - as above
            outcome = error
        if isinstance(outcome, Brief):
            conn.fast = None
            self._finish(conn, written(self._worker, conn.request, outcome))
        else:
            self._give_to_app(request, outcome)

    def _finish(self, conn: Connection, said: AnswerBuffer) -> None:
        conn.request = None
        conn.headers = {}
        conn.whole = conn.head_size = 0
        if said.content:
            self._reply(conn, said.content, closes=said.closes)
        else:
            conn.phase = Phase.WRITING
            self._close(conn)

    def tick(self, now: float) -> None:
        """Close whoever has taken too long."""
        self._deadlines.run(now, self._give_up)

    def wait(self, now: float) -> float:
        """Return how long nothing is due, in seconds, one at most."""
        return self._deadlines.wait(now, 1.0)

    def stop(self) -> None:
        """Let idle clients go soon: the process ends."""
        soon = time.monotonic() + STOPPING_SECONDS
        for conn in self._open:
            if conn.phase is Phase.IDLE:
                self._deadlines.set(conn, min(conn.due, soon))

    def end(self) -> None:
        """Close everything."""
        self._pool.end()
        for conn in list(self._open):
            self._close(conn)

    def _receive(self, conn: Connection) -> None:
        try:
            data = conn.socket.recv(PIECE)
        except BlockingIOError:
            return
        if conn.phase is Phase.LINGERING:
            if not data:
                self._close(conn)
            return
        if not data:
            self._close(conn)
            return
        conn.inbox += data
        self._advance(conn)
        self._count(conn)

    def _advance(self, conn: Connection) -> None:
        try:
            if conn.phase is Phase.IDLE and conn.inbox:
                conn.requests += 1
                address = conn.ends[0]
                conn.head = Head(self._worker.cfg, address, conn.requests, self._limits)
                self._enter(conn, Phase.HEAD, self._limits.head_seconds)
            if conn.phase is Phase.HEAD and conn.head is not None:
                self._read_head(conn, conn.head)
            if conn.phase is Phase.BODY and conn.body is not None:
                self._read_body(conn, conn.body)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - gunicorn knows which, and what to say
            sink = Sink()
            self._worker.handle_error(None, sink, conn.ends[0], error)
            self._reply(conn, sink.content, closes=True)

    def _read_head(self, conn: Connection, head: Head) -> None:
        before = len(conn.inbox)
        request = head.read(conn.inbox)
        if request is None:
            return
        conn.head_size = before - len(conn.inbox)
        headers: dict[str, list[str]] = {}
        for name, value in request.headers:
            headers.setdefault(name, []).append(value)
        conn.head, conn.request, conn.headers = None, request, headers
        conn.admission = self._judge(request.method, unquote_to_wsgi_str(request.path), headers)
        most = min(conn.admission.body, self._limits.body)
        conn.body = body_of(request, self._limits, most)
        has_none = isinstance(conn.body, Length) and conn.body.length == 0
        is_too_large = isinstance(conn.body, Length) and conn.body.length > most
        if not has_none and (is_too_large or not conn.admission.reads_body):
            self._hand_over(conn, b"", is_cut=True)
            return
        self._enter(conn, Phase.BODY, self._limits.body_seconds)
        # gunicorn's worker looks at it in the same way
        is_awaited = request._expected_100_continue  # noqa: SLF001
        if is_awaited and not conn.inbox and not has_none:
            with suppress(BlockingIOError):
                conn.socket.send(GO_ON)

    def _read_body(self, conn: Connection, reader: Length | Chunks) -> None:
        body = reader.read(conn.inbox)
        if body is not None:
            self._hand_over(conn, body, is_cut=reader.is_over)
            return
        limits = self._limits
        allowed = limits.body_grace + reader.received / limits.body_rate
        self._deadlines.set(conn, conn.since + min(limits.body_seconds, allowed))

    def _hand_over(self, conn: Connection, body: bytes, *, is_cut: bool) -> None:
        conn.body = None
        conn.whole = len(body)
        self._count(conn)  # while it may still be closed
        if not conn.is_open:
            return
        is_fast = conn.admission.is_fast and not is_cut and len(body) <= self._limits.fast_body
        if self._fast_path is None or not is_fast:
            self._queue(conn, body, is_cut=is_cut)
            return
        self._enter(conn, Phase.FAST, self._limits.fast_seconds)
        conn.fast = FastRequest(conn, body, self._fast_done)
        self._fast.append(conn.fast)

    def _give_to_app(self, request: FastRequest, failed: Exception | None) -> None:
        conn: Connection = request.connection
        conn.fast = None
        told: dict[str, Any] = {BEGAN_AT: request.began_at}
        if failed is not None:
            told[FAILED] = failed
            conn.admission = replace(conn.admission, priority=Priority.TOLD)
        self._queue(conn, request.body, told=told)

    def _queue(
        self,
        conn: Connection,
        body: bytes,
        *,
        is_cut: bool = False,
        told: Mapping[str, Any] = NOTHING,
    ) -> None:
        """Have a thread of the pool answer, by the app, in whose environ stands what is told."""
        self._enter(conn, Phase.QUEUED, self._limits.queue_seconds)
        job = partial(self._work, conn, conn.request, body, is_cut=is_cut, told=told)
        self._pool.add(conn.admission.priority, conn, job)

    def _work(
        self, conn: Connection, request: Any, body: bytes, *, is_cut: bool, told: Mapping[str, Any]
    ) -> None:
        """Answer, in a thread of the pool."""
        is_unread = not conn.admission.reads_body
        said = answer(
            self._worker, request, body, conn.ends, is_cut=is_cut, is_unread=is_unread, told=told
        )
        self._answered.append((conn, said))
        self._wake()

    def _wake(self) -> None:
        """Let the selector see that something was answered, once for all that were."""
        if not self._is_woken:
            self._is_woken = True
            self._worker.wake()

    def _reply(self, conn: Connection, content: bytearray, *, closes: bool) -> None:
        conn.outbox = memoryview(content)
        conn.closes = closes
        self._enter(conn, Phase.WRITING, self._limits.answer_seconds)
        self._count(conn)
        try:
            self._send(conn)
        except OSError:
            self._close(conn)

    def _send(self, conn: Connection) -> None:
        try:
            sent = conn.socket.send(conn.outbox)
        except BlockingIOError:
            sent = 0
        conn.outbox = conn.outbox[sent:]
        if conn.outbox:
            self._watch(conn, WRITE)
            return
        conn.outbox = memoryview(b"")
        conn.admission = Admission()
        if conn.closes:
            self._linger(conn)
            return
        idle = STOPPING_SECONDS if not self._worker.alive else self._worker.cfg.keepalive
        self._enter(conn, Phase.IDLE, idle)
        self._watch(conn, READ)
        self._count(conn)
        self._advance(conn)  # with what the client has sent already

    def _linger(self, conn: Connection) -> None:
        # To close now, with bytes of the client's unread, would take the answer from it.
        conn.inbox.clear()
        self._enter(conn, Phase.LINGERING, self._limits.linger_seconds)
        with suppress(OSError):
            conn.socket.shutdown(socket.SHUT_WR)
        self._watch(conn, READ)
        self._count(conn)

    def _give_up(self, conn: Connection) -> None:
        if conn.phase is Phase.ANSWERING:
            return
        if conn.phase is Phase.FAST:
            if self._fast_path is not None and conn.fast is not None:
                try:
                    outcome = self._fast_path.give_up(conn.fast)
                except Exception as error:  # noqa: BLE001 - as above
                    outcome = error
                self._give_to_app(conn.fast, outcome)
            return
        if conn.phase in (Phase.HEAD, Phase.BODY):
            with suppress(OSError):
                conn.socket.send(LATE)
        self._close(conn)

    def _make_room(self) -> bool:
        """Close one connection for a new one; return False where all are being answered."""
        return self._close_first(
            [one for one in self._open if one.phase <= Phase.QUEUED],
            lambda one: (one.phase > Phase.IDLE, one.admission.is_trusted, one.since),
        )

    def _count(self, conn: Connection) -> None:
        """Count what is buffered for a connection, and keep all of them within bounds."""
        if not conn.is_open:
            return
        size = conn.buffered
        self._buffered += size - conn.size
        conn.size = size
        while self._buffered > self._limits.buffered:
            is_one_gone = self._close_first(
                [one for one in self._open if one.size and one.phase <= Phase.QUEUED],
                lambda one: (one.admission.is_trusted, one.phase is Phase.QUEUED, one.since),
            )
            if not is_one_gone:
                return

    def _close_first(
        self, found: list[Connection], order: Callable[[Connection], tuple[Any, ...]]
    ) -> bool:
        while found:
            first = min(found, key=order)
            if self._close(first):
                return True
            found.remove(first)
        return False

    def _enter(self, conn: Connection, phase: Phase, seconds: float) -> None:
        conn.phase = phase
        conn.since = time.monotonic()
        self._deadlines.set(conn, conn.since + seconds)

    def _watch(self, conn: Connection, events: int) -> None:
        if conn.events == events:
            return
        if not events:
            self._selector.unregister(conn.socket)
        elif conn.events:
            self._selector.modify(conn.socket, events, conn)
        else:
            self._selector.register(conn.socket, events, conn)
        conn.events = events

    def _close(self, conn: Connection) -> bool:
        """Close a connection, unless a thread has just begun to answer it."""
        if conn.phase is Phase.QUEUED and not self._pool.take_back(conn.admission.priority, conn):
            conn.phase = Phase.ANSWERING
            return False
        if conn.is_open:
            self._watch(conn, 0)
            conn.socket.close()
        self._open.discard(conn)
        self._buffered -= conn.size
        conn.forget()
        return True
