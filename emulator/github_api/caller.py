"""The caller of the current request, what it may, and the repository that it names."""

from collections.abc import Mapping
from typing import Any

from flask import g, request

from emulator import repositories
from emulator.api.caller import world
from emulator.errors import NotFound
from emulator.github.errors import Refused, not_found, unreadable
from emulator.github.records import Token
from emulator.github_api.shapes import number_of
from emulator.records import Commit, Repository


def find_token(header: str) -> Token | None:
    """Return the token of an Authorization header; None without one. Raises Refused."""
    if not header.strip():
        return None
    token = world().github.find_token(header)
    if token is None:
        raise Refused(401, "Bad credentials")
    if token.expires_at is not None and token.expires_at <= world().now():
        raise Refused(401, "Bad credentials")
    return token


def token() -> Token | None:
    """Return the token of this request."""
    found: Token | None = g.github_token
    return found


def login() -> str:
    """Return whoever asks."""
    known = token()
    return known.login if known else ""


def get_repository(owner: str, name: str, permission: str, level: str = "read") -> Repository:
    """Return the repository, if the token is for it and has the permission. Raises Refused."""
    full_name = f"{owner}/{name}".lower()
    known = token()
    if full_name in world().github.moved:
        raise moved(world().github.moved[full_name])
    every = world().repositories.values()
    found = next((each for each in every if each.full_name.lower() == full_name), None)
    if found is None or known is None or not known.reaches(found.full_name):
        raise not_found()
    if not known.may(permission, level):
        raise forbidden(known, f"{permission}={level}")
    return found


def moved(full_name: str) -> Refused:
    """Return the answer for the old name of a repository."""
    url = f"{world().github_url}/repositories/{number_of(full_name)}"
    return Refused(301, "Moved Permanently", more={"url": url}, headers={"Location": url})


def forbidden(known: Token, needed: str) -> Refused:
    """Return the refusal of a token that lacks a permission."""
    kind = "personal access token" if known.installation_id is None else "integration"
    return Refused(
        403,
        f"Resource not accessible by {kind}",
        headers={"X-Accepted-GitHub-Permissions": needed},
    )


def find_commit(repository: Repository, ref: str) -> Commit | None:
    """Return the commit of a branch, a SHA or the start of one, or None."""
    try:
        return repositories.find_commit(repository, ref.removeprefix("refs/heads/"))
    except NotFound:
        return None


def get_commit(repository: Repository, ref: str) -> Commit:
    """Return the commit of a ref. Raises Refused, as the routes of one commit do."""
    found = find_commit(repository, ref)
    if found is None:
        raise Refused(422, f"No commit found for SHA: {ref}")
    return found


def body() -> Mapping[str, Any]:
    """Return the object in the body; an empty one without a body. Raises Refused."""
    if not request.get_data(cache=True):
        return {}
    read = request.get_json(force=True, silent=True)
    if not isinstance(read, dict):
        raise Refused(400, "Problems parsing JSON")
    return read


def text_in(told: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a string of the body. Raises Refused."""
    value = told.get(name, default)
    if value is None:
        raise unreadable(f'"{name}" wasn\'t supplied.')
    if not isinstance(value, str):
        raise unreadable(f"For 'properties/{name}', {value!r} is not a string.")
    return value


def flag_in(told: Mapping[str, Any], name: str, default: bool) -> bool:
    """Return a boolean of the body. Raises Refused."""
    value = told.get(name, default)
    if not isinstance(value, bool):
        raise unreadable(f"For 'properties/{name}', {value!r} is not a boolean.")
    return value
