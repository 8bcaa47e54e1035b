"""A small app behind the worker class, with limits short enough to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Event
from typing import Any

from listener.web.limits import JUDGE, KIB, Admission, Headers, Limits, Priority
from listener.web.worker import FrontWorker

PRIORITIES = {"/hold": Priority.FIRST, "/free": Priority.FIRST, "/stranger": Priority.LAST}


class ShortWorker(FrontWorker):
    """Waits for nobody longer than a test would, and for those that a busy machine delays."""

    limits = replace(
        Limits(),
        connections=20,
        buffered=2 * 1024 * KIB,
        head_seconds=2.0,
        body_seconds=3.0,
        body_grace=2.0,
        answer_seconds=2.0,
        linger_seconds=0.5,
        threads=(4, 3, 2, 1),
    )


class App:
    """Answers with what it was sent."""

    def __init__(self) -> None:
        self.extensions = {JUDGE: self.judge}
        self.let_go = Event()

    def judge(self, method: str, path: str, headers: Headers) -> Admission:
        """Let signed ones first, and read no body where told so."""
        if path == "/door" and "SIGNED" in headers:
            return Admission(Priority.FIRST, is_trusted=True)
        priority = PRIORITIES.get(path, Priority.REST)
        return Admission(priority, reads_body=path != "/door")

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer."""
        path = environ["PATH_INFO"]
        if path in {"/stuck", "/stranger"}:
            self.let_go.wait(60)
        if path == "/free":
            self.let_go.set()
        if path == "/hold":
            self.let_go.clear()
        body = environ["wsgi.input"].read() if path != "/large" else b"x" * (4 * 1024 * KIB // 3)
        status = "401 No" if path == "/door" and "HTTP_SIGNED" not in environ else "200 OK"
        said = f"{environ['REQUEST_METHOD']} {path} {environ.get('CONTENT_LENGTH')} ".encode()
        if path == "/broken":
            message = "broken on purpose"
            raise ValueError(message)
        start(status, [("Content-Length", str(len(said + body)))])
        return [said, body]


app = App()
