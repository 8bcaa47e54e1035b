"""Carries requests over connections that keep to the deadline; retries and redirects nothing."""

from __future__ import annotations

import contextlib
import functools
import math
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Thread
from typing import Any

import httpcore
import httpx
from typing_extensions import override

from listener.outbound.address import public_only

Resolve = Callable[[str, int], list[str]]

# Closing then discards what the kernel still holds, instead of delivering it some time later.
_NO_LINGER = struct.pack("ii", 1, 0)
# Linux can give up by itself what is not acknowledged in time, even if our process dies.
_USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)


def addresses(host: str, port: int) -> list[str]:
    """Resolve a host; return its addresses in the order to try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def public_addresses(host: str, port: int) -> list[str]:
    """Resolve a host whose name others chose. Raises OSError if an address is not public."""
    return public_only(addresses(host, port))


class BoundedBackend(httpcore.NetworkBackend):
    """Connects within the current exchange, and before its request is too late to be sent."""

    def __init__(self, resolve: Resolve = addresses) -> None:
        self._resolve = resolve
        self._backend = httpcore.SyncBackend()

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers; each may take its share of the time left."""
        *others, last = _in_time(self._resolve, host, port)
        for tried, address in enumerate(others):
            share = current().left(httpcore.ConnectTimeout) / (len(others) + 1 - tried)
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, share)
        return self._connect(last, port, current().left(httpcore.ConnectTimeout))

    def _connect(self, address: str, port: int, seconds: float) -> httpcore.NetworkStream:
        return BoundedStream(self._backend.connect_tcp(address, port, seconds, None, ()))


def _in_time(resolve: Resolve, host: str, port: int) -> list[str]:
    # The system's resolver takes no timeout: a thread waits for it, and we for the thread.
    found: Future[list[str]] = Future()
    Thread(target=_settle, args=(found, resolve, host, port), daemon=True).start()
    try:
        return found.result(current().left(httpcore.ConnectTimeout))
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error


def _settle(found: Future[list[str]], resolve: Resolve, host: str, port: int) -> None:
    try:
        found.set_result(resolve(host, port))
    except (OSError, UnicodeError) as error:
        found.set_exception(error)


class BoundedStream(httpcore.NetworkStream):
    """Reads and writes within the current exchange, and leaves nothing behind when it ends."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._stream.get_extra_info("socket")
        return found

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, or wait until the deadline for some."""
        with self._discarding():
            return self._stream.read(max_bytes, current().left(httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it; what was not written by the deadline never is."""
        exchange, rest = current(), memoryview(buffer)
        with self._discarding():
            while rest:
                left = exchange.left(httpcore.WriteTimeout)
                exchange.has_begun = True
                rest = rest[_send(self._socket, rest, left) :]
        if waiting := _once_sent.get():
            waiting.pop()()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands within the time that connecting may take."""
        left = current().left(httpcore.ConnectTimeout)
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    @override
    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    @override
    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)

    @contextlib.contextmanager
    def _discarding(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            raise


def _send(sock: socket.socket, rest: memoryview, left: float) -> int:
    try:
        if _USER_TIMEOUT is not None:  # pragma: no branch - as it is on Linux
            milliseconds = max(1, int(left * 1000))
            sock.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, milliseconds)
        sock.settimeout(left)
        return sock.send(rest)
    except TimeoutError as error:
        raise httpcore.WriteTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.WriteError(str(error)) from error


@dataclass(slots=True)
class Exchange:
    """One request and its answer: when it must be over, when its first byte must have left."""

    ends_at: float  # both by this process's steady clock
    send_by: float = math.inf
    has_begun: bool = False  # a byte of the request may have left

    def left(self, late: type[httpcore.TimeoutException]) -> float:
        """Return the seconds left, above 0. Raises `late`; ConnectTimeout if nothing was sent."""
        until = self.ends_at if self.has_begun else min(self.ends_at, self.send_by)
        left = until - time.monotonic()
        if left > 0:
            return left
        raise (late if self.has_begun else httpcore.ConnectTimeout)("out of time")


_current: ContextVar[Exchange] = ContextVar("exchange")
_last: ContextVar[float] = ContextVar("last", default=math.inf)
_once_sent: ContextVar[list[Callable[[], None]] | None] = ContextVar("once_sent", default=None)


@contextlib.contextmanager
def once_sent(do: Callable[[], None]) -> Iterator[None]:
    """Call `do` once, when the first request of this block has left: it delays no request."""
    token = _once_sent.set([do])
    try:
        yield
    finally:
        _once_sent.reset(token)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all exchanges of this block together; none begins later."""
    token = _last.set(min(_last.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _last.reset(token)


def at_last() -> float:
    """Return when all that this thread exchanges must be over, by its steady clock."""
    return _last.get()


@contextlib.contextmanager
def bounded(seconds: float, *, send_by: float = math.inf) -> Iterator[None]:
    """Bound the one exchange of this block; its request leaves by `send_by`, or never."""
    token = _current.set(Exchange(min(time.monotonic() + seconds, at_last()), send_by))
    try:
        yield
    finally:
        _current.reset(token)


def end_within(seconds: float) -> None:
    """Let the exchange that this thread is in be over sooner."""
    exchange = current()
    exchange.ends_at = min(exchange.ends_at, time.monotonic() + seconds)


def current() -> Exchange:
    """Return the exchange that this thread is in."""
    return _current.get()


_EXPIRY = 15.0  # seconds that an idle connection is kept
_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


@functools.cache
def trusted() -> ssl.SSLContext:
    """Return a TLS context with the usual authorities; made once, because it takes a while."""
    return httpcore.default_ssl_context()


class BoundedTransport(httpx.BaseTransport):
    """Carries exchanges; each must be inside `bounded`.

    Reads share connections. Every write has one of its own: on a connection that the server is just
    closing, nobody could tell whether the write was applied.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = addresses,
        writes: httpcore.NetworkBackend | None = None,
    ) -> None:
        backend = BoundedBackend(resolve)
        self._reads = httpcore.ConnectionPool(
            ssl_context, keepalive_expiry=_EXPIRY, network_backend=backend
        )
        self._writes = httpcore.ConnectionPool(
            ssl_context, max_keepalive_connections=0, network_backend=writes or backend
        )

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of its answer; the body is read from the stream."""
        pool = self._reads if request.method == "GET" else self._writes
        with _told():
            response = pool.handle_request(_for_httpcore(request))
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    @override
    def close(self) -> None:
        """Close every connection."""
        self._reads.close()
        self._writes.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    @override
    def __iter__(self) -> Iterator[bytes]:
        with _told():
            yield from self._response.iter_stream()

    @override
    def close(self) -> None:
        self._response.close()


def _for_httpcore(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS[type(error)](str(error)) from error
