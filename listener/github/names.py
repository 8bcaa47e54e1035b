"""What may become part of a path, and where GitHub's API is."""

from __future__ import annotations

import re

import httpx

from listener.github.errors import Refused
from listener.outbound.address import checked_url, is_on_loopback, read_url

URL = "https://api.github.com"
# An owner managed by an enterprise has an underscore in the name.
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{7,64}", re.ASCII)


def is_repo(text: str) -> bool:
    """Return whether it may be a repository's name, like acme/shop."""
    return _REPO.fullmatch(text) is not None and text.rpartition("/")[2] not in {".", ".."}


def checked_repo(repo: str) -> str:
    """Return the name if it fits a path; else raise Refused, as a 404 of GitHub's."""
    if is_repo(repo):
        return repo
    raise Refused("That is not the name of a repository, like acme/shop.", status=404)


def is_sha(text: str) -> bool:
    """Return whether it may be a commit's SHA, or its first 7 characters or more."""
    return _SHA.fullmatch(text) is not None


def checked_sha(sha: str) -> str:
    """Return the SHA if it is one; else raise Refused, as a 422 of GitHub's."""
    if is_sha(sha):
        return sha
    raise Refused("That is not the SHA of a commit.", status=422)


def api_url(text: str) -> str:
    """Return where a GitHub's API is, for the address of the API or of the web. Raises ValueError.

    It must be https, or http on this machine.
    """
    url = checked_url(text, of="GitHub")
    parts = read_url(url)
    if parts.path.strip("/") or parts.host.startswith("api.") or is_on_loopback(url):
        return url
    if parts.host in {"github.com", "www.github.com"}:
        return URL
    if parts.host.endswith(".ghe.com"):  # GitHub Enterprise Cloud with data residency
        return str(parts.copy_with(host=f"api.{parts.host}")).rstrip("/")
    return f"{url}/api/v3"  # GitHub Enterprise Server


def is_link(url: str, api: str) -> bool:
    """Return whether a link leads to the web of the GitHub whose API is there, by https.

    It may be http where the API is on this machine.
    """
    try:
        parts, own = read_url(url), read_url(api)
    except httpx.InvalidURL:
        return False
    of_cloud = own.host == "api.github.com" or own.host.endswith(".ghe.com")
    host = own.host.removeprefix("api.") if of_cloud else own.host
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_on_loopback(api))
    return is_safe and not parts.userinfo and (parts.host, parts.port) == (host, own.port)
