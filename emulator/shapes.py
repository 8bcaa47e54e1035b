"""JSON in the form of Heroku's schema: apps, releases, slugs, accounts."""

import hashlib
from datetime import datetime
from uuid import NAMESPACE_DNS, uuid5

from emulator import slugs
from emulator.records import (
    FIR,
    Account,
    App,
    Authorization,
    Grant,
    Json,
    OAuthClient,
    Release,
    Slug,
)
from emulator.state import State, new_id
from emulator.times import stamp

REFRESH = 2592000  # seconds that a refresh token lives


def named(kind: str, name: str) -> Json:
    """Return the reference to a stack, region, generation or plan; its id follows from its name."""
    return {"id": str(uuid5(NAMESPACE_DNS, f"{name}.{kind}.heroku.com")), "name": name}


def person(world: State, account_id: str) -> Json:
    """Return the reference to an account."""
    account = world.accounts[account_id]
    return {"id": account.id, "email": account.email}


def app_reference(app: App) -> Json:
    """Return the reference to an app."""
    return {"id": app.id, "name": app.name}


def app_shape(world: State, app: App, *, is_sdk: bool = False) -> Json:
    """Return an app; in the sdk variant of the API, `generation` is a string."""
    history = world.releases[app.id]
    has_code = bool(history) and history[-1].slug_id is not None
    return {
        "acm": False,
        "archived_at": None,
        "buildpack_provided_description": "Python" if has_code else None,
        "build_stack": named("stack", app.build_stack),
        "created_at": stamp(app.created_at),
        "generation": app.generation if is_sdk else named("generation", app.generation),
        "git_url": f"https://git.heroku.com/{app.name}.git",
        "id": app.id,
        "internal_routing": None,
        "maintenance": False,
        "name": app.name,
        "owner": person(world, app.owner_id),
        "organization": None,
        "team": None,
        "region": named("region", "us"),
        "released_at": stamp(history[-1].created_at) if history else None,
        "repo_size": 1024 if has_code else None,
        "slug_size": 2048 if has_code else None,
        "space": None,
        "stack": named("stack", running_stack(world, app)),
        "updated_at": stamp(app.updated_at),
        "web_url": f"https://{_own_host(app)}/",
    }


def _own_host(app: App) -> str:
    return f"{app.name}-{hashlib.sha256(app.id.encode()).hexdigest()[:12]}.herokuapp.com"


def domain_shapes(app: App) -> list[Json]:
    """Return the app's domains: Heroku's own, and its custom ones."""
    return [
        {
            "acm_status": None,
            "acm_status_reason": None,
            "app": app_reference(app),
            "cname": None if kind == "heroku" else f"{hostname}.herokudns.com",
            "created_at": stamp(app.created_at),
            "hostname": hostname,
            "id": named("domain", hostname)["id"],
            "kind": kind,
            "sni_endpoint": None,
            "status": "none" if kind == "heroku" else "succeeded",
            "updated_at": stamp(app.created_at),
        }
        for kind, hostname in (("heroku", _own_host(app)), *(("custom", h) for h in app.domains))
    ]


def running_stack(world: State, app: App) -> str:
    """Return the stack of the code that runs, else that of the next build."""
    current = world.find_current(app)
    slug = world.slugs.get((current.slug_id if current else None) or "")
    return slug.stack if slug else app.build_stack


def buildpack_shapes(app: App) -> list[Json]:
    """Return the chosen buildpacks in build order; none for a Fir app."""
    if app.generation == FIR:
        return []
    return [
        {"ordinal": ordinal, "buildpack": {"url": _buildpack_url(name), "name": name}}
        for ordinal, name in enumerate(app.buildpacks)
    ]


def _buildpack_url(name: str) -> str:
    is_official = name.startswith("heroku/")
    return f"urn:buildpack:{name}" if is_official else name


def release_shape(world: State, release: Release, *, is_sdk: bool = False) -> Json:
    """Return a release; the sdk variant adds the OCI image."""
    slug = world.slugs.get(release.slug_id or "")
    shape = {
        "addon_plan_names": list(release.addon_plans),
        "artifacts": [{"type": slug.type, "id": slug.id}] if slug else [],
        "app": app_reference(world.apps[release.app_id]),
        "created_at": stamp(release.created_at),
        "description": release.description,
        "id": release.id,
        "updated_at": stamp(release.updated_at),
        "slug": _only(slug, "slug"),
        "status": release.status,
        "user": person(world, release.user_id),
        "version": release.version,
        "current": release.is_current,
        "output_stream_url": stream_url(world, release),
        "eligible_for_rollback": slugs.is_eligible(world, release),
    }
    return shape | {"oci_image": _only(slug, "oci-image")} if is_sdk else shape


def _only(slug: Slug | None, type: str) -> Json | None:
    return {"id": slug.id} if slug is not None and slug.type == type else None


