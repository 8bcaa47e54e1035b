"""What the address of a request says behind its question mark."""

from __future__ import annotations

from flask import request

from listener.errors import Invalid

DEFAULT_LIMIT = 100
MOST = 1000
MOST_DIGITS = 15


def limit() -> int:
    """How many rows are wanted: `?limit=`, 100 without. Raises Invalid."""
    said = request.args.get("limit", str(DEFAULT_LIMIT))
    if said.isascii() and said.isdigit() and len(said) <= len(str(MOST)) and 1 <= int(said) <= MOST:
        return int(said)
    message = f"limit must be a number from 1 to {MOST}."
    raise Invalid(message)


def offset() -> int:
    """From which byte on something is wanted: `?offset=`, 0 without. Raises Invalid."""
    said = request.args.get("offset", "0")
    if said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS:
        return int(said)
    message = f"offset must be a number of at most {MOST_DIGITS} digits."
    raise Invalid(message)


def text(name: str) -> str | None:
    """What is given by this name, if anything is."""
    return request.args.get(name) or None


def flag(name: str) -> bool:
    """Whether this is asked for: `true` or `1`; absent, `false` and `0` mean no. Raises Invalid."""
    said = request.args.get(name, "false").lower()
    if said in ("true", "1"):
        return True
    if said in ("false", "0", ""):
        return False
    message = f"{name} must be true or false."
    raise Invalid(message)
