"""HTTP connections, written by hand so that an answer can be spoiled on the socket itself."""

import io
import socket
import socketserver
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from typing_extensions import override

from emulator.door import SPOIL, WIRE, Spoil

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import WSGIApplication


# SO_LINGER with timeout 0: close with a reset.
ABORT = struct.pack("ii", 1, 0)


class Wire(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive between a client and a WSGI application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75
    server: "Server"

    @override
    def setup(self) -> None:
        """Register the connection at the server, so that the server can close it."""
        super().setup()
        self.server.connections.add(self.connection)

    @override
    def finish(self) -> None:
        """Unregister the connection."""
        self.server.connections.discard(self.connection)
        super().finish()

    @override
    def handle(self) -> None:
        """Serve requests until one side closes the connection."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def _serve(self) -> None:
        environ = self._environ(self._read_body())
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            head[:] = [status, headers]
            return self.wfile.write

        pieces = self.server.application(environ, start_response)
        try:
            self._answer(head[0], head[1], pieces, environ.get(SPOIL))
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(iter(self._read_chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _environ(self, body: bytes) -> dict[str, Any]:
        target = urlsplit(self.path)
        host, port = self.server.server_address[:2]
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(target.path, "latin-1"),
            "QUERY_STRING": target.query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            WIRE: self.connection,
        }
        own = ("CONTENT_TYPE", "CONTENT_LENGTH", "TRANSFER_ENCODING")
        named = ((name.upper().replace("-", "_"), value) for name, value in self.headers.items())
        return environ | {f"HTTP_{name}": value for name, value in named if name not in own}

    def _answer(
        self,
        status: str,
        headers: list[tuple[str, str]],
        pieces: "Iterable[bytes]",
        spoil: Spoil | None,
    ) -> None:
        if spoil is not None and spoil.kind == "reset":
            self._reset()
            return
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        if self.command == "HEAD" or status[:3] in ("204", "304"):
            self.wfile.write(self._head(status, headers))
        elif has_length:
            self._send_whole(self._head(status, headers), b"".join(pieces), spoil)
        else:
            chunked = [*headers, ("Transfer-Encoding", "chunked")]
            self._send_chunks(self._head(status, chunked), pieces)

    def _head(self, status: str, headers: list[tuple[str, str]]) -> bytes:
        named = {name.lower(): value for name, value in headers}
        if named.get("connection", "").lower() == "close":
            self.close_connection = True
        dated = [] if "date" in named else [("Date", self.date_time_string())]
        lines = [f"{name}: {value}" for name, value in [*headers, *dated]]
        return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")

    def _send_whole(self, head: bytes, body: bytes, spoil: Spoil | None) -> None:
        if spoil is None:
            self.wfile.write(head + body)
        elif spoil.kind == "cut":
            self.close_connection = True
            self.wfile.write(head + body[: len(body) // 2])
        else:
            self.wfile.write(head)
            self._trickle(body, spoil.seconds)

    def _trickle(self, body: bytes, seconds: float) -> None:
        for byte in body:
            self.server.closing.wait(seconds)
            self.wfile.write(bytes([byte]))

    def _send_chunks(self, head: bytes, pieces: "Iterable[bytes]") -> None:
        self.wfile.write(head)
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.connection.close()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the control API has the request log."""


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections and hands them to `Wire`."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], application: "WSGIApplication", closing: threading.Event
    ) -> None:
        self.application = application
        self.closing = closing
        self.connections: set[socket.socket] = set()
        super().__init__(address, Wire)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that went away; show any other error as usual."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self, keep: object = None) -> None:
        """Close every connection but `keep`."""
        for connection in list(self.connections):
            if connection is not keep:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
