"""Finds the browser of this machine; nothing is downloaded. Run, it tells if there is one."""

from __future__ import annotations

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "no Chromium is here: install one (Debian: apt-get install chromium),"
    " or say where it is by CHROMIUM=/path/of/it"
)
NONE = 3  # the exit code where there is none, and nobody named one
# Root's Chromium starts in no sandbox; it meets nothing here but our own pages.
FLAGS = ("--no-sandbox",) if os.geteuid() == 0 else ()


def named() -> str | None:
    """Return what CHROMIUM names; that browser is meant then, and no other."""
    return os.environ.get("CHROMIUM") or None


def find() -> str | None:
    """Return the program: the one that CHROMIUM names, else the first known one on the PATH."""
    name = named()
    return next(filter(None, map(shutil.which, (name,) if name else NAMES)), None)


def missing() -> str:
    """Return why there is none."""
    name = named()
    return f"CHROMIUM names {name}, and no such program is here" if name else MISSING


def main() -> int:
    """Return 0 where there is a browser; else say why not: 1 if one is named, or NONE."""
    if find() is not None:
        return 0
    sys.stderr.write(f"The pages are not tried: {missing()}.\n")
    return 1 if named() else NONE


if __name__ == "__main__":
    sys.exit(main())
