"""A short-lived cache of the names that the listener knows, for the time of typing one command."""

import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

Candidate = tuple[str, str]

FILE = "completion.json"
SECONDS = 30.0


def directory(env: Mapping[str, str]) -> Path:
    """Return the cache directory, by the XDG rules."""
    configured = Path(env.get("XDG_CACHE_HOME", ""))
    home = Path(env.get("HOME") or Path.home())
    return (configured if configured.is_absolute() else home / ".cache") / "autopromote"


class Cache:
    """One file, readable only by its owner, for one listener and one person at a time."""

    def __init__(self, env: Mapping[str, str], whose: str = "") -> None:
        self.path = directory(env) / FILE
        self._whose = sha256(whose.encode()).hexdigest()  # hashed, because it contains a token

    def find(self, kind: str) -> list[Candidate] | None:
        """Return the names of one kind; None if none were written in the last 30 seconds."""
        try:
            kept = self._read()[kind]
            is_fresh = 0 <= time.time() - kept["at"] < SECONDS
            return (
                [(str(name), str(meaning)) for name, meaning in kept["names"]] if is_fresh else None
            )
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def keep(self, kind: str, names: list[Candidate]) -> None:
        """Write the names; if that fails, they are asked for again."""
        import tempfile

        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                others = self._read()
            except (OSError, ValueError, LookupError, TypeError):
                others = {}
            kinds = {**others, kind: {"at": time.time(), "names": names}}
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}.")  # mode 0600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"whose": self._whose, "kinds": kinds}, file)
            Path(name).replace(self.path)
        except OSError:
            return

    def forget(self) -> None:
        """Delete the file."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            return

    def _read(self) -> dict[str, Any]:
        kept = json.loads(self.path.read_text(encoding="utf-8"))
        return dict(kept["kinds"]) if kept["whose"] == self._whose else {}
