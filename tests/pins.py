"""Asks OSV whether a pinned version has a known fault that a newer one mends; never fails offline.

`python -m tests.pins [FILE…]` ends with 1 only where somebody can do something: a fix is out.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from packaging.version import Version

SERVICE = os.environ.get("OSV_URL") or "https://api.osv.dev"
PATIENCE_SECONDS = 20.0  # for all its answers together
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-pages.txt")


class Pin(NamedTuple):
    """A package in one version."""

    name: str
    version: str


class Fault(NamedTuple):
    """A known fault of a pin, and the versions that mend it."""

    pin: Pin
    id: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.fixed_in)}" if self.fixed_in else "not mended yet"
        return f"{self.pin.name} {self.pin.version}: {self.id}, {mended}"


def pins(files: Sequence[str]) -> list[Pin]:
    """Return what requirement files pin, each once."""
    text = "\n".join(Path(file).read_text() for file in files)
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return sorted({Pin(*one) for one in found})


def faults(pinned: Sequence[Pin]) -> Iterator[Fault]:
    """Ask for the known faults of each pin. Raises OSError, HTTPException, ValueError, KeyError."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    asked = [
        {"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version}
        for pin in pinned
    ]
    answers = _ask("/v1/querybatch", ends_at, {"queries": asked})["results"]
    for pin, answer in zip(pinned, answers, strict=True):
        for known in answer.get("vulns", ()):
            told = _ask(f"/v1/vulns/{known['id']}", ends_at)
            if "withdrawn" not in told:
                yield Fault(pin, known["id"], tuple(_fixes(told, pin)))


def _fixes(told: Any, pin: Pin) -> Iterator[str]:
    for affected in told.get("affected", ()):
        if affected.get("package", {}).get("name", "").lower() != pin.name.lower():
            continue
        for known in affected.get("ranges", ()):
            fixed = [one["fixed"] for one in known["events"] if "fixed" in one]
            if known.get("type") != "GIT":  # those are commits, not versions
                # A fix of an older line is none of this version's.
                yield from (one for one in fixed if Version(one) > Version(pin.version))


def _ask(path: str, ends_at: float, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{SERVICE}{path}", data=data)  # noqa: S310 - the scheme is ours to set
    request.add_header("Content-Type", "application/json")
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("it takes too long")
    with urlopen(request, timeout=left) as answer:  # noqa: S310 - as above
        return json.load(answer)


def main(files: Sequence[str]) -> int:
    """Tell what is known of the pins; return 1 where an update mends something."""
    pinned = pins(files or FILES)
    try:
        found = list(faults(pinned))
    except (OSError, HTTPException, ValueError, KeyError) as error:
        why = getattr(error, "reason", None) or error
        sys.stdout.write(f"not audited: {SERVICE} does not answer ({why})\n")
        return 0
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(pinned)} pins audited by {SERVICE}: {len(found)} known faults\n")
    return int(any(fault.fixed_in for fault in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
