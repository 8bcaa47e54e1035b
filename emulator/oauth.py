"""OAuth clients, and the codes by which a user lets one know who he is.

Some of it is a guess: the schema has the shapes, and the source of Heroku's own web login
(github.com/heroku/identity) shows how they are used.
"""

from dataclasses import replace
from datetime import timedelta

from emulator.accounts import has_expired
from emulator.errors import BadRequest, Forbidden, NotFound
from emulator.records import Account, Authorization, Grant, OAuthClient
from emulator.state import State, new_id

GRANT_LIFE = timedelta(seconds=300)
TOKEN_LIFE = timedelta(hours=8)


def create_client(world: State, account: Account, name: str, redirect_uri: str) -> OAuthClient:
    """Create a client of this account."""
    now = world.now()
    client = OAuthClient(new_id(), account.id, name, redirect_uri, new_id(), now, now)
    world.oauth_clients[client.id] = client
    return client


def get_client(world: State, client_id: str) -> OAuthClient:
    """Return the client. Raises BadRequest, as Heroku's login knows it."""
    if client := world.oauth_clients.get(client_id):
        return client
    raise BadRequest("Unknown OAuth client.")


def own_client(world: State, account: Account, client_id: str) -> OAuthClient:
    """Return the client, if it is this account's. Raises NotFound."""
    client = world.oauth_clients.get(client_id)
    if client is None or client.account_id != account.id:
        raise NotFound("client")
    return client


def remove_client(world: State, client: OAuthClient) -> None:
    """Delete a client, and what users let it do."""
    del world.oauth_clients[client.id]
    for id in [each.id for each in world.authorizations.values() if each.client_id == client.id]:
        del world.authorizations[id]


def allow(
    world: State, account: Account, client: OAuthClient, *, scopes: tuple[str, ...]
) -> Authorization:
    """Let a client do this in the account's name; its grant's code is good once, for minutes."""
    now = world.now()
    authorization = Authorization(
        id=new_id(),
        account_id=account.id,
        token="",
        access_id=new_id(),
        scopes=scopes,
        description=client.name,
        created_at=now,
        expires_at=now + GRANT_LIFE,
        client_id=client.id,
        grant=Grant(new_id(), new_id()),
    )
    world.authorizations[authorization.id] = authorization
    return authorization


def redeem(world: State, code: str, secret: str) -> tuple[Authorization, Grant]:
    """Make the tokens that a code is for, if its client's secret comes along; it is used then.

    Raises Forbidden where the code is another client's, was used, or has expired.
    """
    for each in world.authorizations.values():
        client = world.oauth_clients.get(each.client_id or "")
        if each.grant and each.grant.code == code and client and client.secret == secret:
            return _redeemed(world, each, each.grant)
    raise Forbidden("Invalid OAuth grant.")


def _redeemed(
    world: State, authorization: Authorization, grant: Grant
) -> tuple[Authorization, Grant]:
    now = world.now()
    if has_expired(authorization, now):
        raise Forbidden("Expired OAuth grant.")
    token = f"HRKU-{new_id()}"
    done = replace(authorization, token=token, grant=None, expires_at=now + TOKEN_LIFE)
    world.authorizations[done.id] = done
    return done, grant
