"""One HTTP exchange: its limits, and its failures in words."""

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from autopromote.errors import Misuse
from autopromote.hosts import is_loopback
from autopromote.version import VERSION

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # of a character
MOST_MIB = 32  # of an answer; the longest lists have a few


class TooLarge(httpx.RequestError):
    """The answer is larger than any that a listener gives."""


REASONS: tuple[tuple[type[httpx.RequestError], str], ...] = (
    (httpx.ConnectTimeout, f"no connection within {CONNECT_SECONDS:.0f} s"),
    (httpx.TimeoutException, f"no answer within {ANSWER_SECONDS:.0f} s"),
    (httpx.ProxyError, "the proxy refused"),
    (httpx.TransportError, "the connection broke off"),
    (TooLarge, f"the answer is larger than {MOST_MIB} MiB"),
    (httpx.RequestError, "the answer was unreadable"),
)


def open_client(url: str, headers: dict[str, str], *, seconds: float | None = None) -> httpx.Client:
    """Return a client for one server. It follows no redirect, so a token stays where it was sent.

    The proxies of the environment apply, but not on the way to this machine itself.
    """
    try:
        return httpx.Client(
            base_url=url,
            verify=authorities(url),
            headers={"User-Agent": f"autopromote/{VERSION}", **headers},
            timeout=httpx.Timeout(seconds or ANSWER_SECONDS, connect=seconds or CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(url).hostname or ""),
        )
    except httpx.InvalidURL as error:
        raise Misuse(f"Not a URL: {url}") from error


def authorities(url: str) -> ssl.SSLContext:
    """Return the TLS context: with the usual authorities for https, else with none.

    Reading all the authorities takes as long as everything else in a short command.
    """
    if url.startswith("https:"):
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    if not token.isascii() or re.search(r"[^!-~]", token):
        raise Misuse("The token holds characters that no token has.")
    return {"Authorization": f"Bearer {token}"}


def path_part(name: str) -> str:
    """Return a name as one part of a path, so that it names nothing else."""
    if not name.strip("."):
        raise Misuse(f"Not a name or id: '{name}'")
    return quote(name, safe="")


def reason(error: httpx.RequestError) -> str:
    """Say why there was no answer, but not in the library's words, which may quote the token."""
    if type(error) is httpx.ConnectError:
        return re.sub(r"^\[.*?\] ", "", str(error)).lower() or "no connection"
    return next(words for kind, words in REASONS if isinstance(error, kind))


def was_sent(error: httpx.RequestError) -> bool:
    """Return whether the request may have reached the server."""
    return not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)


def answered(
    client: httpx.Client,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a request and return its whole answer. Raises RequestError.

    However large the answer is, little more of it is kept in memory than the most there may be.
    """
    request = client.build_request(method, path, params=query, json=body, headers=headers)
    response = client.send(request, stream=True)
    try:
        return httpx.Response(
            response.status_code,
            headers=[(k, v) for k, v in response.headers.items() if k != "content-encoding"],
            content=whole(response),
            request=request,
        )
    finally:
        response.close()


def whole(response: httpx.Response) -> bytes:
    """Read an answer to its end. Raises TooLarge."""
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > MOST_MIB << 20:
            raise TooLarge("too large", request=response.request)
    return bytes(content)


def body_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer; None if it has none, or one nested without end.

    One with half a character, which JSON can write and UTF-8 cannot, is none.
    """
    try:
        found = response.json()
        if HALF.search(response.content):
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def own_words(response: httpx.Response) -> tuple[str | None, str] | None:
    """Return id and message of an error `{"id", "message"}`, or None if the answer is none.

    One of Heroku's errors has `error` instead of `message`; a `url` says where to read more.
    """
    match body_of(response):
        case {"message": str(message)} | {"error": str(message)} as body:
            id, url = body.get("id"), body.get("url")
            more = f" (see {url})" if isinstance(url, str) and url.startswith("https://") else ""
            return (id if isinstance(id, str) else None), message.strip() + more
        case _:
            return None
