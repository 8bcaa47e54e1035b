"""Finds the browser of this machine; nothing is downloaded."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "no Chromium is here: install one (Debian: apt-get install chromium),"
    " or say where it is by CHROMIUM=/path/of/it"
)
# Root's Chromium starts in no sandbox; it meets nothing here but our own pages.
FLAGS = ("--no-sandbox",) if os.geteuid() == 0 else ()


def find() -> str | None:
    """Return the program: what CHROMIUM says, else the first known name on the PATH."""
    return next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM") or "", *NAMES))), None)
