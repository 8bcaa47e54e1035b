"""A way to the database that can fall silent: it stays connected, and says nothing more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url


class SilentWay:
    """Carries bytes between loopback and the server's own socket until it is told to be silent.

    What is silent stays so, as a host does that went away without a word; connections that come
    later are carried, as those to its successor are.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._silences: list[threading.Event] = []
        self._is_deaf = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The URL of the same database by this way."""
        _, port = self._server.getsockname()
        url = self._url.set(host="127.0.0.1", port=port, query={})
        return url.render_as_string(hide_password=False)

    @property
    def carried(self) -> int:
        """How many connections came so far."""
        return len(self._silences)

    def fall_silent(self, *, for_all: bool = False) -> None:
        """Say nothing more to whoever is connected now; `for_all`, nor to whoever comes."""
        self._is_deaf = for_all
        for silence in self._silences:
            silence.set()

    def close(self) -> None:
        """Let go of everything."""
        for each in (self._server, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(Path(str(self._url.query["host"]), ".s.PGSQL.5432")))
                silence = threading.Event()
                if self._is_deaf:
                    silence.set()
                self._open += [near, far]
                self._silences.append(silence)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(*ends, silence), daemon=True).start()


def _carry(from_: socket.socket, to: socket.socket, silence: threading.Event) -> None:
    with suppress(OSError):
        while data := from_.recv(65536):
            if not silence.is_set():
                to.sendall(data)
        if not silence.is_set():
            to.shutdown(socket.SHUT_WR)


@contextmanager
def silent_way(url: str) -> Iterator[SilentWay]:
    """A way to this database."""
    way = SilentWay(url)
    try:
        yield way
    finally:
        way.close()
