"""A whole request goes through the WSGI app, and becomes the bytes of an answer."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gunicorn import SERVER  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.util import http_date  # type: ignore[import-untyped]

from listener.web.fast_path import Brief


class Sink:
    """Takes what gunicorn writes to a socket."""

    def __init__(self) -> None:
        self.content = bytearray()

    def sendall(self, data: bytes) -> None:
        """Keep the bytes."""
        self.content += data

    def send(self, data: bytes) -> int:
        """Keep the bytes, all of them."""
        self.content += data
        return len(data)

    def gettimeout(self) -> float:
        """Tell that nobody ever waits here."""
        return 0.0


def answer(
    worker: Any,
    request: Any,
    body: bytes,
    ends: tuple[Any, Any],
    *,
    is_cut: bool,
    is_unread: bool,
    told: Mapping[str, Any],
) -> AnswerBuffer:
    """Run the app. `is_cut` says that the body is not what came, or would have come, in whole.

    Of one that is too large the app still hears the length, to say so; of one that `is_unread`
    it hears nothing. What is `told` stands in its environ.
    """
    sink = Sink()
    if is_cut or not worker.alive:
        request.force_close()
    request.body = io.BytesIO(body)
    request._expected_100_continue = False  # noqa: SLF001 - the selector has said it
    response = None
    try:
        response, environ = wsgi.create(request, sink, *ends, worker.cfg)
        environ["wsgi.multithread"] = True
        del environ["gunicorn.socket"]  # nobody else reads from it or writes to it
        environ.update(told)
        if is_unread and "CONTENT_LENGTH" in environ:
            environ["CONTENT_LENGTH"] = "0"
        parts = worker.wsgi(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
    except Exception as error:
        if response is not None and response.headers_sent:
            worker.log.exception("Error handling request")
            return AnswerBuffer(bytearray(), closes=True)  # half an answer is none
        worker.handle_error(None, sink, ends[0], error)
        return AnswerBuffer(sink.content, closes=True)
    return AnswerBuffer(sink.content, closes=bool(response.should_close()))


def written(worker: Any, request: Any, brief: Brief) -> AnswerBuffer:
    """Return an answer without a body, as gunicorn would write it. Headers must be our own."""
    if not worker.alive:
        request.force_close()
    closes = bool(request.should_close())
    lines = [
        f"HTTP/{request.version[0]}.{request.version[1]} {brief.status}",
        f"Server: {SERVER}",
        f"Date: {_date(int(time.time()))}",
        f"Connection: {'close' if closes else 'keep-alive'}",
        *(f"{name}: {value}" for name, value in brief.headers),
    ]
    return AnswerBuffer(bytearray("\r\n".join([*lines, "", ""]).encode("latin-1")), closes=closes)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return str(http_date(second))


class AnswerBuffer:
    """The bytes of an answer, and whether the connection ends with it."""

    __slots__ = ("closes", "content")

    def __init__(self, content: bytearray, *, closes: bool) -> None:
        self.content = content
        self.closes = closes
