"""Opens the connection of a write that is about to come, while others still decide on it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as OutOfTime

import httpcore
import httpx
from typing_extensions import override

from listener.outbound.http import (
    BoundedBackend,
    BoundedStream,
    BoundedTransport,
    Resolve,
    addresses,
    bounded,
    current,
)

# A server that closes what nobody uses gives more time than this.
KEPT_SECONDS = 5.0
# No longer than a post may wait to be sent: each address gets its share, also one that is dead.
OPENED_WITHIN_SECONDS = 5.0

Place = tuple[str, int]


class EarlyTransport(BoundedTransport):
    """Carries exchanges as `BoundedTransport` does; `expect_write` opens the next write's way.

    Every write still has a connection of its own, on which nothing was ever sent. To resolve, to
    connect and to shake hands takes several journeys to the server and back.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = addresses,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._ssl_context = ssl_context
        self._early = EarlyBackend(BoundedBackend(resolve), kept_seconds)
        super().__init__(ssl_context=ssl_context, resolve=resolve, writes=self._early)

    def expect_write(self, url: str) -> None:
        """Open a connection for the next write to this server, unless one is there already."""
        at = httpx.URL(url)
        secure = self._ssl_context if at.scheme == "https" else None
        self._early.open(at.host, at.port or (443 if at.scheme == "https" else 80), secure)

    @override
    def close(self) -> None:
        """Close every connection."""
        super().close()
        self._early.close()


class EarlyBackend(httpcore.NetworkBackend):
    """Connects, or hands out a connection that was opened before and is as good as new."""

    def __init__(self, backend: httpcore.NetworkBackend, kept_seconds: float) -> None:
        self._backend = backend
        self._kept_seconds = kept_seconds
        self._opened: dict[Place, _Opening] = {}
        self._lock = threading.Lock()

    def open(self, host: str, port: int, secure: ssl.SSLContext | None) -> None:
        """Open a connection in the background, unless one is there; it is kept for seconds."""

        def connect() -> httpcore.NetworkStream:
            stream = self._backend.connect_tcp(host, port)
            if secure is None:
                return stream
            secure.set_alpn_protocols(["http/1.1"])
            return Secured(stream.start_tls(secure, host))

        place, opening = (host, port), _Opening()
        keep = threading.Thread(
            target=self._keep, args=(place, opening, connect), name="early", daemon=True
        )
        # Where there is no thread to spare, the write connects by itself.
        with self._lock, contextlib.suppress(RuntimeError):
            if place not in self._opened:
                keep.start()
                self._opened[place] = opening

    def _keep(
        self, place: Place, opening: _Opening, connect: Callable[[], httpcore.NetworkStream]
    ) -> None:
        opening.run(connect)
        if not opening.is_taken.wait(self._kept_seconds) and self._take(place, opening):
            opening.give_up()

    def _take(self, place: Place, wanted: _Opening | None = None) -> _Opening | None:
        with self._lock:
            if wanted is not None and self._opened.get(place) is not wanted:
                return None
            return self._opened.pop(place, None)

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return the connection that is open, or being opened; connect if that is none."""
        opening = self._take((host, port))
        stream = opening.wait(current().left(httpcore.ConnectTimeout)) if opening else None
        if stream is None:
            return self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return stream

    def close(self) -> None:
        """Close what nobody took."""
        with self._lock:
            left, self._opened = self._opened, {}
        for opening in left.values():
            opening.give_up()


class _Opening:
    """A connection that is being opened, and then waits for whoever takes it."""

    def __init__(self) -> None:
        self.is_taken = threading.Event()
        self._found: Future[httpcore.NetworkStream | None] = Future()

    def run(self, connect: Callable[[], httpcore.NetworkStream]) -> None:
        """Connect; whoever needs it finds nothing where that fails, and tries for himself."""
        failed = contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout)
        stream: httpcore.NetworkStream | None = None
        try:
            with failed, bounded(OPENED_WITHIN_SECONDS):
                stream = connect()
        finally:
            self._tell(stream)

    def _tell(self, stream: httpcore.NetworkStream | None) -> None:
        try:
            self._found.set_result(stream)
        except InvalidStateError:  # it was given up meanwhile
            _close(stream)

    def wait(self, seconds: float) -> httpcore.NetworkStream | None:
        """Take the connection; None where there is none that can be used."""
        self.is_taken.set()
        try:
            stream = self._found.result(seconds)
        except OutOfTime as error:
            self.give_up()
            raise httpcore.ConnectTimeout("out of time") from error
        if stream is None or _is_silent(stream):
            return stream
        _close(stream)
        return None

    def give_up(self) -> None:
        """Close it, now or as soon as it is open."""
        self.is_taken.set()
        if not self._found.cancel():
            _close(self._found.result())


class Secured(BoundedStream):
    """A connection on which hands were shaken already."""

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return itself."""
        return self


def _is_silent(stream: httpcore.NetworkStream) -> bool:
    """Return whether the server neither closed the connection nor said anything on it.

    What TLS has to say after a handshake does not count.
    """
    sock = stream.get_extra_info("socket")
    try:
        sock.settimeout(0)
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False


def _close(stream: httpcore.NetworkStream | None) -> None:
    if stream is not None:
        stream.close()
