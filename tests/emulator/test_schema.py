"""Every answer of every route, held against Heroku's own JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from jsonschema import ValidationError

from emulator.app import create_app
from emulator.world import World
from tests.emulator.callers import Caller, Receiver, make_world, with_apps
from tests.emulator.schema import Schema, blank, schema_path

# Routes that the schema lacks: only seen in the Heroku CLI, or not for JSON.
UNDESCRIBED = {
    ("GET", "/apps/<>/oci-images/<>"),
    ("GET", "/users/~"),
    ("GET", "/users/~/apps"),
    ("GET", "/streams/<>"),
    ("PUT", "/apps/<>/pre-authorizations"),
    # The repositories API and the Metrics API.
    ("GET", "/apps/<>/repo"),
    ("GET", "/pipelines/<>/repo"),
    ("GET", "/repos/<>/<>"),
    ("GET", "/pipelines/<>/repo/compare"),
    ("GET", "/pipelines/<>/repo/branches"),
    ("GET", "/pipelines/<>/repo/branches/<>"),
    ("GET", "/_metrics/apps/<>/router-metrics/<>"),
    ("GET", "/_metrics/apps/<>/formation/<>/metrics/errors"),
    ("PUT", "/users/~/capabilities"),
    # The web login, which is a page.
    ("GET", "/oauth/authorize"),
    ("POST", "/oauth/authorize"),
    ("DELETE", "/oauth/tokens/<>"),
}
BELONGINGS = (
    "",
    "/addons",
    "/buildpack-installations",
    "/collaborators",
    "/config-vars",
    "/domains",
    "/dynos",
    "/formation",
)


@pytest.fixture
def schema() -> Schema:
    """Heroku's schema, where it can be found."""
    path = schema_path()
    if not path.is_file():
        pytest.skip(f"Heroku's schema is not at {path}: let HEROKU_SCHEMA name it")
    return Schema(json.loads(path.read_text()))


@dataclass
class Visit:
    """Ana at a fresh Heroku, with the schema in her hand."""

    schema: Schema
    receiver: Receiver
    world: World
    app: Flask
    ana: Caller

    def asked(self, method: str, path: str, body: Any = None) -> Any:
        """Ask, check the answer, answer it."""
        answer = self.ana.ask(method, path, body)
        assert answer.is_success, answer.text
        urls = self.app.url_map.bind("")
        rule, _ = urls.match(path.partition("?")[0], method, return_rule=True)
        self.schema.check(method, blank(rule.rule), answer.json())
        return answer.json()


@contextmanager
def _visit(schema: Schema) -> Iterator[Visit]:
    receiver = Receiver()
    world = make_world(receiver)
    app = create_app(world)
    ana = with_apps(Caller(app))
    try:
        yield Visit(schema, receiver, world, app, ana)
    finally:
        ana.close()
        world.close()


def apps_and_what_belongs_to_them(visit: Visit) -> None:
    visit.ana.control("apps/staging/addons", {"plan": "heroku-postgresql:essential-0"})
    visit.ana.control(
        "apps/staging", {"buildpacks": ["heroku/python"], "domains": ["acme.example"]}, "PATCH"
    )
    for before in (True, False):
        listed = visit.asked("GET", "/apps")
        assert len(listed) == 2
        for path in BELONGINGS:
            visit.asked("GET", f"/apps/staging{path}")
        visit.asked("POST", "/filters/apps", {"in": {"id": [each["id"] for each in listed]}})
        if before:
            visit.ana.deploy()
    visit.asked("PATCH", "/apps/staging/config-vars", {"ONE": "1"})
    assert len(visit.asked("GET", "/apps/staging/dynos")) == 1


def releases_and_slugs(visit: Visit) -> None:
    slug = visit.ana.deploy()["slug"]["id"]
    visit.ana.control("apps/production", {"release_phase": {"seconds": None}}, "PATCH")

    pending = visit.asked("POST", "/apps/production/releases", {"slug": slug})
    visit.asked("GET", f"/apps/production/releases/{pending['id']}")
    visit.ana.control("apps/production/releases/3", {"status": "failed"})
    visit.asked("GET", "/apps/production/releases")
    visit.asked("GET", "/apps/production/releases/3/config-vars")
    visit.asked("GET", f"/apps/staging/slugs/{slug}")
    visit.ana.deploy()
    visit.ana.control(f"apps/staging/slugs/{slug}", method="DELETE")
    assert visit.asked("GET", f"/apps/staging/slugs/{slug}")["deleted_at"]
    assert [each["status"] for each in visit.asked("GET", "/apps/staging/releases")][2] == "expired"


def releases_of_images(visit: Visit) -> None:
    visit.ana.control("apps", {"name": "spruce", "generation": "fir"})
    visit.ana.control("apps", {"name": "boxed", "container": True})
    for name in ("spruce", "boxed"):
        visit.ana.deploy(name)
        visit.asked("GET", f"/apps/{name}")
        visit.asked("GET", f"/apps/{name}/releases")


