"""One client: what it has sent, what it is answered, and how long it may take."""

from __future__ import annotations

import heapq
import socket
from collections.abc import Callable
from enum import IntEnum
from itertools import count
from typing import Any

from listener.web.fast_path import FastRequest
from listener.web.limits import Admission, Headers
from listener.web.reading import Chunks, Head, Length


class Phase(IntEnum):
    """What a connection is at; where room is short, the lower go first."""

    LINGERING = 0  # answered for good, and read until the client has heard it
    IDLE = 1  # nothing has come since it was opened, or since the last answer
    HEAD = 2
    BODY = 3
    WRITING = 4
    QUEUED = 5  # whole, and no thread has it yet
    FAST = 6  # on the fast path, and from here on not to be closed
    ANSWERING = 7  # a thread was seen to have it


class Connection:
    """A client's socket, and all that is buffered for it."""

    __slots__ = (
        "admission",
        "body",
        "closes",
        "due",
        "ends",
        "events",
        "fast",
        "head",
        "head_size",
        "headers",
        "inbox",
        "listed",
        "outbox",
        "phase",
        "request",
        "requests",
        "since",
        "size",
        "socket",
        "whole",
    )

    def __init__(self, client: socket.socket, address: Any, server: Any) -> None:
        self.socket = client
        self.ends = (address, server)
        self.inbox = bytearray()
        self.outbox = memoryview(b"")
        self.head_size = 0  # of the request at hand
        self.whole = 0  # bytes of its body, once nothing of it is missing
        self.head: Head | None = None
        self.body: Length | Chunks | None = None
        self.request: Any = None
        self.headers: Headers = {}  # of that request
        self.fast: FastRequest | None = None  # while it is on the fast path
        self.requests = 0
        self.admission = Admission()
        self.phase = Phase.IDLE
        self.since = 0.0
        self.due = 0.0  # closed then
        self.listed: float | None = None  # where it stands among the deadlines
        self.events = 0
        self.size = 0  # as counted last
        self.closes = False

    @property
    def is_open(self) -> bool:
        """Whether its socket is."""
        return self.socket.fileno() >= 0

    @property
    def buffered(self) -> int:
        """How many bytes are kept for it."""
        chunks = self.body.kept if self.body is not None else 0
        return len(self.inbox) + chunks + self.head_size + self.whole + len(self.outbox)

    def forget(self) -> None:
        """Keep nothing of a client that is gone."""
        self.inbox, self.outbox = bytearray(), memoryview(b"")
        self.head = self.body = self.request = self.fast = None
        self.headers = {}
        self.size = self.head_size = self.whole = 0


class Deadlines:
    """Connections by when they are due. To move one costs nothing; the heap hears of it in time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Connection]] = []
        self._numbers = count()

    def set(self, conn: Connection, due: float) -> None:
        """Say when a connection is due."""
        conn.due = due
        if conn.listed is None or due < conn.listed:
            conn.listed = due
            heapq.heappush(self._heap, (due, next(self._numbers), conn))

    def run(self, now: float, ring: Callable[[Connection], None]) -> None:
        """Ring for every open connection that is due."""
        while self._heap and self._heap[0][0] <= now:
            listed, _, conn = heapq.heappop(self._heap)
            if listed != conn.listed:
                continue  # it was moved forward
            conn.listed = None
            if not conn.is_open:
                continue
            if conn.due > now:
                self.set(conn, conn.due)
            else:
                ring(conn)

    def wait(self, now: float, longest: float) -> float:
        """Return how long there is nothing to ring for."""
        return max(0.0, min(longest, self._heap[0][0] - now)) if self._heap else longest
