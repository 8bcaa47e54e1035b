"""`/api/apps/…/explanation`: what was said of a release, over HTTP."""

from __future__ import annotations

from tests.desk.office import PROD, STAGING, Office
from tests.web.rooms.caller import Caller

PATH = f"/api/apps/{STAGING}/explanation"


def test_a_deploy_is_explained_whole(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    version = office.deploy(STAGING)
    office.look(STAGING)
    view = admin.get(PATH)
    release = office.current(STAGING)
    assert sorted(view) == ["app", "deliveries", "promotions", "release", "rules", "summary"]
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
    assert admin.refused("GET", "/api/apps/no-such-app/explanation")[0] == 422
