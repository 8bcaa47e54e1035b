"""The checks before every view of the fake GitHub, and the headers after it."""

import hashlib

from flask import Blueprint, Response, g, jsonify, request

from emulator.api.caller import world
from emulator.github.errors import LIMITS, Refused, not_found
from emulator.github.rates import MOST
from emulator.github_api import caller

NO_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent "
    "header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required)"
)
FREE = "/rate_limit"
VERSION = "2022-11-28"
# An app proves who it is by a JWT, which these views read themselves.
OF_APPS = ("github.apps.",)


def register(bp: Blueprint) -> None:
    """Run the gate before and after every view of the blueprint, and answer its refusals."""
    bp.before_request(enter)
    bp.after_request(leave)
    bp.register_error_handler(Refused, answer)
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    bp.add_url_rule("/<path:rest>", "nowhere", _nowhere, methods=methods)


def enter() -> None:
    """Check the token and the rate limit. Raises Refused."""
    g.github_token = None
    if not request.headers.get("User-Agent"):
        raise Refused(403, NO_AGENT)
    if (request.endpoint or "").startswith(OF_APPS):
        return
    g.github_token = known = caller.find_token(request.headers.get("Authorization", ""))
    if known and not request.path.endswith(FREE) and not world().github.rates.of(known.login).left:
        raise Refused(
            403,
            f"API rate limit exceeded for {known.login}. If you reach out to GitHub Support for "
            "help, please include the request ID.",
            documentation=LIMITS,
        )


def leave(response: Response) -> Response:
    """Add GitHub's headers; answer 304, which costs nothing, to whoever has the body already."""
    if request.method == "GET" and response.status_code == 200:
        digest = hashlib.sha256(response.get_data()).hexdigest()
        response.set_etag(digest, weak=True)
        response.headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
        response.make_conditional(request)
    response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
    response.headers["X-GitHub-Api-Version-Selected"] = VERSION
    if (known := g.get("github_token")) is not None:
        if response.status_code != 304 and not request.path.endswith(FREE):
            world().github.rates.spend(known.login)
        _tell_limits(response, known.login)
        if known.permissions is None:
            response.headers["X-OAuth-Scopes"] = "repo"
    return response


def answer(refused: Refused) -> Response:
    """Build the answer of one refusal."""
    response = jsonify(refused.body)
    response.status_code = refused.status
    response.headers.update(refused.headers)
    return response


def _tell_limits(response: Response, login: str) -> None:
    budget = world().github.rates.of(login)
    response.headers["X-RateLimit-Limit"] = str(MOST)
    response.headers["X-RateLimit-Remaining"] = str(budget.left)
    response.headers["X-RateLimit-Used"] = str(budget.used)
    response.headers["X-RateLimit-Reset"] = str(int(budget.resets_at.timestamp()))
    response.headers["X-RateLimit-Resource"] = "core"


def _nowhere(rest: str) -> Response:
    raise not_found()
