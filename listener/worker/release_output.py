"""The last lines that a failed release phase printed, for a notice.

They are read when the notice is sent, and stored nowhere. A notice may go further than the output
itself, so what looks like a credential is left out.
"""

from __future__ import annotations

import re

from listener.core.release import FAILED
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError
from listener.inventory.context import Context

LINES, WIDTH = 10, 200  # characters of a line
MOST_PIECES = 16  # of 64 KiB, and two seconds each
KEPT = 64 * 1024  # bytes of the end
HIDDEN = "[hidden]"
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\S ]")
_PASSWORD = re.compile(r"(?<=://)[^\s/@]+(?:@[^\s/@]*)*(?=@)")
_NAMED = re.compile(
    r"((?:secret|token|passw(?:or)?d|api[_-]?key|access[_-]?key|credential|authorization)\w*"
    r"[\"']?\s*(?:=>|[=:])\s*)(?:(?:bearer|basic)\s+)?(?:\"[^\"]*\"?|'[^']*'?|\S+)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\b(?:HRKU-|sk_live_|gh[pousr]_|xox[abprs]-|AKIA)[\w-]{8,}")


def last_lines(context: Context, row: PromotionRow) -> list[str]:
    """Return what a notice says of the output; empty where none failed, or none can be read."""
    if row.target_release_id is None or context.is_short_of_calls:
        return []
    try:
        release = context.heroku.release(row.target_id, row.target_release_id)
        if release.status != FAILED or release.output_stream_url is None:
            return []
        lines = tail(_end_of(context, release.output_stream_url))
    except HerokuError:
        return []  # the notice names the command that shows it
    return [f"The last lines of v{release.version}'s release phase:", *lines] if lines else []


def _end_of(context: Context, url: str) -> str:
    """Read the output; empty where it is too long to see its end. Raises HerokuError."""
    kept, offset = b"", 0
    for _ in range(MOST_PIECES):
        piece = context.heroku.output(url, offset)
        kept = (kept + piece.content)[-KEPT:]
        offset = piece.start + len(piece.content)
        if piece.is_end or not piece.content:
            return kept.decode(errors="replace")
    return ""


def tail(text: str) -> list[str]:
    """Return the last lines with words in them, each bounded, and without credentials."""
    lines = (_cleaned(line) for line in text.splitlines())
    return [f"  {line}" for line in [line for line in lines if line.strip()][-LINES:]]


def _cleaned(line: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in _CONTROL.sub(" ", line)).rstrip()
    for secret, put in ((_PASSWORD, HIDDEN), (_NAMED, rf"\1{HIDDEN}"), (_TOKEN, HIDDEN)):
        shown = secret.sub(put, shown)
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 1]}…"
