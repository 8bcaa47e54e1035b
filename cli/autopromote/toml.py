"""Values as TOML writes them, and which of them JSON has too."""

import json
import math
import re

from autopromote.plain import plain_json, whole

BARE = re.compile(r"[A-Za-z0-9_-]+")


def fits(value: object) -> bool:
    """Return whether JSON can hold this: it has no dates, and no infinity and no NaN."""
    if isinstance(value, list):
        return all(fits(each) for each in value)
    if isinstance(value, dict):
        return all(fits(each) for each in value.values())
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def key(name: str) -> str:
    """Return a rule's name as TOML writes it."""
    return name if BARE.fullmatch(name) else value(name)


def value(said: object) -> str:
    """Return a value as TOML writes it: as JSON does, with what a terminal obeys escaped."""
    if isinstance(said, list):
        return f"[{', '.join(value(each) for each in said)}]"
    said_in_json = whole(json.dumps(said, ensure_ascii=False))  # TOML has no word for a half
    return plain_json(said_in_json)
