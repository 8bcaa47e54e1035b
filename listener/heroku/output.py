"""What a release phase printed, read from a url that is itself the permission to read it.

So the url goes into no error, no log and no repr, and our token does not go to it. It may be slow,
cut, endless, or point to a place where only we can go: an answer is bounded in time and in bytes,
no redirect is followed, and nothing but a public address is asked.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from dataclasses import dataclass, field

import httpx

from listener.heroku.address import checked_stream_url
from listener.heroku.errors import HEROKU, BadAnswer
from listener.heroku.session import check
from listener.outbound import http
from listener.outbound.server import HttpAnswer

LARGEST_PIECE = 64 * 1024
SETTLE_SECONDS = 0.3  # what follows so soon still belongs to the piece
NOT_STARTED, NOTHING_BEYOND = 404, 416
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of an output from a place on; none, where there are none yet."""

    start: int
    content: bytes = field(default=b"", repr=False)
    is_end: bool = False  # the stream was closed in good order behind them
    has_begun: bool = True  # the command has started
    is_late: bool = False  # nothing came in time; so there may be more

    def text(self, *, is_last: bool) -> tuple[str, int]:
        """Return the text, and where the next piece begins; half a character is left to that."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(self.content, final=is_last)
        left, _ = decoder.getstate()
        return text, self.start + len(self.content) - len(left)


class OutputReader:
    """Reads pieces of outputs; threads may share it."""

    def __init__(self, api_url: str, transport: httpx.BaseTransport, *, user_agent: str) -> None:
        self._api_url = api_url
        self._transport = transport
        self._headers = {
            "Accept": "text/plain",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def read(self, url: str, offset: int, *, seconds: float) -> Piece:
        """Read what follows the first `offset` bytes. Raises `HerokuError`s."""
        checked = checked_stream_url(url, api_url=self._api_url)
        hide = [url, checked]
        try:
            with http.bounded(seconds):
                return self._read(checked, offset, hide)
        except httpx.ReadTimeout:
            # It may say nothing, not even its status, before the command does.
            return Piece(offset, is_late=True)
        except httpx.HTTPError as error:
            raise HEROKU.lost(error, hide=hide) from error

    def _read(self, url: str, offset: int, hide: list[str]) -> Piece:
        piece = self._ask(url, offset, hide, skips=offset == 0)
        # 200 to a range: whole, or from there on? Asked without a range there is no doubt.
        return piece if piece is not None else self._ask(url, offset, hide, skips=True) or Piece(0)

    def _ask(self, url: str, offset: int, hide: list[str], *, skips: bool) -> Piece | None:
        headers = self._headers | ({} if skips else {"Range": f"bytes={offset}-"})
        with contextlib.closing(
            self._transport.handle_request(httpx.Request("GET", url, headers=headers))
        ) as response:
            match response.status_code:
                case 200:
                    return _piece(response, offset) if skips else None
                case 206:
                    return _piece(response, offset, begin=offset)
                case 404:
                    return Piece(offset, has_begun=False)
                case 416:
                    return Piece(offset)
                case status:
                    check(HttpAnswer(status, response.headers, HEROKU), hide=hide)
                    return Piece(offset)


def _piece(response: httpx.Response, offset: int, begin: int = 0) -> Piece:
    """Read what the answer has from the offset on; if it begins later, from there on."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadAnswer("Heroku showed an output in an encoding that was not asked for.")
    goes_on = False
    if found := _RANGE.fullmatch(response.headers.get("content-range", "")):
        begin = int(found[1])
        goes_on = found[3] != "*" and int(found[2]) + 1 < int(found[3])
    content, is_end = _content(response, max(0, offset - begin))
    is_late = not content and not is_end
    return Piece(max(begin, offset), content, is_end and not goes_on, is_late=is_late)


def _content(response: httpx.Response, skip: int) -> tuple[bytes, bool]:
    """Read the bytes after those to skip, and tell whether the stream ended after them."""
    kept = bytearray()
    try:
        for chunk in response.iter_raw():
            kept += chunk[skip:]
            skip = max(0, skip - len(chunk))
            if len(kept) >= LARGEST_PIECE:
                return bytes(kept[:LARGEST_PIECE]), False
            if kept:
                http.end_within(SETTLE_SECONDS)
    except httpx.HTTPError:
        return bytes(kept), False  # cut or out of time: the next piece goes on from here
    return bytes(kept), True
