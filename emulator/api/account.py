"""The caller's account, its request budget and its tokens."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import accounts, oauth, scopes
from emulator.api.body import id_in, optional_text_of, read_known
from emulator.api.caller import account, world
from emulator.api.lists import answer_list
from emulator.errors import InvalidParams, NotFound
from emulator.ranges import Key
from emulator.records import Authorization, Json, OAuthClient
from emulator.shapes import account_shape, authorization_shape

bp = Blueprint("account", __name__)

KEYS: dict[str, Key[Authorization]] = {"id": Key(lambda each: each.id)}


@bp.get("/account")
@bp.get("/users/~")
def info() -> Response:
    """Return the caller's account."""
    return jsonify(account_shape(account()))


@bp.get("/account/rate-limits")
def rate_limits() -> Response:
    """Return how many requests are left; this request itself is free."""
    return jsonify({"remaining": world().rates.remaining(account().id)})


@bp.get("/oauth/authorizations")
def authorizations() -> Response:
    """Return the caller's tokens, masked."""
    own = [each for each in world().authorizations.values() if each.account_id == account().id]
    return answer_list(own, KEYS, _masked)


@bp.post("/oauth/authorizations")
def authorize() -> ResponseReturnValue:
    """Create a token for the caller, or a grant for a client."""
    body = read_known("client", "description", "expires_in", "scope")
    if body.get("client") is not None:
        made = oauth.allow(world(), account(), _client(body), scopes=_scopes(body))
        return jsonify(authorization_shape(world(), made, is_new=True)), 201
    made = accounts.authorize(
        world(),
        account(),
        scopes=_scopes(body),
        description=optional_text_of(body, "description") or "",
        expires_in=_seconds(body),
    )
    return jsonify(authorization_shape(world(), made, is_new=True)), 201


@bp.get("/oauth/authorizations/<authorization_id>")
def authorization_info(authorization_id: str) -> Response:
    """Return one of the caller's tokens, masked."""
    return jsonify(_masked(_own(authorization_id)))


@bp.delete("/oauth/authorizations/<authorization_id>")
def revoke(authorization_id: str) -> Response:
    """Delete one of the caller's tokens."""
    gone = _own(authorization_id)
    del world().authorizations[gone.id]
    return jsonify(_masked(gone))


def _own(authorization_id: str) -> Authorization:
    found = world().authorizations.get(authorization_id)
    if found is None or found.account_id != account().id:
        raise NotFound("authorization")
    return found


def _masked(authorization: Authorization) -> Json:
    return authorization_shape(world(), authorization, is_new=False)


def _client(body: Json) -> OAuthClient:
    """Return the client of a body: by its id as the schema says, or as Heroku's login asks."""
    said, wanted = body["client"], world().demands.client
    form = "object" if isinstance(said, dict) else "string"
    if wanted not in (None, form):
        raise InvalidParams(f'Invalid type for key "client": expected it to be ["{wanted}"].')
    return oauth.get_client(world(), id_in(body, "client") if form == "object" else str(said))


def _scopes(body: Json) -> tuple[str, ...]:
    wanted = body.get("scope")
    if not isinstance(wanted, list) or not wanted or not scopes.KNOWN.issuperset(map(str, wanted)):
        raise InvalidParams(f"Scope must be a list of {', '.join(sorted(scopes.KNOWN))}.")
    return tuple(wanted)


def _seconds(body: Json) -> int | None:
    seconds = body.get("expires_in")
    if seconds is None:
        return None
    # The Heroku CLI sends the number as the text that was typed.
    if not str(seconds).isdigit() or int(seconds) < 1:
        raise InvalidParams("Expires in must be a number of seconds.")
    return int(seconds)
