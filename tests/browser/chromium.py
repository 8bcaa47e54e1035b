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
    """Return the program: the one that CHROMIUM names, else the first known one on the PATH."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, (named,) if named else NAMES)), None)
