"""Where Heroku and the listener are, and which addresses may be trusted with a token."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from autopromote.errors import Misuse

HEROKU = "heroku.com"
HEROKU_DOMAINS = (HEROKU, "herokai.com", "herokuspace.com", "herokudev.com")
HEROKU_LOOPBACK = ("localhost", "127.0.0.1")  # the official CLI knows no other
ODD = re.compile(r"[\s\\%]")  # read in different ways by different programs
LONGEST_LABEL = 63
CALLBACK = "/login/callback"  # of every listener, below its URL
DEFAULT_PORTS = {"https": 443, "http": 80}


def heroku_url(env: Mapping[str, str]) -> str:
    """Return where Heroku's API is: `HEROKU_API_URL`, else what its CLI makes of `HEROKU_HOST`."""
    if url := env.get("HEROKU_API_URL"):
        return trusted_url(url, name="HEROKU_API_URL")
    return url_of_host(env.get("HEROKU_HOST") or HEROKU)


def url_of_host(host: str) -> str:
    """Return the API's URL for a `HEROKU_HOST`.

    Where the Heroku CLI would warn and turn to api.heroku.com, or send no token, we stop instead.
    """
    url = split(host if host.startswith("http") else f"https://api.{host}")
    if not is_herokus(url):
        raise Misuse(
            f"HEROKU_HOST {host} is not one the Heroku CLI accepts, so no token is sent there."
            " Unset it, or run the autopromote program itself with HEROKU_API_URL, the API's full"
            " URL."
        )
    return f"{url.scheme}://{url.netloc}"


def is_herokus(url: SplitResult) -> bool:
    """Return whether the Heroku CLI would send its token to this URL, and safely."""
    if url.username is not None or not is_sound(url):
        return False
    if url.hostname in HEROKU_LOOPBACK:
        return url.scheme in DEFAULT_PORTS
    return url.scheme == "https" and any(
        (url.hostname or "").endswith(f".{domain}") for domain in HEROKU_DOMAINS
    )


def cli_host(api_url: str) -> str | None:
    """Return the `HEROKU_HOST` by which the Heroku CLI uses this API; None where it never would."""
    url = split(api_url)
    return api_url if is_herokus(url) and not url.path.strip("/") else None


def git_prefixes(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return how the URLs of Heroku's git remotes begin."""
    host = env.get("HEROKU_HOST") or HEROKU
    full = split(host).netloc if host.startswith("http") else ""
    ssh = env.get("HEROKU_GIT_HOST") or full or host
    https = env.get("HEROKU_GIT_HOST") or full or f"git.{host}"
    return f"git@{ssh}:", f"ssh://git@{ssh}/", f"https://{https}/"


def trusted_url(text: str, *, name: str) -> str:
    """Return the URL in its one spelling, if it may be sent a token: https, or this machine."""
    url = split(text.strip())
    if url.scheme not in DEFAULT_PORTS or not url.hostname or not is_sound(url):
        raise Misuse(
            f"{name} is not a URL: {text}. Write it like https://example-app.herokuapp.com."
        )
    if url.username is not None or url.query or url.fragment:
        raise Misuse(
            f"{name} may hold a host and a path, and no user, password, query or fragment."
        )
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise Misuse(f"{name} must be https, so that nobody on the way reads the token: {text}")
    return spell(url)


def spell(url: SplitResult) -> str:
    """Return the URL in the one spelling in which two URLs can be compared."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    port = "" if url.port in (None, DEFAULT_PORTS.get(url.scheme)) else f":{url.port}"
    return f"{url.scheme}://{host}{port}{url.path.rstrip('/')}"


def is_home(redirect_uri: str, url: str) -> bool:
    """Return whether an OAuth client with this address is that of the listener at this URL."""
    home = split(redirect_uri)
    return is_sound(home) and spell(home) == f"{url}{CALLBACK}"


def split(text: str) -> SplitResult:
    """Return the parts of a URL; where it cannot be read, those of none, which is not sound."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def is_sound(url: SplitResult) -> bool:
    """Return whether host and port are unambiguous to every program, and a resolver takes them."""
    try:
        _ = url.port
    except ValueError:
        return False
    labels = (url.hostname or "").removesuffix(".").split(".")
    return not ODD.search(url.netloc) and all(0 < len(label) <= LONGEST_LABEL for label in labels)


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
