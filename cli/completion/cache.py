"""Names that the listener knows, kept for as long as somebody types one command."""

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
    """Return where such files are, by the XDG rules."""
    configured = Path(env.get("XDG_CACHE_HOME", ""))
    home = Path(env.get("HOME") or Path.home())
    return (configured if configured.is_absolute() else home / ".cache") / "autopromote"


class Cache:
    """One file, for its owner alone; of one listener and one person at a time."""

    def __init__(self, env: Mapping[str, str], whose: str = "") -> None:
        self.path = directory(env) / FILE
        self._whose = sha256(whose.encode()).hexdigest()  # there is a token in it

    def find(self, kind: str) -> list[Candidate] | None:
        """Return the names of one kind; None where there are none of a moment ago."""
        try:
            kept = self._read()[kind]
            is_fresh = 0 <= time.time() - kept["at"] < SECONDS
            return (
                [(str(name), str(meaning)) for name, meaning in kept["names"]] if is_fresh else None
            )
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def keep(self, kind: str, names: list[Candidate]) -> None:
        """Write the names down; where that is not possible, they are asked for again."""
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
        """Remove all of it."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            return

    def _read(self) -> dict[str, Any]:
        kept = json.loads(self.path.read_text(encoding="utf-8"))
        return dict(kept["kinds"]) if kept["whose"] == self._whose else {}
