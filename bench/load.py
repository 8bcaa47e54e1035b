"""Many signed deliveries over some connections, each sent when the one before was answered.

A process of its own, so that it takes nothing from what it measures but its share of the machine:
requests are built before the clock starts, and nothing is parsed but where an answer ends. It reads
its job as JSON from standard input, says "ready", and starts when the next line comes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import selectors
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Whom to ask, for how long; `template` is a body with the places of three ids."""

    port: int
    path: str = "/webhooks/heroku"
    secret: str = field(repr=False)
    template: str
    ids: tuple[str, ...]  # what stands in these places
    is_hex: bool = False  # the form of the signature, and its header
    seconds: float = 2.0
    connections: int = 16
    most: int = 12000


@dataclass(slots=True)
class Answers:
    """What came back, and after how long."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def add(self, other: Answers) -> None:
        """Take in the answers of another round."""
        self.seconds += other.seconds
        self.milliseconds += other.milliseconds
        for status, count in other.statuses.items():
            self.count(status, count)

    def count(self, status: str, by: int = 1) -> None:
        """Count answers with this status."""
        self.statuses[status] = self.statuses.get(status, 0) + by

    @property
    def rate(self) -> float:
        """Return how many were answered a second."""
        answered = sum(count for status, count in self.statuses.items() if status != "lost")
        return answered / self.seconds


def built(job: Job) -> Iterator[bytes]:
    """Build requests, each a delivery of its own."""
    for _ in range(job.most):
        body = job.template
        for old in job.ids:
            body = body.replace(old, str(uuid.uuid4()))
        yield _request(job, body.encode())


def _request(job: Job, body: bytes) -> bytes:
    digest = hmac.digest(job.secret.encode(), body, hashlib.sha256)
    if job.is_hex:
        signed = f"X-Signature: sha256={digest.hex()}"
    else:
        signed = f"Heroku-Webhook-Hmac-SHA256: {base64.b64encode(digest).decode()}"
    head = (
        f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\n{signed}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Wire:
    """A connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came = b""
        self._sent_at = 0.0

    def send(self, request: bytes) -> None:
        """Send a request, and remember when."""
        self._sent_at = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> tuple[str, float] | None:
        """Read what came; return the status and the milliseconds once an answer is whole."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the connection was closed in the middle")
        self._came += piece
        head, end, body = self._came.partition(HEAD_END)
        if not end or len(body) < _length(head):
            return None
        self._came = b""
        return head[9:12].decode(), (time.perf_counter() - self._sent_at) * 1000


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def run(job: Job, requests: Iterator[bytes]) -> Answers:
    """Send requests until the time is over; wait for the last answers."""
    answers, begun = Answers(), time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for _ in range(job.connections):
            wire = Wire(job.port)
            waiting.register(wire.socket, selectors.EVENT_READ, wire)
            wire.send(next(requests))
        while waiting.get_map():
            for key, _ in waiting.select():
                wire = key.data
                if (answer := wire.take()) is None:
                    continue
                answers.count(answer[0])
                answers.milliseconds.append(answer[1])
                is_over = time.perf_counter() - begun >= job.seconds
                following = None if is_over else next(requests, None)
                if following is not None:
                    wire.send(following)
                else:
                    waiting.unregister(wire.socket)
                    wire.socket.close()
    answers.seconds = time.perf_counter() - begun
    return answers


def main() -> None:
    """Do one job."""
    job = Job(**json.loads(sys.stdin.readline()))
    requests = iter(list(built(job)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(asdict(run(job, requests))))


if __name__ == "__main__":
    main()
