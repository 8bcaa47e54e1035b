"""A small app behind the worker class, with limits short enough to be waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Event, Thread
from typing import Any

from listener.web.fast_path import FAILED, FAST_PATH, Brief, FastRequest
from listener.web.limits import JUDGE, KIB, Admission, Headers, Limits, Priority
from listener.web.worker import FrontWorker

FIRST = ("/hold", "/free", "/stuck-first")
PRIORITIES = {"/stranger": Priority.LAST, **dict.fromkeys(FIRST, Priority.FIRST)}


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
        fast_seconds=2.0,
        linger_seconds=0.5,
        threads=(5, 4, 3, 2, 1),
    )


class Fast:
    """Does with a request on the fast path what its header says."""

    def __init__(self) -> None:
        self.late: list[FastRequest] = []

    def take(self, requests: Sequence[FastRequest]) -> None:
        """Say of most at once that they are done; keep some until the next one comes."""
        while self.late:
            self.late.pop().done()
        for one in requests:
            match one.headers["HOW"]:
                case ["thread"]:
                    Thread(target=one.done).start()
                case ["break"]:
                    message = "broken on purpose"
                    raise ValueError(message)
                case ["keep"]:
                    self.late.append(one)
                case _:
                    one.done()

    def finish(self, request: FastRequest) -> Brief | Exception | None:
        """Answer, or have the app do it, or tell of an error."""
        match request.headers["HOW"]:
            case ["answer" | "thread"]:
                return Brief("204 Fast", [("Number", request.body.decode())])
            case ["keep"]:
                return Brief("200 Late", [])
            case ["fail"]:
                return ValueError("it failed")
            case ["break late"]:
                message = "broken on purpose"
                raise ValueError(message)
            case _:
                return None

    def give_up(self, request: FastRequest) -> Exception | None:
        """Tell that it took too long."""
        if request.body == b"break":
            message = "broken on purpose"
            raise ValueError(message)
        return TimeoutError("it took too long")


class App:
    """Answers with what it was sent."""

    def __init__(self) -> None:
        self.extensions = {JUDGE: self.judge, FAST_PATH: Fast()}
        self.let_go = Event()

    def judge(self, method: str, path: str, headers: Headers) -> Admission:
        """Let signed ones first, and read no body where told so."""
        if path == "/door" and "SIGNED" in headers:
            return Admission(Priority.FIRST, is_trusted=True)
        if path == "/fast":
            return Admission(Priority.FIRST, is_trusted=True, is_fast=True)
        priority = PRIORITIES.get(path, Priority.REST)
        return Admission(priority, reads_body=path != "/door")

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer."""
        path = environ["PATH_INFO"]
        if path in {"/stuck", "/stuck-first", "/stranger"}:
            assert self.let_go.wait(30), "nobody let it go"
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
        if (failed := environ.get(FAILED)) is not None:
            status = f"503 {failed}"
            self.let_go.set()
        start(status, [("Content-Length", str(len(said + body)))])
        return [said, body]


app = App()
