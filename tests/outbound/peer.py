"""A server for one test: it does to each connection what a script says, and keeps what came."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

SECONDS = 30.0  # nothing in a test takes so long, unless it failed


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


def answer(status: int, body: object = b"", **headers: str) -> bytes:
    """The bytes of a whole answer; the words of a header's name are joined by underscores."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-length": str(len(content))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Words\r\n{lines}\r\n".encode() + content


class Conversation:
    """One connection, as a script sees it."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        self.sock = sock
        self._peer = peer
        self._came = b""

    def hear(self) -> Request | None:
        """The next request, or None when the other side closed."""
        while b"\r\n\r\n" not in self._came:
            if not self._more():
                return None
        head, _, self._came = self._came.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._came) < length and self._more():
            pass
        body, self._came = self._came[:length], self._came[length:]
        method, path, _ = first.split(" ")
        request = Request(method, path, headers, body)
        self._peer.requests.append(request)
        return request

    def _more(self) -> bytes:
        found = self.sock.recv(65536)
        self._came += found
        return found

    def say(self, content: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(content)

    def trickle(self, content: bytes) -> None:
        """Send bytes one by one, in no hurry, until the test is over."""
        for byte in content:
            self.say(bytes([byte]))
            if self._peer.over.wait(0.02):
                return

    def wait(self) -> None:
        """Do nothing until the other side closes; raises if it does so by a reset."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """End the connection by a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Conversation], None]


@dataclass
class Peer:
    """Listens on a port of its own; `ends` gets one entry for each connection that is over."""

    script: Script
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    ends: SimpleQueue[str] = field(default_factory=SimpleQueue)
    over: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    def end(self) -> str:
        """How the next connection to be over ended: `closed`, or `reset` by the other side."""
        return self.ends.get(timeout=SECONDS)

    @contextlib.contextmanager
    def listening(self) -> Iterator[Peer]:
        """Serve inside the block."""
        with socket.create_server(("127.0.0.1", 0)) as self._listener:
            accepting = threading.Thread(target=self._accept)
            accepting.start()
            try:
                yield self
            finally:
                self.over.set()
                for sock in (self._listener, *self._open):
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                accepting.join(SECONDS)

    def _accept(self) -> None:
        threads = []
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                threads.append(threading.Thread(target=self._serve, args=(sock,)))
                threads[-1].start()
        for thread in threads:
            thread.join(SECONDS)

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(SECONDS)
        try:
            with self._secured(sock) as ready:
                self._open.append(ready)
                self.script(Conversation(ready, self))
        except (ConnectionError, ssl.SSLError):
            self.ends.put("reset")
        else:
            self.ends.put("closed")

    def _secured(self, sock: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(sock, server_side=True) if self.tls else sock


def giving(*answers: bytes) -> Script:
    """Give these answers in turn, over all connections, the last one for ever."""
    left = list(answers)

    def script(talk: Conversation) -> None:
        while talk.hear():
            talk.say(left.pop(0) if len(left) > 1 else left[0])

    return script


def cutting(content: bytes) -> Script:
    """Hear a request, say this, and close."""

    def script(talk: Conversation) -> None:
        talk.hear()
        talk.say(content)

    return script
