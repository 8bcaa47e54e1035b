"""The user's Heroku credential, from where the Heroku CLI keeps it."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from autopromote.errors import Failure
from autopromote.hosts import HEROKU, cli_host
from autopromote.netrc import password_of

CLI_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Credential:
    """A Heroku token, and where it was found."""

    token: str = field(repr=False)
    origin: str


def get_credential(env: Mapping[str, str], api_url: str) -> Credential:
    """Return the credential for it: `HEROKU_API_KEY`, else netrc, else `heroku auth:token`."""
    if found := from_environment(env):
        return found
    netrc = "netrc has none"
    try:
        found = from_netrc(env, api_url)
    except (OSError, UnicodeDecodeError) as error:
        netrc = f"netrc cannot be read ({why(error)})"
    if found := found or from_heroku_cli(env, api_url):
        return found
    raise Failure(
        f"Found no Heroku credential for {api_url}: HEROKU_API_KEY is not set, {netrc},"
        " and `heroku auth:token` gave none.\nRun `heroku login`, or set HEROKU_API_KEY."
    )


def why(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file cannot be read, with none of its words."""
    return error.strerror or "it broke" if isinstance(error, OSError) else "it is not UTF-8"


def from_environment(env: Mapping[str, str]) -> Credential | None:
    """Read `HEROKU_API_KEY`."""
    token = env.get("HEROKU_API_KEY", "").strip()
    return Credential(token, "HEROKU_API_KEY") if token else None


def from_netrc(env: Mapping[str, str], api_url: str) -> Credential | None:
    """Read the password of the API's machine, port included.

    Raises OSError or UnicodeDecodeError where there is a file that cannot be read.
    """
    path = Path(env.get("HOME") or Path.home()) / ".netrc"
    try:
        password = password_of(path.read_text(encoding="utf-8"), urlsplit(api_url).netloc)
    except FileNotFoundError:
        return None
    return Credential(password, str(path)) if password else None


def from_heroku_cli(env: Mapping[str, str], api_url: str) -> Credential | None:
    """Ask the Heroku CLI, which may keep its token in the system's keychain.

    It is told which Heroku we mean, so that one Heroku's token never goes to another.
    """
    program, host = shutil.which("heroku", path=env.get("PATH")), cli_host(api_url)
    if program is None or host is None:
        return None

    host = HEROKU if host == f"https://api.{HEROKU}" else host
    try:
        answer = subprocess.run(
            [program, "auth:token"],
            env={**env, "HEROKU_HOST": host},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLI_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    token = answer.stdout.strip()
    return Credential(token, "heroku auth:token") if token else None
