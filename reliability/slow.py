"""`make slow`: crowds of clients that hold on to what they get, and a door that must stay quick."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from reliability.ground import Ground, await_
from reliability.late import Post
from reliability.processes import Process, children

CROWD = 200
HELD_SECONDS = 4.0
QUICK_SECONDS = 1.0
LARGEST_RSS = 150 * 1024 * 1024
BACK_SECONDS = 15.0
SIGNATURE = "A" * 43 + "="
PART = b"x" * 300_000
OPEN = ("01", "08")  # ESTABLISHED, CLOSE_WAIT: /proc/net/tcp has them in hexadecimal
KINDS: dict[str, bytes] = {
    "silent": b"",
    "half a head": b"POST /webhooks/heroku HTTP/1.1\r\nHost: x\r\nContent-Le",
    "half a body": b"POST /api/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + PART,
    "half a body that looks signed": (
        b"POST /webhooks/heroku HTTP/1.1\r\nHost: x\r\nHeroku-Webhook-Hmac-SHA256: "
        + SIGNATURE.encode()
        + b"\r\nContent-Length: 900000\r\n\r\n"
        + PART
    ),
    "an answer not read": b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40,
}


@dataclass
class Slow:
    """The crowds, one after the other, and what was seen meanwhile."""

    ground: Ground
    post: Post
    took: list[float] = field(default_factory=list)
    largest: int = 0
    wrong: list[str] = field(default_factory=list)
    heroku: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=30, trust_env=False, headers={"Connection": "close"}
        )
    )

    def try_all(self, chance: Random) -> None:
        """Let each crowd come and go."""
        [web] = self.ground.of("web")
        signed = self.post.any_of(chance)
        for _ in range(20):
            self._deliver(web, next(signed))
        self.took.clear()
        for kind in KINDS:
            self._crowd(web, kind, signed)
            try:
                await_(lambda: self._guests(web) == 0, lambda: "its clients", BACK_SECONDS)
            except Exception:  # noqa: BLE001 - it is told with all else that did not hold
                self.wrong.append(f"{kind}: {self._guests(web)} connections are still open")

    def _crowd(
        self, web: Process, kind: str, signed: Iterator[tuple[bytes, dict[str, Any]]]
    ) -> None:
        with ExitStack() as crowd:
            for _ in range(CROWD):
                client = crowd.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(1)
                with suppress(OSError):  # turned away, or not read any further: as it should be
                    client.connect(("127.0.0.1", self.ground.port_of(web)))
                    client.setblocking(False)
                    client.send(KINDS[kind])
            ends_at = time.monotonic() + HELD_SECONDS
            while time.monotonic() < ends_at:
                told = self._deliver(web, next(signed))
                if told != httpx.codes.NO_CONTENT or self.took[-1] > QUICK_SECONDS:
                    self.wrong.append(f"{kind}: {told} after {self.took[-1]:.1f} s")
                self.largest = max(self.largest, _rss(web))
        if self.largest > LARGEST_RSS:
            self.wrong.append(f"{kind}: {self.largest // 1024 // 1024} MB")

    def _guests(self, web: Process) -> int:
        """Count the clients whose connections the process has open."""
        port = f":{self.ground.port_of(web):04X}"
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        return sum(one[1].endswith(port) and one[3] in OPEN for one in fields)

    def _deliver(self, web: Process, signed: tuple[bytes, dict[str, Any]]) -> int | str:
        body, headers = signed
        url = f"http://127.0.0.1:{self.ground.port_of(web)}/webhooks/heroku"
        begun = time.monotonic()
        try:
            return self.heroku.post(url, content=body, headers=headers).status_code
        except httpx.TransportError as error:
            return type(error).__name__
        finally:
            self.took.append(time.monotonic() - begun)


def _worker(web: Process) -> int:
    [pid] = children(web.pid)
    return pid


def _rss(web: Process) -> int:
    """Return all memory of the process that answers, what it shares included."""
    pages = int(Path(f"/proc/{_worker(web)}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
