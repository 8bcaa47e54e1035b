"""Chat services on loopback: what they were told, and whether they listen."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from typing_extensions import override


@dataclass
class Chat:
    """A service that apprise tells things by `json://`."""

    url: str
    told: list[dict[str, Any]] = field(default_factory=list)
    is_dead: bool = False


class Handler(BaseHTTPRequestHandler):
    """Keeps what it is told, or answers that it is out of order."""

    def do_POST(self) -> None:
        chat = cast("Server", self.server).chat
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not chat.is_dead:
            chat.told.append(json.loads(body))
        self.send_response(503 if chat.is_dead else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class Server(ThreadingHTTPServer):
    """One service."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.chat = Chat(f"json://127.0.0.1:{self.server_address[1]}/")


@contextmanager
def open_chat() -> Iterator[Chat]:
    """A service that listens as long as the block lasts."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.chat
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
