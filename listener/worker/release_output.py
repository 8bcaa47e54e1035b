"""The last lines that a failed release phase printed, for a notice.

They are read when the notice is sent, and stored nowhere. A notice may go further than the output
itself, so what looks like a credential is left out. Whoever deploys writes the output: however it
is made, it costs a bounded time to read and to clean.
"""

from __future__ import annotations

import re
import time

from listener.core.release import FAILED
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError
from listener.inventory.context import Context

LINES, WIDTH = 10, 200  # characters of a line
SEEN = 2000  # characters of a line that are looked at
MOST_PIECES = 16  # of 64 KiB, and two seconds each
MOST_SECONDS = 10.0  # less than a lease
KEPT = 64 * 1024  # bytes of the end
HIDDEN = "[hidden]"
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


def last_lines(context: Context, row: PromotionRow) -> list[str]:
    """Return what a notice says of the output; empty where none failed, or none can be read.

    It takes as long as one look at Heroku, and MOST_SECONDS with one piece more.
    """
    if row.target_release_id is None or context.is_short_of_calls:
        return []
    until = time.monotonic() + MOST_SECONDS
    try:
        release = context.heroku.release(row.target_id, row.target_release_id)
        if release.status != FAILED or release.output_stream_url is None:
            return []
        lines = tail(_end_of(context, release.output_stream_url, until))
    except HerokuError:
        return []  # the notice names the command that shows it
    return [f"The last lines of v{release.version}'s release phase:", *lines] if lines else []


def _end_of(context: Context, url: str, until: float) -> str:
    """Read the output; empty where it is too long or too slow to see its end. Raises HerokuError.

    What is kept begins with a line: a value whose name is cut off would not look like a secret.
    """
    kept, offset, is_cut = b"", 0, False
    for _ in range(MOST_PIECES):
        if time.monotonic() >= until:
            return ""
        piece = context.heroku.output(url, offset)
        kept += piece.content
        is_cut = is_cut or len(kept) > KEPT
        kept = kept[-KEPT:]
        offset = piece.start + len(piece.content)
        if piece.is_end or not piece.content:
            whole = kept.partition(b"\n")[2] if is_cut else kept
            return whole.decode(errors="replace")
    return ""


def tail(text: str) -> list[str]:
    """Return the last lines with words in them, each bounded, and without credentials."""
    lines: list[str] = []
    for line in reversed(text.splitlines()):
        if len(lines) == LINES:
            break
        if shown := _printable(line[:SEEN]):
            lines.append(f"  {cleaned(shown, is_cut=len(line) > SEEN)}")
    return lines[::-1]


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
