"""Whether apprise can read the URLs of AUTOPROMOTE_NOTIFY: a check for the release phase.

It loads all of apprise, so it is for a process that ends soon.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from difflib import get_close_matches

from listener import notifier

NAME = "AUTOPROMOTE_NOTIFY"


def faults(urls: Iterable[str]) -> list[str]:
    """Return a sentence for each URL by which nobody would be told; nobody is asked."""
    return [f"{NAME} is malformed: {fault}" for url in urls if (fault := _fault(url)) is not None]


def _fault(url: str) -> str | None:
    import apprise  # noqa: PLC0415 - half a second of imports, where something is set

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its log lines name the URLs
    if apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None:
        return None
    shown = notifier.shown(url)
    scheme = shown.removesuffix("://…")
    known = apprise.NotificationManager().schemas()  # type: ignore[no-untyped-call]
    if scheme in known or scheme in ("http", "https"):
        return f"apprise cannot read that {shown}; see its wiki for how it is made."
    near = get_close_matches(scheme, sorted(known), n=1)
    meant = f" Did you mean {near[0]}://?" if near else ""
    words = ", ".join((*notifier.FIXED, *notifier.BY_US, "mailto"))
    return f"apprise knows no {shown}.{meant} It knows {words} and what its wiki lists."
