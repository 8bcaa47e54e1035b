"""The checks before every view of the Platform API, and the headers after it."""

import hashlib
import re

from flask import Flask, Response, g, request

from emulator import accounts, scopes
from emulator.api.caller import world
from emulator.errors import Forbidden, MissingVersion, RateLimited
from emulator.github.state import PREFIX

VERSION_3 = re.compile(r"application/vnd\.heroku\+json;\s*version=3(\.[\w.-]+)?\s*(,.*|;.*)?")
OUT_OF_SCOPE = "The scope of this OAuth authorization does not allow access to this resource."
OUT_OF_REQUESTS = (
    "Your account reached the API rate limit\nPlease wait a few minutes before making new requests"
)
OPEN = ("/_emulator/", "/streams/", "/oauth/authorize/", f"{PREFIX}/")
# The pages of GitHub.
PAGES = re.compile(r"/[^/]+/[^/]+/(commit|compare|deployments|pull|runs)(/.*)?")
# What nobody needs a token for; one that comes along is read nevertheless.
TOKENLESS = re.compile(r"GET /oauth/clients/[^/]+|POST /oauth/tokens")
METRICS = "/_metrics/"  # a host of its own at Heroku, which needs no version
FREE = "/account/rate-limits"
# The headers that every recorded answer had, refusals included.
RECORDED = {
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization,Accept-Encoding",
    "Via": "1.1 spaces-router (0123456789ab), 2.0 spaces-router (0123456789ab)",
    "X-Content-Type-Options": "nosniff",
    "X-Runtime": "0.01",
}


def register(app: Flask) -> None:
    """Run the gate before and after every view."""
    app.before_request(enter)
    app.after_request(leave)


def is_open() -> bool:
    """Return whether Heroku's gate is open: control, release output, web login, and GitHub."""
    return f"{request.path}/".startswith(OPEN) or PAGES.fullmatch(request.path) is not None


def enter() -> None:
    """Check the version, the token, the rate limit and the scope.

    Raises MissingVersion, Unauthorized, RateLimited or Forbidden.
    """
    if is_open():
        return
    if not request.path.startswith(METRICS) and not VERSION_3.fullmatch(
        request.headers.get("Accept", "")
    ):
        raise MissingVersion(
            "Please specify a version along with Heroku's API MIME type. "
            "For example, `Accept: application/vnd.heroku+json; version=3`.\n"
        )
    header = request.headers.get("Authorization", "")
    if not header and TOKENLESS.fullmatch(f"{request.method} {request.path}"):
        return
    g.authorization = accounts.identify(world(), header)
    account_id = g.authorization.account_id
    if request.path != FREE and not world().rates.spend(account_id):
        raise RateLimited(OUT_OF_REQUESTS)
    if not scopes.needed(request.method, request.path).intersection(g.authorization.scopes):
        raise Forbidden(OUT_OF_SCOPE)


def leave(response: Response) -> Response:
    """Add Heroku's headers to every answer; answer 304 if the caller already has the body."""
    if "authorization" in g:
        _tell_limits(response)
    if is_open():
        return response
    response.set_etag(hashlib.md5(response.get_data(), usedforsecurity=False).hexdigest())
    if request.method == "GET" and response.status_code in (200, 206):
        response.make_conditional(request)
    for name, value in RECORDED.items():
        response.headers[name] = value
    response.last_modified = world().now()
    return response


def _tell_limits(response: Response) -> None:
    needed = scopes.needed(request.method, request.path)
    left = world().rates.remaining(g.authorization.account_id)
    response.headers["RateLimit-Remaining"] = str(left)
    response.headers["RateLimit-Multiplier"] = "1"
    response.headers["Oauth-Scope"] = " ".join(g.authorization.scopes)
    response.headers["Oauth-Scope-Accepted"] = " ".join(sorted(needed))
