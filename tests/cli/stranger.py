"""A server that is no listener: it answers every request with the same bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stranger:
    """A server that answers every request with the same bytes, and keeps what it was sent."""

    url: str
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def stranger(reply: bytes) -> Iterator[Stranger]:
    """Run a server on a free port until the block ends; an empty answer is a connection closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        met = Stranger(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=serve, args=(server, reply, met.heard))
        thread.start()
        try:
            yield met
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def serve(server: socket.socket, reply: bytes, heard: list[bytes]) -> None:
    """Answer one connection after the other, until the server is shut down."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            heard.append(request(connection))
            connection.sendall(reply)


def request(connection: socket.socket) -> bytes:
    """Read one request, its body too."""
    data = b""
    while b"\r\n\r\n" not in data or len(data) < whole(data):
        part = connection.recv(65536)
        if not part:
            break
        data += part
    return data


def whole(data: bytes) -> int:
    """Return how long a request is, by its headers."""
    head, _, _ = data.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1]
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return len(head) + 4 + sum(int(length) for length in lengths)


def answer(
    status: str, body: str = "", headers: str = "Content-Type: application/json\r\n"
) -> bytes:
    """Return the bytes of an answer."""
    content = body.encode()
    framing = f"Content-Length: {len(content)}\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status}\r\n{framing}{headers}\r\n".encode() + content
