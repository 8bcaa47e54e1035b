"""Releases: of slugs, of earlier releases, and what cannot be released."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, ROBOT, UNKNOWN, VERSION_3, Caller


def _release(caller: Caller, app: str = "production", **body: str) -> tuple[int, str]:
    return caller.refused("POST", f"/apps/{app}/releases", body)


def test_an_app_is_born_with_two_releases_without_code(ana: Caller) -> None:
    releases = ana.get("/apps/staging/releases")

    assert [(each["version"], each["slug"], each["current"]) for each in releases] == [
        (1, None, False),
        (2, None, True),
    ]


def test_a_deploy_is_a_new_slug_that_the_app_runs_at_once(ana: Caller) -> None:
    release = ana.deploy(commit="1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd", user=ROBOT)

    slug = ana.get(f"/apps/staging/slugs/{release['slug']['id']}")
    assert ana.current() == release
    assert (release["version"], release["status"]) == (3, "succeeded")
    assert (release["description"], release["user"]["email"]) == ("Deploy 1a5f89db", ROBOT)
    assert (slug["commit"][:8], slug["stack"]["name"]) == ("1a5f89db", "heroku-24")


def test_the_very_slug_is_released_on_another_app(ana: Caller) -> None:
    slug = ana.deploy()["slug"]

    body = {"slug": slug["id"], "description": "Promote staging v3"}
    answer = ana.ask("POST", "/apps/production/releases", body)

    assert answer.status_code == 201
    assert ana.current("production") == answer.json()
    assert (answer.json()["slug"], answer.json()["description"]) == (slug, "Promote staging v3")
    assert ana.get(f"/apps/production/slugs/{slug['id']}")["id"] == slug["id"]


def test_two_equal_requests_make_two_releases(ana: Caller) -> None:
    body = {"slug": ana.deploy()["slug"]["id"]}

    made = [ana.post("/apps/production/releases", body)["version"] for _ in range(2)]

    assert made == [3, 4]


def test_a_release_is_found_by_id_and_by_version(ana: Caller) -> None:
    release = ana.deploy()

    assert ana.get(f"/apps/staging/releases/{release['id']}") == release
    assert ana.get("/apps/staging/releases/3") == release
    assert ana.ask("GET", "/apps/staging/releases/4").json() == {
        "id": "not_found",
        "message": "Couldn't find that release.",
        "resource": "release",
    }
    assert ana.refused("GET", f"/apps/production/releases/{release['id']}") == (404, "not_found")


def test_a_rollback_is_a_new_release_with_the_code_and_config_of_an_old_one(ana: Caller) -> None:
    old = ana.deploy()
    ana.deploy()
    ana.control("apps/staging/config", {"LATE": "yes"})

    new = ana.post("/apps/staging/releases", {"release": old["id"]})

    assert (new["version"], new["description"]) == (6, "Rollback to v3")
    assert (new["slug"], new["current"]) == (old["slug"], True)
    assert ana.get("/apps/staging/config-vars") == {}


def test_no_way_back_to_a_release_without_code(ana: Caller) -> None:
    ana.deploy()

    assert _release(ana, "staging", release="1") == (422, "invalid_params")
    assert _release(ana, "staging", release=UNKNOWN) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({}, (422, "invalid_params")),
        ({"slug": None}, (422, "invalid_params")),
        ({"slug": UNKNOWN}, (404, "not_found")),
        ({"slug": "no uuid"}, (404, "not_found")),
    ],
)
def test_what_is_no_slug_cannot_be_released(
    ana: Caller, body: dict[str, str], refused: tuple[int, str]
) -> None:
    assert _release(ana, **body) == refused
    assert ana.versions("production") == [1, 2]


def test_the_slug_of_somebody_elses_app_is_forbidden(ana: Caller) -> None:
    ana.control("apps", {"name": "secret", "owner": "eve@example.com", "collaborators": []})
    slug = ana.deploy("secret")["slug"]["id"]

    assert _release(ana, slug=slug) == (403, "forbidden")


def test_only_its_people_release_on_an_app(ana: Caller, eve: Caller) -> None:
    slug = ana.deploy()["slug"]["id"]

    assert _release(eve, slug=slug) == (403, "forbidden")


def test_an_app_that_never_ran_a_slug_does_not_know_it(ana: Caller) -> None:
    slug = ana.deploy()["slug"]["id"]

    assert ana.refused("GET", f"/apps/production/slugs/{slug}") == (404, "not_found")
    assert ana.refused("GET", f"/apps/staging/slugs/{UNKNOWN}") == (404, "not_found")


def test_a_container_app_has_no_slugs(ana: Caller) -> None:
    slug = ana.deploy()["slug"]["id"]
    ana.control("apps", {"name": "boxed", "container": True})

    release = ana.deploy("boxed")

    assert (release["slug"], release["artifacts"]) == (None, [])
    assert ana.get("/apps/boxed")["stack"]["name"] == "container"
    assert _release(ana, "boxed", slug=slug) == (422, "invalid_params")


def test_a_fir_app_has_images_instead_of_slugs(ana: Caller) -> None:
    for name in ("spruce", "larch"):
        ana.control("apps", {"name": name, "generation": "fir"})
    release = ana.deploy("spruce")
    image = release["artifacts"][0]["id"]

    assert (release["slug"], release["artifacts"][0]["type"]) == (None, "oci-image")
    sdk = ana.get("/apps/spruce/releases/3", Accept=VERSION_3 + ".sdk")
    assert (sdk["slug"], sdk["oci_image"]) == (None, {"id": image})
    assert [each["id"] for each in ana.get(f"/apps/spruce/oci-images/{image}")] == [image]

    assert _release(ana, "larch", slug=image) == (422, "invalid_params")
    made = ana.post("/apps/larch/releases", {"oci_image": image})
    assert made["artifacts"] == release["artifacts"]
    assert _release(ana, "production", slug=image) == (404, "not_found")


def test_what_is_older_than_30_days_and_20_releases_expires(ana: Caller, world: World) -> None:
    old = ana.deploy()
    world.advance(timedelta(days=31))
    ana.control("apps/staging/history", {"releases": 19, "deploy_every": 1})
    kept = ana.get("/apps/staging/releases/3")

    ana.deploy()

    expired = ana.get("/apps/staging/releases/3")
    assert (kept["status"], kept["eligible_for_rollback"]) == ("succeeded", True)
    assert (expired["status"], expired["eligible_for_rollback"]) == ("expired", False)
    assert ana.get(f"/apps/staging/slugs/{old['slug']['id']}")["deleted_at"] is not None
    assert _release(ana, slug=old["slug"]["id"]) == (422, "invalid_params")
    assert _release(ana, "staging", release="3") == (422, "invalid_params")


def test_what_is_younger_than_30_days_does_not_expire(ana: Caller) -> None:
    ana.deploy(age_days=29)
    ana.control("apps/staging/history", {"releases": 25})

    assert ana.get("/apps/staging/releases/3")["status"] == "succeeded"


def test_a_slug_that_another_app_runs_does_not_expire(ana: Caller, world: World) -> None:
    old = ana.deploy()
    ana.post("/apps/production/releases", {"slug": old["slug"]["id"]})
    world.advance(timedelta(days=31))
    ana.control("apps/staging/history", {"releases": 25})

    assert ana.get("/apps/staging/releases/3")["status"] == "succeeded"


def test_a_slug_can_be_destroyed_on_demand(ana: Caller) -> None:
    first, second = ana.deploy(), ana.deploy()

    for release in (first, second):
        ana.control(f"apps/staging/slugs/{release['slug']['id']}", method="DELETE")

    statuses = [each["status"] for each in ana.get("/apps/staging/releases")[2:]]
    assert statuses == ["expired", "succeeded"]  # what runs goes on running


def test_a_deploy_may_lie_in_the_past(ana: Caller) -> None:
    release = ana.deploy(age_days=2)

    assert release["created_at"] == "2026-02-28T12:00:00Z"


def test_an_addon_attaches_itself_with_a_release(ana: Caller) -> None:
    slug = ana.deploy()["slug"]

    release = ana.control("apps/staging/addons", {"plan": "heroku-postgresql:essential-0"})

    assert release["user"]["email"] == "heroku-postgresql@addons.heroku.com"
    assert (release["slug"], release["addon_plan_names"]) == (
        slug,
        ["heroku-postgresql:essential-0"],
    )
    assert [each["plan"]["name"] for each in ana.get("/apps/staging/addons")] == [
        "heroku-postgresql:essential-0"
    ]


def test_people_roll_back_and_retry_through_the_control_api(ana: Caller) -> None:
    old = ana.deploy()
    ana.deploy()

    back = ana.control("apps/staging/rollbacks", {"release": 3, "user": ROBOT})
    again = ana.control("apps/staging/retries", {"release": "v4"})

    assert (back["slug"], back["user"]["email"]) == (old["slug"], ROBOT)
    assert back["description"] == "Rollback to v3"
    assert again["description"].startswith("Retry of v4: Deploy ")
    assert again["user"]["email"] == ANA


def test_releases_may_stay_pending_for_ever_below_the_current_one(ana: Caller) -> None:
    ana.control("apps/staging/history", {"releases": 4, "pending": [4, 5]})

    shown = [(each["version"], each["status"]) for each in ana.get("/apps/staging/releases")]
    assert shown[3:] == [(4, "pending"), (5, "pending"), (6, "succeeded")]
    assert ana.current()["version"] == 6


def test_a_release_in_a_list_may_lack_its_last_change(ana: Caller) -> None:
    assert ana.get("/apps/staging/releases")[0]["updated_at"] is None
    assert ana.get("/apps/staging/releases/1")["updated_at"]
