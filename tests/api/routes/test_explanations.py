"""`/api/apps/…/explanation`: what was said of a release, over HTTP."""

from __future__ import annotations

from listener.heroku import HEADER
from tests.api.routes.caller import Caller
from tests.services.office import PROD, STAGING, Office

PATH = f"/api/apps/{STAGING}/explanation"


def test_a_deploy_is_explained_whole(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    version = office.deploy(STAGING)
    office.look(STAGING)
    view = admin.get(PATH)
    release = office.current(STAGING)
    assert sorted(view) == [
        "app",
        "deliveries",
        "promotions",
        "release",
        "rules",
        "summary",
        "troubles",
    ]
    assert view["app"] == {"id": release["app"]["id"], "name": STAGING}
    said = view["release"]
    assert said.pop("created_at").endswith("Z")
    assert said["slug"].pop("commit") is not None
    assert said == {
        "id": release["id"],
        "version": version,
        "status": "succeeded",
        "kind": "deploy",
        "slug": {"id": release["slug"]["id"]},
        "description": release["description"],
    }
    (promotion,) = view["promotions"]
    (rule,) = view["rules"]
    assert rule["rule"] == {"id": "1", "name": "ship"}
    assert rule["target"] == promotion["target"]["app"]
    assert rule["promotion_id"] == promotion["id"]
    assert rule["says"].startswith("succeeded: ")


def test_it_shows_what_heroku_told_of_the_release(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    admin.post("/api/subscriptions", {"app": STAGING})
    version = office.deploy(STAGING)
    letters = office.letters()
    for letter in letters:
        headers = {HEADER: letter.headers[HEADER]}
        answer = admin.client.post("/webhooks/heroku", data=letter.content, headers=headers)
        assert answer.status_code == 204
    office.work()
    view = admin.get(PATH)
    assert len(view["deliveries"]) == len(letters)
    told = view["deliveries"][0]
    assert told["app"] == view["app"]
    assert told["release"] == {"id": view["release"]["id"], "version": version}
    assert told["outcome"] == f"v{version} is a deploy: promotion 1"
    assert (told["times"], told["subscription"]) == (1, {"id": "1"})
    for moment in ("received_at", "last_received_at", "settled_at"):
        assert told[moment].endswith("Z")
    assert view["promotions"][0]["found_by"] == "webhook"
    assert admin.get("/api/subscriptions/1")["healthy"] is True


def test_a_release_may_be_named(admin: Caller, office: Office) -> None:
    version = int(office.current(STAGING)["version"])
    office.deploy(STAGING)
    for name in (f"v{version}", str(version)):
        assert admin.get(f"{PATH}?release={name}")["release"]["version"] == version


def test_a_release_that_is_not_over_is_of_unknown_kind(admin: Caller, office: Office) -> None:
    office.control(f"apps/{STAGING}", {"release_phase": {}}, method="PATCH")
    version = office.deploy(STAGING)
    view = admin.get(f"{PATH}?release=v{version}")
    assert (view["release"]["kind"], view["release"]["status"]) == ("unknown", "pending")


def test_a_release_without_code_has_no_slug(admin: Caller) -> None:
    assert admin.get(f"{PATH}?release=v1")["release"]["slug"] is None


def test_what_is_not_there(admin: Caller) -> None:
    assert admin.refused("GET", f"{PATH}?release=v99")[:2] == (404, "release_not_found")
    assert admin.refused("GET", f"{PATH}?release=last")[:2] == (422, "invalid_params")
    refusal = admin.refused("GET", "/api/apps/no-such-app/explanation")
    assert refusal[:2] == (404, "app_not_found")
