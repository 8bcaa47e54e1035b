"""OAuth clients, and the tokens that they redeem codes for."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, jsonify
from flask.typing import ResponseReturnValue

from emulator import oauth
from emulator.api.body import optional_text_of, read_known, text_of
from emulator.api.caller import account, authorization, world
from emulator.api.lists import answer_list
from emulator.errors import InvalidParams, NotFound
from emulator.ranges import Key
from emulator.records import Json, OAuthClient
from emulator.shapes import client_shape, tokens_shape
from emulator.state import new_id

bp = Blueprint("oauth", __name__, url_prefix="/oauth")

KEYS: dict[str, Key[OAuthClient]] = {"id": Key(lambda each: each.id)}


@bp.get("/clients")
def clients() -> Response:
    """Return the caller's clients, with their secrets."""
    own = [each for each in world().oauth_clients.values() if each.account_id == account().id]
    return answer_list(own, KEYS, _own)


@bp.post("/clients")
def create_client() -> ResponseReturnValue:
    """Create a client of the caller."""
    body = read_known("name", "redirect_uri")
    made = oauth.create_client(
        world(), account(), text_of(body, "name"), text_of(body, "redirect_uri")
    )
    return jsonify(_own(made)), 201


@bp.get("/clients/<client_id>")
def client_info(client_id: str) -> Response:
    """Return a client; who is not its owner sees no secret."""
    client = world().oauth_clients.get(client_id)
    if client is None:
        raise NotFound("client")
    is_owner = "authorization" in g and client.account_id == account().id
    return jsonify(client_shape(client, is_owner=is_owner))


@bp.patch("/clients/<client_id>")
def update_client(client_id: str) -> Response:
    """Change the name or the address of a client of the caller."""
    client = oauth.own_client(world(), account(), client_id)
    body = read_known("name", "redirect_uri")
    changed = replace(
        client,
        name=optional_text_of(body, "name") or client.name,
        redirect_uri=optional_text_of(body, "redirect_uri") or client.redirect_uri,
        updated_at=world().now(),
    )
    world().oauth_clients[client.id] = changed
    return jsonify(_own(changed))


@bp.post("/clients/<client_id>/actions/rotate-credentials")
def rotate(client_id: str) -> Response:
    """Give a client of the caller another secret."""
    client = oauth.own_client(world(), account(), client_id)
    changed = replace(client, secret=new_id(), updated_at=world().now())
    world().oauth_clients[client.id] = changed
    return jsonify(_own(changed))


@bp.delete("/clients/<client_id>")
def remove_client(client_id: str) -> Response:
    """Delete a client of the caller."""
    client = oauth.own_client(world(), account(), client_id)
    oauth.remove_client(world(), client)
    return jsonify(_own(client))


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    """Redeem a code; whoever has it and the client's secret needs no token."""
    body = read_known("client", "grant", "refresh_token")
    _check_refresh_token(body)
    if (kind := _within(body, "grant", "type")) != "authorization_code":
        raise InvalidParams(f"The emulator knows no grant of the type {kind}.")
    code, secret = _within(body, "grant", "code"), _within(body, "client", "secret")
    done, grant = oauth.redeem(world(), str(code), str(secret))
    return jsonify(tokens_shape(world(), done, grant)), 201


@bp.delete("/tokens/<token_id>")
def revoke(token_id: str) -> Response:
    """End the access token that the caller uses; the answer is a guess."""
    own = authorization()
    if own.access_id != token_id or own.client_id is None:
        raise NotFound("token")
    del world().authorizations[own.id]
    return jsonify({"id": token_id})


def _own(client: OAuthClient) -> Json:
    return client_shape(client, is_owner=True)


def _within(body: Json, name: str, key: str) -> Any:
    found = body.get(name)
    if not isinstance(found, dict):
        raise InvalidParams(f"Require params: {name}.")
    return found.get(key)


def _check_refresh_token(body: Json) -> None:
    """Take the key as the schema does, or as one would think; tests say which."""
    wanted = world().demands.refresh_token
    if wanted == "required" and "refresh_token" not in body:
        raise InvalidParams("Require params: refresh_token.")
    if wanted == "refused" and "refresh_token" in body:
        raise InvalidParams('Invalid type for key "refresh_token.token": expected ["string"].')
