"""The health pages of the demo's apps: well, until somebody says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Health:
    """A server of this machine; each path is a page of its own."""

    def __init__(self) -> None:
        self.unwell: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        unwell = self.unwell

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer 200, or 503 where it is unwell."""
                is_well = self.path.strip("/") not in unwell
                self.send_response(200 if is_well else 503)
                self.end_headers()
                self.wfile.write(b"well\n" if is_well else b"The database does not answer.\n")

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Page

    @contextmanager
    def open(self) -> Iterator[Health]:
        """Answer inside the block."""
        Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
