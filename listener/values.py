"""How the text of each setting is read.

A ValueError's message is shown to people, so it never holds the value of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from listener.store.engine import parse_url

SHORTEST_KEY = 32
SHORTEST_RECONCILE = timedelta(seconds=1)
LONGEST_RECONCILE = timedelta(days=1)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def database_url(text: str) -> str:
    parse_url(text)
    return text


def secret_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(","))
    if any(len(key) < SHORTEST_KEY for key in keys):
        message = f"every key, comma-separated, must have at least {SHORTEST_KEY} characters."
        raise ValueError(message)
    return keys


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def emails(text: str) -> tuple[str, ...]:
    patterns = _patterns(text)
    wrong = [one for one in patterns if not re.fullmatch(r"[^@\s]+@[^@\s]+", one)]
    if wrong or not patterns:
        message = f"{', '.join(wrong) or 'it'} is no e-mail address or pattern like *@acme.com."
        raise ValueError(message)
    return patterns


def apps(text: str) -> tuple[str, ...]:
    patterns = _patterns(text)
    if not patterns:
        message = "it names no app; leave it out to allow every app."
        raise ValueError(message)
    return patterns


def notify(text: str) -> tuple[str, ...]:
    # A URL may itself hold commas: a new one begins where a scheme does.
    urls = tuple(re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", text.strip(", "), flags=re.IGNORECASE))
    if all(re.match(r"[a-z][a-z0-9+.-]*://.", url, re.IGNORECASE) for url in urls):
        return urls
    message = "it must be apprise URLs like slack://…, comma-separated."
    raise ValueError(message)


def duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII)
    if found is None:
        message = "it must be a number with s, m, h or d, like 5m."
        raise ValueError(message)
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if not SHORTEST_RECONCILE <= duration <= LONGEST_RECONCILE:
        message = "it must be from 1s to 1d."
        raise ValueError(message)
    return duration


def number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if re.fullmatch(r"\d{1,5}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        message = f"it must be a number from {least} to {most}."
        raise ValueError(message)

    return parse


def flag(text: str) -> bool:
    if text in ("0", "1"):
        return text == "1"
    message = "it must be 1 or 0."
    raise ValueError(message)


def url(text: str) -> str:
    parts = urlsplit(text)
    is_plain = parts.hostname and not (parts.username or parts.query or parts.fragment)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    if not (is_plain and is_safe) or re.search(r"\s", text):
        message = "it must be an https:// URL (http:// for this machine only)."
        raise ValueError(message)
    return text.rstrip("/")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
