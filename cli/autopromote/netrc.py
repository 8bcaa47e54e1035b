"""The passwords of a `.netrc`, as programs that are not strict about it read one.

Python's own reader refuses a whole file for one entry that it does not know, of whatever machine.
"""

import re
from collections.abc import Iterator

KEYS = {"login", "user", "account", "password"}
STARTS = {"machine", "default", "macdef"}
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
ESCAPED = re.compile(r"\\(.)")


def password_of(text: str, machine: str) -> str | None:
    """Return the password of the first entry of this machine that has one; None without."""
    words = list(words_of(text))
    here = False
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word in STARTS:
            here = word == "machine" and value == machine
        elif here and word == "password" and value not in STARTS | KEYS:
            return value or None
    return None


def words_of(text: str) -> Iterator[str]:
    """Yield the words; comments, and the commands of a macro up to an empty line, are left out."""
    is_macro = False
    for line in text.splitlines():
        is_macro = is_macro and bool(line.strip())
        if is_macro or line.lstrip().startswith("#"):
            continue
        for quoted, bare in WORD.findall(line):
            yield bare or ESCAPED.sub(r"\1", quoted)
        is_macro = line.split()[:1] == ["macdef"]
