"""Sentences beside columns that name the same apps: they say `source` and `target` instead."""

import re
from collections.abc import Mapping

# Commands, what somebody else wrote, and addresses: an app's own name may be part of one.
KEPT = re.compile(r"(`[^`]*`|“[^”]*”|https?://\S+)")


def renamed(text: str, words: Mapping[str, str]) -> str:
    """Return the sentence with another word for each app; what is quoted stays as it is."""
    pieces = KEPT.split(text)
    for app, word in words.items():
        name = re.compile(rf"(?<![\w-]){re.escape(app)}(?![\w-])")
        pieces[::2] = [name.sub(word, piece) for piece in pieces[::2]]
    said = "".join(pieces)
    return said[:1].upper() + said[1:] if text.startswith(tuple(words)) else said