def webhooks_deliveries_and_events(visit: Visit) -> None:
    visit.receiver.answers.extend([500, 204, 204, 500])
    wanted = {"include": ["api:release"], "level": "sync", "url": "http://receiver.test/"}
    path = "/apps/staging/webhooks/" + visit.asked("POST", "/apps/staging/webhooks", wanted)["id"]
    visit.ana.deploy()
    for _ in range(3):
        visit.asked("GET", "/apps/staging/webhook-deliveries")
        visit.world.advance(timedelta(seconds=0.2))
        visit.receiver.next()
    for delivery in visit.asked("GET", "/apps/staging/webhook-deliveries"):
        visit.asked("GET", f"/apps/staging/webhook-deliveries/{delivery['id']}")
        visit.asked("GET", f"/apps/staging/webhook-events/{delivery['event']['id']}")
    visit.asked("GET", "/apps/staging/webhook-events")
    visit.asked("GET", "/apps/staging/webhooks")
    visit.asked("GET", path)
    visit.asked("PATCH", path, {"level": "notify"})
    visit.asked("DELETE", path)


def pipelines_and_promotions(visit: Visit) -> None:
    visit.ana.deploy()
    pipeline = visit.asked("POST", "/pipelines", {"name": "shop"})
    ids = {}
    for name in ("staging", "production"):
        body = {"app": name, "pipeline": pipeline["id"], "stage": name}
        ids[name] = visit.asked("POST", "/pipeline-couplings", body)["app"]["id"]
        visit.asked("GET", f"/apps/{name}/pipeline-couplings")
    visit.asked("GET", "/pipelines")
    visit.asked("GET", "/pipeline-couplings")
    for path in ("", "/pipeline-couplings", "/latest-releases"):
        visit.asked("GET", f"/pipelines/{pipeline['id']}{path}")
    visit.ana.control("apps/production", {"release_phase": {"seconds": None}}, "PATCH")
    body = {
        "pipeline": {"id": pipeline["id"]},
        "source": {"app": {"id": ids["staging"]}},
        "targets": [{"app": {"id": ids["production"]}}],
    }
    promotion = visit.asked("POST", "/pipeline-promotions", body)
    visit.ana.control("apps/production", {"arrival": {"seconds": None, "error": "No"}}, "PATCH")
    waiting = visit.asked("POST", "/pipeline-promotions", body)
    for _ in range(2):
        visit.asked("GET", f"/pipeline-promotions/{waiting['id']}/promotion-targets")
        visit.ana.control("apps/production/arrivals")
    for status in ("failed", None):
        visit.asked("GET", f"/pipeline-promotions/{promotion['id']}")
        visit.asked("GET", f"/pipeline-promotions/{promotion['id']}/promotion-targets")
        if status:
            visit.ana.control("apps/production/releases/3", {"status": status})


def the_account_and_its_tokens(visit: Visit) -> None:
    visit.asked("GET", "/account")
    visit.asked("GET", "/account/rate-limits")
    made = visit.asked("POST", "/oauth/authorizations", {"scope": ["identity"], "expires_in": 60})
    visit.asked("GET", "/oauth/authorizations")
    visit.asked("GET", f"/oauth/authorizations/{made['id']}")
    visit.asked("DELETE", f"/oauth/authorizations/{made['id']}")


def clients_and_what_they_redeem(visit: Visit) -> None:
    wanted = {"name": "acme", "redirect_uri": "https://acme.example/login/callback"}
    client = visit.asked("POST", "/oauth/clients", wanted)
    visit.asked("GET", "/oauth/clients")
    visit.asked("GET", f"/oauth/clients/{client['id']}")
    visit.asked("PATCH", f"/oauth/clients/{client['id']}", {"name": "acme corp"})
    client = visit.asked("POST", f"/oauth/clients/{client['id']}/actions/rotate-credentials")
    body = {"client": client["id"], "scope": ["identity"]}
    grant = visit.asked("POST", "/oauth/authorizations", body)["grant"]
    visit.asked("GET", "/oauth/authorizations")
    redeemed = {
        "client": {"secret": client["secret"]},
        "grant": {"code": grant["code"], "type": "authorization_code"},
        "refresh_token": {"token": None},
    }
    visit.asked("POST", "/oauth/tokens", redeemed)
    visit.asked("GET", "/oauth/authorizations")
    visit.asked("DELETE", f"/oauth/clients/{client['id']}")


TOURS = (
    apps_and_what_belongs_to_them,
    releases_and_slugs,
    releases_of_images,
    webhooks_deliveries_and_events,
    pipelines_and_promotions,
    the_account_and_its_tokens,
    clients_and_what_they_redeem,
)


def test_every_answer_of_every_route_is_as_the_schema_says(schema: Schema, app: Flask) -> None:
    for tour in TOURS:
        with _visit(schema) as visit:
            tour(visit)

    routes = {
        (method, blank(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/_emulator", "/_github", "/<owner>/<name>/"))
    }
    assert routes - schema.seen == UNDESCRIBED


def test_an_answer_with_another_field_would_be_noticed(schema: Schema, ana: Caller) -> None:
    release = ana.get("/apps/staging/releases/1")
    route = ("GET", "/apps/<>/releases/<>")

    schema.check(*route, release)
    for wrong in (release | {"colour": "red"}, release | {"status": "done"}, {"id": release["id"]}):
        with pytest.raises((AssertionError, ValidationError), match=r"colour|done|lacks"):
            schema.check(*route, wrong)
