"""A relay between two programs: it forwards their bytes unchanged, and may lose some."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ABORT = struct.pack("ii", 1, 0)
Connect = Callable[[], socket.socket | None]
WRITES = (b"insert", b"update", b"delete")


class Relay:
    """Accepts connections and forwards each to a server."""

    def __init__(self, listening: socket.socket, connect: Connect) -> None:
        self._listening = listening
        self._connect = connect
        self._listening.listen(128)
        threading.Thread(target=self._run, name="relay", daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = self._connect()
        if server is None:
            hang_up(client)
            return
        line = self.line(client, server)
        threading.Thread(target=line.back, daemon=True).start()
        line.forth()

    def line(self, client: socket.socket, server: socket.socket) -> Line:
        """Build the object that forwards the bytes of one connection."""
        return Line(client, server)


@dataclass
class Line:
    """One connection, both ways."""

    client: socket.socket
    server: socket.socket

    def forth(self) -> None:
        """Forward what the client sends until either side closes."""
        self._pump(self.client, self.server, self.said)

    def back(self) -> None:
        """Forward what the server sends until either side closes."""
        self._pump(self.server, self.client, self.answered)

    def said(self, data: bytes) -> bytes | None:
        """Return what to forward of the client's data; None ends the connection."""
        return data

    def answered(self, data: bytes) -> bytes | None:
        """Return what to forward of the server's data; None ends the connection."""
        return data

    def _pump(
        self, source: socket.socket, sink: socket.socket, heard: Callable[[bytes], bytes | None]
    ) -> None:
        with suppress(OSError):
            while (data := source.recv(65536)) and (handed := heard(data)) is not None:
                sink.sendall(handed)
        hang_up(self.client)
        hang_up(self.server)


def hang_up(end: socket.socket) -> None:
    """Close a connection at once, also for other threads that read or write on it."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@dataclass
class Commits:
    """How many of the next COMMITs to lose or to drop, and how many were."""

    to_lose: int = 0  # executed, but the answer is lost
    to_drop: int = 0  # never reach the server
    lost: int = 0
    dropped: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self) -> str:
        """Return the fate of a COMMIT of a transaction that wrote: `kept`, `lost` or `dropped`."""
        with self.lock:
            if self.to_lose:
                self.to_lose, self.lost = self.to_lose - 1, self.lost + 1
                return "lost"
            if self.to_drop:
                self.to_drop, self.dropped = self.to_drop - 1, self.dropped + 1
                return "dropped"
            return "kept"


class DatabaseRelay(Relay):
    """Stands before PostgreSQL, on a socket in a directory of its own."""

    def __init__(self, directory: Path, server: Path) -> None:
        self.commits = Commits()
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(directory / server.name))
        self.url = f"postgresql://postgres:@/postgres?host={directory}"
        super().__init__(listening, lambda: _unix(server))

    def line(self, client: socket.socket, server: socket.socket) -> Line:
        """Build a line that understands COMMIT."""
        return DatabaseLine(client, server, self.commits)


@dataclass
class DatabaseLine(Line):
    """Parses PostgreSQL's messages just enough to find the COMMITs of transactions that wrote."""

    commits: Commits
    unread: bytes = b""
    has_begun: bool = False  # the first message has no type
    writing: set[bytes] = field(default_factory=set)  # prepared statements that write
    has_written: bool = False
    is_deaf: bool = False

    def said(self, data: bytes) -> bytes | None:
        """Forward every complete message, and apply the fate of each COMMIT."""
        self.unread += data
        handed = b""
        while (message := self._next()) is not None:
            if self._is_commit(message):
                fate = self.commits.fate()
                if fate == "dropped":
                    return None
                self.is_deaf = fate == "lost"
            handed += message
        return handed

    def answered(self, data: bytes) -> bytes | None:
        """Forward everything until an answer is to be lost."""
        return None if self.is_deaf else data

    def _next(self) -> bytes | None:
        head = 1 if self.has_begun else 0
        if len(self.unread) < head + 4:
            return None
        size = head + int.from_bytes(self.unread[head : head + 4], "big")
        if len(self.unread) < size:
            return None
        message, self.unread = self.unread[:size], self.unread[size:]
        self.has_begun = True
        return message

    def _is_commit(self, message: bytes) -> bool:
        """Return whether this ends a transaction that wrote; track which ones write."""
        type, body = message[:1], message[5:]
        if type == b"Q" and body.lower().startswith(b"commit"):
            had_written, self.has_written = self.has_written, False
            return had_written
        name, _, rest = body.partition(b"\0")
        if type == b"Q":
            self.has_written |= _writes(body)
        elif type == b"P":
            (self.writing.add if _writes(rest) else self.writing.discard)(name)
        elif type == b"B":
            self.has_written |= rest.partition(b"\0")[0] in self.writing
        return False


def _writes(statement: bytes) -> bool:
    return any(word in statement.lower() for word in WRITES)


def _unix(path: Path) -> socket.socket | None:
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(str(path))
    except OSError:
        made.close()
        return None
    return made


class Router(Relay):
    """Forwards each connection to any dyno that accepts it, like Heroku's router."""

    def __init__(self, port: int, ports: Callable[[], list[int]]) -> None:
        self._ports = ports
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        super().__init__(listening, self._some)

    def _some(self) -> socket.socket | None:
        for port in self._ports():
            with suppress(OSError):
                made = socket.create_connection(("127.0.0.1", port), timeout=2)
                made.settimeout(None)
                return made
        return None
