"""Apps: who sees them, and what belongs to them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, ROBOT, VERSION_3, Caller

LISTS = (
    "releases",
    "webhooks",
    "config-vars",
    "buildpack-installations",
    "collaborators",
    "addons",
    "dynos",
    "formation",
)


def test_an_app_is_found_by_id_and_by_name(ana: Caller) -> None:
    app = ana.get("/apps/staging")

    assert ana.get(f"/apps/{app['id']}") == app
    assert (app["owner"]["email"], app["stack"]["name"]) == (ANA, "heroku-24")
    assert app["generation"]["name"] == "cedar"


def test_the_sdk_variant_gives_the_generation_as_a_word(ana: Caller) -> None:
    assert ana.get("/apps/staging", Accept=VERSION_3 + ".sdk")["generation"] == "cedar"


def test_an_unknown_app_is_not_found_in_herokus_words(ana: Caller) -> None:
    answer = ana.ask("GET", "/apps/nowhere")

    assert answer.status_code == 404
    assert answer.json() == {
        "id": "not_found",
        "message": "Couldn't find that app.",
        "resource": "app",
    }


@pytest.mark.parametrize("path", ["", *(f"/{name}" for name in LISTS)])
def test_only_its_people_see_an_app(ana: Caller, eve: Caller, path: str) -> None:
    assert ana.ask("GET", f"/apps/staging{path}").status_code == 200
    assert eve.refused("GET", f"/apps/staging{path}") == (403, "forbidden")


def test_lists_hold_ones_own_apps(ana: Caller, eve: Caller) -> None:
    ids = [app["id"] for app in ana.get("/apps")]

    assert {app["name"] for app in ana.get("/apps")} == {"staging", "production"}
    assert ana.get("/users/~/apps") == ana.get("/apps")
    assert eve.get("/apps") == []
    assert [app["id"] for app in ana.post("/filters/apps", {"in": {"id": ids[:1]}})] == ids[:1]
    assert eve.post("/filters/apps", {"in": {"id": ids}}) == []


def test_collaborators_are_named(ana: Caller) -> None:
    people = ana.get("/apps/staging/collaborators", Range="id ..; max=1000;")

    assert {each["user"]["email"]: each["role"] for each in people} == {
        ANA: "owner",
        ROBOT: "collaborator",
    }


def test_config_vars_are_set_and_removed_by_a_release_with_the_same_code(ana: Caller) -> None:
    slug = ana.deploy()["slug"]

    first = ana.ask("PATCH", "/apps/staging/config-vars", {"ONE": "1", "TWO": "2"})
    second = ana.ask("PATCH", "/apps/staging/config-vars", {"ONE": None})

    assert (first.json(), second.json()) == ({"ONE": "1", "TWO": "2"}, {"TWO": "2"})
    assert [
        (each["description"], each["slug"]) for each in ana.get("/apps/staging/releases")[3:]
    ] == [
        ("Set ONE, TWO config vars", slug),
        ("Remove ONE config vars", slug),
    ]
    assert ana.get("/apps/staging/releases/4/config-vars") == {"ONE": "1", "TWO": "2"}
    assert ana.get("/apps/staging/config-vars") == {"TWO": "2"}


def test_a_config_var_is_a_text(ana: Caller) -> None:
    assert ana.refused("PATCH", "/apps/staging/config-vars", {"ONE": 1}) == (422, "invalid_params")


def test_buildpacks_are_named_in_the_order_in_which_they_build(ana: Caller) -> None:
    assert ana.get("/apps/staging/buildpack-installations") == []
    own = "https://github.com/acme/buildpack"
    ana.control("apps/staging", {"buildpacks": ["heroku/python", own]}, "PATCH")

    assert ana.get("/apps/staging/buildpack-installations") == [
        {
            "ordinal": 0,
            "buildpack": {"url": "urn:buildpack:heroku/python", "name": "heroku/python"},
        },
        {"ordinal": 1, "buildpack": {"url": own, "name": own}},
    ]


def test_a_slug_names_the_processes_it_was_built_with(ana: Caller) -> None:
    for built in (["web"], ["web", "worker"]):
        slug = ana.deploy(process_types=built)["slug"]["id"]
        assert list(ana.get(f"/apps/staging/slugs/{slug}")["process_types"]) == built


def test_a_protected_app_wants_a_second_factor_for_changes(ana: Caller) -> None:
    slug = ana.deploy()["slug"]["id"]
    ana.control("apps/production", {"protected": True}, "PATCH")

    body = {"slug": slug}
    assert ana.refused("POST", "/apps/production/releases", body) == (403, "two_factor")
    assert ana.ask("GET", "/apps/production/releases").status_code == 200
    needed = ana.ask("POST", "/apps/production/releases", body).json()
    assert needed["message"].startswith("A second authentication factor or pre-authorization is")
    assert needed["url"].endswith("/articles/two-factor-authentication")
    wrong = ana.ask("POST", "/apps/production/releases", body, Heroku_Two_Factor_Code="000000")
    assert wrong.json() == {
        "id": "invalid_two_factor_code",
        "message": "Supplied two-factor auth code is invalid.",
    }
    answer = ana.ask("POST", "/apps/production/releases", body, Heroku_Two_Factor_Code="123456")
    assert answer.status_code == 201


def test_a_second_factor_may_be_given_ahead(ana: Caller, world: World) -> None:
    body = {"slug": ana.deploy()["slug"]["id"]}
    ana.control("apps/production", {"protected": True}, "PATCH")
    path = "/apps/production/pre-authorizations"

    assert ana.refused("PUT", path) == (403, "two_factor")
    assert ana.ask("PUT", path, Heroku_Two_Factor_Code="123456").status_code == 200

    assert ana.ask("POST", "/apps/production/releases", body).status_code == 201
    world.advance(timedelta(minutes=10))
    assert ana.refused("POST", "/apps/production/releases", body) == (403, "two_factor")


def test_heroku_tells_whether_an_app_wants_a_second_factor(ana: Caller, eve: Caller) -> None:
    ana.control("apps/production", {"protected": True}, "PATCH")
    id = ana.get("/apps/production")["id"]
    asked = {"capability": "view", "resource_type": "app", "resource_id": "production"}
    sdk = {"Accept": f"{VERSION_3}.sdk"}

    def told(caller: Caller) -> object:
        body = {"capabilities": [asked]}
        answer = caller.ask("PUT", "/users/~/capabilities", body, **sdk)
        assert answer.status_code == 200
        return answer.json()

    answer = {"capability": "view", "requires_second_factor": True, "resource_canonical_id": id}
    assert told(ana) == {"capabilities": [answer | {"capable": True}]}
    assert told(eve) == {"capabilities": [answer | {"capable": False}]}
    assert ana.refused("PUT", "/users/~/capabilities", {"capabilities": [asked]}) == (
        406,
        "missing_version",
    )


def test_a_fir_app_runs_on_the_stack_cnb_and_has_no_buildpack_installations(ana: Caller) -> None:
    ana.control("apps", {"name": "tree", "owner": ANA, "generation": "fir"})
    ana.control("apps/tree", {"buildpacks": ["heroku/go"]}, "PATCH")
    image = ana.deploy("tree")["artifacts"][0]["id"]

    app = ana.get("/apps/tree")
    assert (app["stack"]["name"], app["build_stack"]["name"]) == ("cnb", "cnb")
    assert ana.get("/apps/tree/buildpack-installations") == []
    (shown,) = ana.get(f"/apps/tree/oci-images/{image}")
    assert [each["id"] for each in shown["buildpacks"]] == ["heroku/go"]
    assert shown["stack"]["name"] == "cnb"


def test_a_new_app_has_no_sizes(ana: Caller) -> None:
    new = ana.get("/apps/staging")
    ana.deploy()
    old = ana.get("/apps/staging")

    assert (new["repo_size"], new["slug_size"]) == (None, None)
    assert old["slug_size"] > 0


def test_an_app_with_code_runs_a_dyno(ana: Caller) -> None:
    assert ana.get("/apps/staging/dynos") == []
    assert ana.get("/apps/staging/formation") == []

    version = ana.deploy()["version"]

    assert [each["release"]["version"] for each in ana.get("/apps/staging/dynos")] == [version]
    assert [each["type"] for each in ana.get("/apps/staging/formation")] == ["web"]
    ana.control("apps/staging", {"release_phase": {"seconds": 1}}, "PATCH")
    assert [each["type"] for each in ana.get("/apps/staging/formation")] == ["web", "release"]


def test_the_stack_is_that_of_the_code_that_runs(ana: Caller) -> None:
    ana.deploy()
    ana.control("apps/staging", {"stack": "heroku-26"}, "PATCH")
    before = ana.get("/apps/staging")
    ana.deploy()
    after = ana.get("/apps/staging")

    assert (before["stack"]["name"], before["build_stack"]["name"]) == ("heroku-24", "heroku-26")
    assert after["stack"]["name"] == "heroku-26"
