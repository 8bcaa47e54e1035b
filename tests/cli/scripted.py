"""A listener that gives the answers that a test wrote down, one after the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """What is answered next, as status and body; the last one again and again."""

    url: str
    answers: list[tuple[int, Any]]
    asked: list[str] = field(default_factory=list)  # method and path of each request

    def next(self) -> tuple[int, Any]:
        """Take the next answer."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def scripted(*answers: tuple[int, Any]) -> Iterator[Script]:
    """Run the listener until the block ends."""
    script = Script("", list(answers))

    class Answering(BaseHTTPRequestHandler):
        """Gives the next answer to whatever is asked."""

        def do_GET(self) -> None:
            """Answer."""
            script.asked.append(f"{self.command} {self.path}")
            status, body = script.next()
            said = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            if status in (429, 503):
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(said)

        def do_POST(self) -> None:
            """Answer to what asks for a change."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
