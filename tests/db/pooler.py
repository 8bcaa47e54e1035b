"""A pooler of our own before the tests' server, where no PgBouncer is, and for what none does.

It lends sessions by turns, or gives each back empty, and it refuses `options`.
"""

from __future__ import annotations

import queue
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

VERSION_3, SSL, GSS = 196608, 80877103, 80877104
OWN_KEY = b"K" + struct.pack("!III", 12, 1, 1)  # a process id that no session has


@dataclass
class Pooler:
    """Answers as a server, and asks the one behind it by sessions of its own."""

    server: Path
    name: str
    shows_keys: bool = False  # the process id at the start is that of a session
    is_lending: bool = True  # after each transaction the session goes to whoever asks next
    sessions: queue.Queue[Session] = field(default_factory=queue.Queue)
    listening: socket.socket = field(default_factory=socket.socket)

    def start(self) -> str:
        """Listen, and answer where."""
        for _ in range(3):
            self.sessions.put(Session(self.server, self.name))
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        port = self.listening.getsockname()[1]
        return f"postgresql://postgres:x@127.0.0.1:{port}/{self.name}?sslmode=disable"

    def close(self) -> None:
        """Accept nobody any more, and end the sessions."""
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        while not self.sessions.empty():
            self.sessions.get().socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError, EOFError):
            if b"\0options\0" in _greeting(client):
                client.sendall(_refusal("unsupported startup parameter: options"))
                return
            if self.is_lending:
                self._lend(client)
            else:
                self._give_back_empty(client)

    def _lend(self, client: socket.socket) -> None:
        session = self.sessions.get()
        client.sendall(session.welcome(self.shows_keys))
        self.sessions.put(session)
        while (message := _message(client))[:1] != b"X":
            session = self.sessions.get()
            while not session.answer(client, message):
                message = _message(client)
            self.sessions.put(session)

    def _give_back_empty(self, client: socket.socket) -> None:
        session = Session(self.server, self.name)
        client.sendall(session.welcome(self.shows_keys))
        with session.socket:
            while (message := _message(client))[:1] != b"X":
                if session.answer(client, message):
                    session.ask(b"DISCARD ALL")


class Session:
    """A session at the server."""

    def __init__(self, server: Path, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(server))
        words = f"user\0postgres\0database\0{name}\0\0".encode()
        self.socket.sendall(struct.pack("!II", len(words) + 8, VERSION_3) + words)
        self._said = list(self._until_ready())

    def welcome(self, shows_key: bool) -> bytes:
        """What the server said as the session began, with its key or another one."""
        said = [m if m[:1] != b"K" or shows_key else OWN_KEY for m in self._said]
        return b"".join(said)

    def answer(self, client: socket.socket, message: bytes) -> bool:
        """Hand on a message, and what comes of it; whether no transaction is open any more."""
        self.socket.sendall(message)
        if message[:1] not in (b"Q", b"S"):
            return False
        for said in self._until_ready():
            client.sendall(said)
        return said[5:6] == b"I"

    def ask(self, words: bytes) -> None:
        """Ask on nobody's behalf."""
        self.socket.sendall(b"Q" + struct.pack("!I", len(words) + 5) + words + b"\0")
        list(self._until_ready())

    def _until_ready(self) -> Iterator[bytes]:
        message = b""
        while message[:1] != b"Z":
            yield (message := _message(self.socket))


def _greeting(client: socket.socket) -> bytes:
    """What the client begins with; encryption is refused before."""
    while True:
        (size,) = struct.unpack("!I", _read(client, 4))
        said = _read(client, size - 4)
        if struct.unpack("!I", said[:4])[0] not in (SSL, GSS):
            return said
        client.sendall(b"N")


def _message(end: socket.socket) -> bytes:
    head = _read(end, 5)
    return head + _read(end, struct.unpack("!I", head[1:])[0] - 4)


def _read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = end.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _refusal(message: str) -> bytes:
    fields = f"SFATAL\0VFATAL\0C08P01\0M{message}\0\0".encode()
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


@contextmanager
def pooler(url: str, *, shows_keys: bool = False, is_lending: bool = True) -> Iterator[str]:
    """The URL of the same database through such a pooler."""
    given = make_url(url)
    folder, name = given.query["host"], given.database
    assert isinstance(folder, str)
    assert name is not None
    [server] = [path for path in Path(folder).glob(".s.PGSQL.*") if path.is_socket()]
    between = Pooler(server, name, shows_keys=shows_keys, is_lending=is_lending)
    try:
        yield between.start()
    finally:
        between.close()