def stream_url(world: State, release: Release) -> str | None:
    """Return the URL of the release phase's output, or None; it is open to all who know it."""
    return f"{world.url}/streams/{release.stream_id}" if release.stream_id else None


def slug_shape(slug: Slug) -> Json:
    """Return a slug."""
    return {
        "blob": {"method": "get", "url": f"https://slugs.example.com/{slug.id}.tgz?signed"},
        "buildpack_provided_description": "Python",
        "checksum": f"SHA256:{hashlib.sha256(slug.id.encode()).hexdigest()}",
        "commit": slug.commit,
        "commit_description": slug.commit_description,
        "created_at": stamp(slug.created_at),
        "id": slug.id,
        "process_types": {name: f"./bin/{name} --port $PORT" for name in slug.process_types},
        "size": 2048,
        "stack": named("stack", slug.stack),
        "updated_at": stamp(slug.deleted_at or slug.created_at),
        "deleted_at": stamp(slug.deleted_at) if slug.deleted_at else None,
    }


def image_shape(slug: Slug) -> Json:
    """Return an OCI image."""
    return {
        "id": slug.id,
        "base_image_name": "heroku/heroku:24-cnb",
        "base_top_layer": f"sha256:{hashlib.sha256(slug.stack.encode()).hexdigest()}",
        "commit": slug.commit,
        "commit_description": slug.commit_description,
        "image_repo": f"registry.example.com/{slug.app_id}",
        "digest": f"sha256:{hashlib.sha256(slug.id.encode()).hexdigest()}",
        "stack": named("stack", slug.stack),
        "process_types": {},
        "buildpacks": [
            {"id": name, "version": "2.0.0", "homepage": f"https://github.com/{name}"}
            for name in slug.buildpacks
        ],
        "created_at": stamp(slug.created_at),
        "updated_at": stamp(slug.deleted_at or slug.created_at),
        "architecture": "arm64",
        "deleted_at": stamp(slug.deleted_at) if slug.deleted_at else None,
    }


def account_shape(account: Account) -> Json:
    """Return an account."""
    return {
        "allow_tracking": True,
        "beta": False,
        "created_at": stamp(account.created_at),
        "email": account.email,
        "federated": False,
        "id": account.id,
        "identity_provider": None,
        "last_login": stamp(account.created_at),
        "name": None,
        "sms_number": None,
        "suspended_at": None,
        "delinquent_at": None,
        "two_factor_authentication": False,
        "updated_at": stamp(account.created_at),
        "verified": True,
        "country_of_residence": None,
        "default_organization": None,
        "default_team": None,
    }


def authorization_shape(world: State, authorization: Authorization, *, is_new: bool) -> Json:
    """Return an authorization; only a new one shows its token, or its grant's code."""
    token = authorization.token if is_new else "*" * len(authorization.token)
    left = _left(world, authorization.expires_at)
    access = {"expires_in": left, "id": authorization.access_id, "token": token}
    client = world.oauth_clients.get(authorization.client_id or "")
    grant = authorization.grant
    code = (grant.code if is_new else "*" * len(grant.code)) if grant else ""
    return {
        "access_token": access if authorization.token else None,
        "client": client
        and {"id": client.id, "name": client.name, "redirect_uri": client.redirect_uri},
        "created_at": stamp(authorization.created_at),
        "description": authorization.description,
        "grant": grant and {"code": code, "expires_in": left, "id": grant.id},
        "id": authorization.id,
        "refresh_token": None,
        "scope": list(authorization.scopes),
        "session": None,
        "updated_at": stamp(authorization.created_at),
        "user": {**person(world, authorization.account_id), "full_name": None},
    }


def _left(world: State, expires_at: datetime | None) -> int | None:
    return int((expires_at - world.now()).total_seconds()) if expires_at else None


def client_shape(client: OAuthClient, *, is_owner: bool) -> Json:
    """Return an OAuth client; only its owner sees the secret."""
    told = {
        "created_at": stamp(client.created_at),
        "id": client.id,
        "ignores_delinquent": False,
        "name": client.name,
        "redirect_uri": client.redirect_uri,
        "updated_at": stamp(client.updated_at),
    }
    return {**told, "secret": client.secret} if is_owner else told


def tokens_shape(world: State, authorization: Authorization, grant: Grant) -> Json:
    """Return the tokens that a grant's code was redeemed for."""
    at = stamp(world.now())
    left = _left(world, authorization.expires_at)
    return {
        "access_token": {
            "expires_in": left,
            "id": authorization.access_id,
            "token": authorization.token,
        },
        "authorization": {"id": authorization.id},
        "client": None,
        "created_at": at,
        "grant": {"code": grant.code, "type": "authorization_code"},
        "id": new_id(),
        "refresh_token": {"expires_in": REFRESH, "id": new_id(), "token": f"HRKU-{new_id()}"},
        "session": {"id": new_id()},
        "updated_at": at,
        "user": {"id": authorization.account_id},
    }
