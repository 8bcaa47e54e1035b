"""Marked secrets: words that must be found nowhere, plain or in a disguise that anybody undoes."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import psycopg
from psycopg import sql

SHORT = 40  # a digest of so few characters may be guessed
HEX_BYTES = re.compile(rb"\\\\x((?:[0-9a-f]{2})+)")  # as COPY writes bytes


@dataclass
class Marks:
    """The secrets of a run by what they are; `may` says where one is shown on purpose."""

    words: dict[str, str] = field(default_factory=dict)
    may: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, what: str, word: str, *, may: tuple[str, ...] = ()) -> str:
        """Mark a secret, and return it."""
        assert len(word) >= 8, f"{what} is too short to be told from other words"
        self.words[what] = word
        self.may[what] = may
        return word

    def found(self, where: str, content: bytes) -> Iterator[str]:
        """Say which secrets are in this, and how."""
        for what, word in self.words.items():
            if any(where.startswith(place) for place in self.may[what]):
                continue
            for disguise, seen in disguises(word).items():
                if seen in content:
                    yield f"{what} ({disguise}) in {where}"


def disguises(word: str) -> Mapping[str, bytes]:
    """Return a word as it may stand somewhere: plain, encoded, reversed, or in a bare digest."""
    plain = word.encode()
    forms = {
        "plain": plain,
        "percent-encoded": quote(word, safe="").encode(),
        "as in a form": quote_plus(word).encode(),
        "every character percent-encoded": "".join(f"%{one:02X}" for one in plain).encode(),
        "hexadecimal": plain.hex().encode(),
        "reversed": plain[::-1],
    }
    for before in range(3):  # where it does not begin at a multiple of three bytes
        whole = base64.b64encode(bytes(before) + plain)
        start = -(-before * 8 // 6) if before else 0
        forms[f"base64 at {before}"] = whole[start : len(whole) // 4 * 4 - 4]
        urlsafe = base64.urlsafe_b64encode(bytes(before) + plain)
        forms[f"base64url at {before}"] = urlsafe[start : len(urlsafe) // 4 * 4 - 4]
    if len(word) <= SHORT:
        for name in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(name, plain, usedforsecurity=False)
            forms[name] = digest.hexdigest().encode()
            forms[f"{name} in base64"] = base64.b64encode(digest.digest()).rstrip(b"=")
    return forms


def dump(url: str) -> dict[str, bytes]:
    """Return every table of a database as text, bytes in it as they are, too."""
    with psycopg.connect(url) as conn:
        names = conn.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        return {name: _copied(conn, name) for (name,) in names}


def _copied(conn: psycopg.Connection, table: str) -> bytes:
    with conn.cursor() as cursor:
        query = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
        with cursor.copy(query) as rows:
            text = b"".join(bytes(part) for part in rows)
    hidden = b"\n".join(bytes.fromhex(found.decode()) for found in HEX_BYTES.findall(text))
    return text + b"\n" + hidden
