"""What a server says of the URL that it was asked: without the query, however it is written."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from listener.core.hidden_query import longest, without

QUERY = "sig=a+b%2Fc%3D%3D9%26&name=J%C3%BCrgen%20%22%E2%82%AC%22&it's=<me>"
URL = f"https://shop.example.com/healthz?{QUERY}#part"
VALUES = ("a+b%2Fc%3D%3D9%26", "J%C3%BCrgen%20%22%E2%82%AC%22", "<me>")
DECODED = tuple(map(unquote_plus, VALUES))


def numbered(text: str) -> str:
    """Write each character by its number."""
    return "".join(f"&#{ord(char)};" if not char.isalnum() else char for char in text)


def of_json(text: str) -> str:
    """Write it as JSON that HTML may hold."""
    said = json.dumps(text)[1:-1].replace("/", "\\/")
    return said.replace("&", "\\u0026").replace("<", "\\u003C").replace(">", "\\u003E")


def said(text: str, url: str = URL) -> str:
    return without(text, url, end=len(text))


@pytest.mark.parametrize(
    "written",
    [str, html.escape, quote, quote_plus, numbered, of_json],
    ids=lambda way: way.__name__,
)
@pytest.mark.parametrize("secret", [QUERY, *VALUES, *DECODED])
def test_a_query_and_its_values_are_hidden_however_they_are_written(
    secret: str, written: Callable[[str], str]
) -> None:
    told = written(secret)

    assert said(f"asked {told}, and {told}") == "asked …, and …"
    assert len(told.encode()) <= longest(URL)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("1", "1 of 1 down at /health?1", "1 of 1 down at /health?…"),
        ("v=1", "v=1 down at /health?v=1", "v=1 down at /health?…"),
        ("deep=1", "deep=1: 1 down", "…: 1 down"),
        ("s3cret", "asked for s3cret", "asked for …"),
        ("", "all down?", "all down?"),
    ],
)
def test_of_a_short_one_no_other_text_is_hidden(query: str, text: str, expected: str) -> None:
    assert said(text, f"https://shop.example.com/health?{query}") == expected


def test_a_query_over_the_end_is_hidden_whole() -> None:
    text = f"{QUERY} {QUERY} and more"

    assert without(text, URL, end=len(QUERY) + 5) == "… …"
