"""Text of a server that tells the URL it was asked: shown without the URL's query.

Servers repeat a query as it was sent, decoded, or escaped for HTML or JSON.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

SHORTEST = 4  # characters of a query, or of a value in it, that are hidden wherever they stand
LONGEST_ESCAPE = 6  # bytes of a character, like `\u0026` or `&quot;`
HIDDEN = "…"
_PARTS = re.compile("[&;]")


def without(text: str, url: str, *, end: int) -> str:
    """Return the text up to a place, without the URL's query and each of its values.

    What stands after that place is only looked at, for a query may begin before it.
    """
    secret = _pattern(url)
    kept, place = [], 0
    for found in secret.finditer(text) if secret is not None else ():
        if found.start() >= end:
            break
        kept += [text[place : found.start()], HIDDEN]
        place = found.end()
    return "".join([*kept, text[place:end]])


def longest(url: str) -> int:
    """Return how many bytes the query takes at most, however it is escaped."""
    return len(_query(url).encode()) * LONGEST_ESCAPE


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _pattern(url: str) -> re.Pattern[str] | None:
    if not (query := _query(url)):
        return None
    hidden = {text for told in _told(query) for text in (told, unquote_plus(told))}
    longest_first = sorted(filter(None, hidden), key=len, reverse=True)
    shown = [_spelled(text) for text in longest_first if len(text) >= SHORTEST]
    # A short query is hidden where it follows upon its question mark alone: `1` may be any number.
    return re.compile("|".join([*shown, rf"(?<=\?){_spelled(query)}"]), re.IGNORECASE)


def _told(query: str) -> Iterator[str]:
    """Yield the query, and its values; what has no name is a value."""
    yield query
    for part in _PARTS.split(query):
        name, equals, value = part.partition("=")
        yield value if equals else name


def _spelled(text: str) -> str:
    return "".join(map(_each_way, text))


def _each_way(char: str) -> str:
    """Return a pattern of a character in each way that it is written."""
    if char.isascii() and (char.isalnum() or char in "-._~"):
        return re.escape(char)
    sent = "".join(f"%{byte:02x}" for byte in char.encode())
    code = ord(char)
    ways = [sent, html.escape(char), f"&#{code};", f"&#0{code};", f"&#x{code:x};", rf"\u{code:04x}"]
    ways += [f"\\{char}", char, *("+" if char == " " else "")]
    return f"(?:{'|'.join(map(re.escape, ways))})"
