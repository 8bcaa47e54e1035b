"""The last lines that a failed release phase printed, for a notice.

They are read when the notice is sent, and stored nowhere. A notice may go further than the output
itself, so what looks like a credential is left out. Whoever deploys writes the output: however it
is made, it costs a bounded time to read and to clean.
"""

from __future__ import annotations

import time

from listener.core.hidden import tail
from listener.core.release import FAILED
from listener.db.promotions import PromotionRow
from listener.heroku import HerokuError
from listener.inventory.context import Context

MOST_PIECES = 16  # of 64 KiB, and two seconds each
MOST_SECONDS = 10.0  # less than a lease
KEPT = 64 * 1024  # bytes of the end


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
