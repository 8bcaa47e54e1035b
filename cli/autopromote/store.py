"""The login file, which only its owner may read."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autopromote.errors import Failure

FILE = "login.json"


@dataclass(frozen=True, slots=True)
class Login:
    """A listener's token, and the URL that issued it."""

    url: str
    token: str = field(repr=False)
    email: str
    role: str
    expires_at: str | None = None  # logins that older programs wrote do not tell


def directory(env: Mapping[str, str]) -> Path:
    """Return the directory of our files, by the XDG rules."""
    configured = Path(env.get("XDG_CONFIG_HOME", ""))
    home = Path(env.get("HOME") or Path.home())
    return (configured if configured.is_absolute() else home / ".config") / "autopromote"


class Store:
    """Keeps the login between two commands."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE

    def find(self) -> Login | None:
        """Return the login; None if there is none or the file is malformed. Raises Failure."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            return Login(
                url=kept["url"],
                token=kept["token"],
                email=kept["email"],
                role=kept["role"],
                expires_at=kept.get("expires_at"),
            )
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError):
            return None  # a login that cannot be read is had again by logging in
        except OSError as error:
            raise Failure(f"Couldn't read {self.path}: {error.strerror}.") from error

    def save(self, login: Login) -> None:
        """Write the login atomically; others can never read it."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.parent.chmod(0o700)
            self._replace(json.dumps(asdict(login), indent=2) + "\n")
        except OSError as error:
            raise Failure(f"Couldn't write {self.path}: {error.strerror}.") from error

    def _replace(self, text: str) -> None:
        import tempfile

        handle, name = tempfile.mkstemp(
            dir=self.path.parent, prefix=f".{FILE}."
        )  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def forget(self) -> None:
        """Delete the login; it is no error if there is none."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise Failure(f"Couldn't remove {self.path}: {error.strerror}.") from error
