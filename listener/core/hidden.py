"""Text that programs printed, fit to be shown: lines that rule nothing, without credentials.

Whoever deploys writes that text: however it is made, it costs a bounded time to clean.
"""

from __future__ import annotations

import re

LINES, WIDTH = 10, 200  # characters of a line
SEEN = 2000  # characters of a line that are looked at
HIDDEN = "[hidden]"
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # titles, links
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_LINE_END = re.compile(r"\r\n?")  # each update of a progress bar counts as a line
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\S ]")
# Each of these looks at a character a few times at most: a name is looked at from its first letter
# alone, and nothing that was read is given back (`*+`).
_BEHIND_SCHEME = re.compile(r"(?<=://)\S++")
_USER = re.compile(r"(?:\A|://)(?=[^/@:]*+[:@])(?!@)")
_SENSITIVE = (
    r"(?=[\w-]*?(?:secret|token|passw(?:or)?d|passphrase|passcode|credential|authorization"
    r"|api[_-]?key|access[_-]?key"
    r"|(?:pass|[_-]pwd|(?<![^\W_])keys?|(?-i:KEYS?|Keys?))(?![\w-])))"
)
_VALUE = (
    r"(?:(?:bearer|basic)\s++)?"
    r"(?:\\++[\"'].*|[\[({].*"  # where it ends takes more than a pattern
    r"|[bfru]{0,2}(?:\"(?:[^\"\\]|\\.)*+[\"\\]?|'(?:[^'\\]|\\.)*+['\\]?)|\S++)"
)
_NAMED = re.compile(
    rf"((?<![\w-]){_SENSITIVE}[\w-]++[\\\"'\])]{{0,4}}\s*+(?:=>|->|[=:]{{1,3}}>?)\s*+){_VALUE}",
    re.IGNORECASE,
)
_FLAG = re.compile(rf"((?<![\w-])(?=--?\w){_SENSITIVE}[\w-]++\s++)(?!-){_VALUE}", re.IGNORECASE)
_BEARER = re.compile(
    r"(\bbearer:?\s++[\"']?|(?-i:\bBasic\s++(?=[a-z+/]*[A-Z0-9=])))[^\s\"']++", re.IGNORECASE
)
_TOKEN = re.compile(
    r"\b(?:HRKU-|[rs]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|A[KS]IA|AIza|eyJ"
    r"|sk-(?=[\w-]{12}))[\w.-]{8,}"
)


def plain(text: str) -> str:
    """Return the text without what rules a terminal, or turns the rest of a line around."""
    return _HARMFUL.sub("", _ESCAPES.sub("", _LINE_END.sub("\n", text)))


def beginning(text: str, *, is_cut: bool) -> str:
    """Return the first lines with words in them, each bounded, and without credentials.

    `is_cut` says that the text goes on, in the middle of its last line.
    """
    lines = text.splitlines()
    shown = (
        _shown(line, is_cut=is_cut and number == len(lines))
        for number, line in enumerate(lines[: 4 * LINES], start=1)
    )
    return "\n".join([line for line in shown if line][:LINES])


def tail(text: str) -> list[str]:
    """Return the last lines with words in them, each bounded, and without credentials."""
    lines: list[str] = []
    for line in reversed(text.splitlines()):
        if len(lines) == LINES:
            break
        if shown := _shown(line):
            lines.append(f"  {shown}")
    return lines[::-1]


def _shown(line: str, *, is_cut: bool = False) -> str:
    shown = _printable(line[:SEEN])
    return cleaned(shown, is_cut=is_cut or len(line) > SEEN) if shown else ""


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in _CONTROL.sub(" ", line)).rstrip()


def cleaned(line: str, *, is_cut: bool) -> str:
    """Hide what looks like a credential; what a cut line ends in may be a user and a password."""
    shown = _BEHIND_SCHEME.sub(_without_user, f"{line}@" if is_cut else line)
    for secret in (_NAMED, _FLAG, _BEARER):
        shown = secret.sub(rf"\1{HIDDEN}", shown)
    shown = _TOKEN.sub(HIDDEN, shown)
    if is_cut:
        shown = f"{shown.removesuffix('@')}…"
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 1]}…"


def _without_user(found: re.Match[str]) -> str:
    """Hide `user:password` up to the last `@`, for passwords hold any character."""
    before, at, host = found[0].rpartition("@")
    user = _USER.search(before + at)
    return f"{before[: user.end()]}{HIDDEN}@{host}" if user is not None else found[0]
