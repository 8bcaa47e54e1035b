"""Carries requests over connections that keep to the deadline; retries and redirects nothing."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterator

import httpcore
import httpx
from typing_extensions import override

from listener.heroku.network import BoundedBackend, Resolve, addresses

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
    """Trust the usual authorities; made once, because it takes a while."""
    return httpcore.default_ssl_context()


class BoundedTransport(httpx.BaseTransport):
    """Exchanges inside `deadline.bounded`.

    Reads share connections. Every write has one of its own: on a connection that the server is just
    closing, nobody could tell whether the write was applied.
    """

    def __init__(
        self, *, ssl_context: ssl.SSLContext | None = None, resolve: Resolve = addresses
    ) -> None:
        backend = BoundedBackend(resolve)
        self._reads = httpcore.ConnectionPool(
            ssl_context, keepalive_expiry=_EXPIRY, network_backend=backend
        )
        self._writes = httpcore.ConnectionPool(
            ssl_context, max_keepalive_connections=0, network_backend=backend
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
