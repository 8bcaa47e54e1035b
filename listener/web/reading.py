"""Bytes become requests, by gunicorn's own reading of HTTP, as they come in.

Nothing here says where a message ends: gunicorn's parser does. It is asked again when more has
come; where it asks for what has not come yet, it is `Starved`.
"""

from __future__ import annotations

from typing import Any

from gunicorn.http.body import ChunkedReader  # type: ignore[import-untyped]
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ChunkMissingTerminator,
    InvalidHeader,
    LimitRequestHeaders,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.http.unreader import Unreader  # type: ignore[import-untyped]

from listener.web.limits import Limits

END = b"\r\n\r\n"
LINE = b"\r\n"


class Starved(Exception):
    """The parser wants bytes that have not come yet."""


class Memory(Unreader):  # type: ignore[misc]
    """Gives the parser what is there, a piece at a time."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self._pieces = [piece for piece in reversed(pieces) if piece]

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece. Raises Starved."""
        if not self._pieces:
            raise Starved
        return self._pieces.pop()

    def rest(self) -> bytes:
        """Take all that was not read."""
        pieces = [self.take_buffered(), *reversed(self._pieces)]
        self._pieces = []
        return b"".join(pieces)


class Head:
    """The head of a request that comes in; asked for little even if it comes byte by byte."""

    def __init__(self, config: Any, peer: Any, number: int, limits: Limits) -> None:
        self._config, self._peer, self._number = config, peer, number
        self._limit = limits.head
        self._seen = 0  # up to here there is no end
        self._tried = 0

    def read(self, inbox: bytearray) -> Any | None:
        """Take the head off the bytes and return gunicorn's request; None while it is not whole.

        Raises what gunicorn's parser raises of bad ones, or of too large ones.
        """
        end = inbox.find(END, max(0, self._seen - len(END) + 1))
        self._seen = end + 1 if end >= 0 else len(inbox)
        is_full = len(inbox) > self._limit and not 0 <= end <= self._limit
        if end < 0 and len(inbox) < 2 * self._tried and not is_full:
            return None
        self._tried = len(inbox)
        memory = Memory(bytes(inbox))
        try:
            request = Request(self._config, memory, self._peer, self._number)
        except Starved:
            if is_full:
                message = "The head is too large"
                raise LimitRequestHeaders(message) from None
            return None
        except UnsupportedTransferCoding as error:
            # Its 501 would be the client's to bring about, and counted as our own.
            name = "TRANSFER-ENCODING"
            raise InvalidHeader(name) from error
        rest = memory.rest()
        if len(inbox) - len(rest) > self._limit:
            message = "The head is too large"
            raise LimitRequestHeaders(message)
        inbox[:] = rest
        return request


class Length:
    """A body whose length the head told."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.kept = 0  # beside what has not been read
        self.received = 0
        self.is_over = False  # never: whoever says too much is refused by the head

    def read(self, inbox: bytearray) -> bytes | None:
        """Take the body off the bytes; None while it is not whole."""
        self.received = len(inbox)
        if len(inbox) < self.length:
            return None
        body = bytes(memoryview(inbox)[: self.length])
        del inbox[: self.length]
        return body


class Chunks:
    """A chunked body; the lines between its chunks are read by gunicorn."""

    def __init__(self, request: Any, limits: Limits, most: int) -> None:
        self._most = most
        self._reader = ChunkedReader(request, None)
        self._limits = limits
        self._body = bytearray()
        self._missing: int | None = None  # of the chunk at hand, with the line's end behind it
        self.received = 0
        self.is_over = False

    @property
    def kept(self) -> int:
        """How many bytes of the body have been read."""
        return len(self._body)

    def read(self, inbox: bytearray) -> bytes | None:
        """Take the body off the bytes; None while it is not whole.

        Where it grows too large, return what is more than it may be, and say so by `is_over`.
        Raises what gunicorn's parser raises of broken ones.
        """
        place = 0
        try:
            while True:
                if self._missing is None:
                    if self.received + place > 4 * self._most:
                        message = "too much between the chunks"
                        raise LimitRequestHeaders(message)
                    size, place = self._next_size(inbox, place)
                    if size == 0:
                        return bytes(self._body)
                    self._missing = size + len(LINE)
                place = self._take(inbox, place, self._missing)
                if len(self._body) > self._most:
                    self.is_over = True
                    return bytes(self._body[: self._most + 1])
                if self._missing is not None:
                    return None
        except Starved:
            return None
        finally:
            self.received += place
            del inbox[:place]

    def _take(self, inbox: bytearray, place: int, missing: int) -> int:
        content = min(max(missing - len(LINE), 0), len(inbox) - place)
        self._body += memoryview(inbox)[place : place + content]
        self._missing = missing = missing - content
        place += content
        if missing == len(LINE) and len(inbox) - place >= len(LINE):
            end = bytes(inbox[place : place + len(LINE)])
            if end != LINE:
                raise ChunkMissingTerminator(end)
            self._missing = None
            place += len(LINE)
        return place

    def _next_size(self, inbox: bytearray, place: int) -> tuple[int, int]:
        end = inbox.find(LINE, place)
        end = len(inbox) if end < 0 else end + len(LINE)
        line = bytes(inbox[place:end])
        is_last = not line.partition(b";")[0].strip(b"0 \t\r\n")
        rest = bytes(inbox[end : end + self._limits.trailers + 1]) if is_last else b""
        memory = Memory(line, rest)
        try:
            size, more = self._reader.parse_chunk_size(memory)
        except Starved:
            if len(rest) > self._limits.trailers:
                message = "limit request trailer section size"
                raise LimitRequestHeaders(message) from None
            raise
        left = len(memory.rest()) + len(more or b"")
        return size, end + len(rest) - left


def body_of(request: Any, limits: Limits, most: int) -> Length | Chunks:
    """Return what reads the body of a request, as gunicorn understood its length."""
    reader = request.body.reader
    return (
        Chunks(request, limits, most)
        if isinstance(reader, ChunkedReader)
        else Length(reader.length)
    )
