"""Pipelines and promotions, as the Heroku CLI asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, EVE, ROBOT, UNKNOWN, Caller


@pytest.fixture
def pipeline(ana: Caller) -> Any:
    """A pipeline of staging and production."""
    couplings = {"staging": ["staging"], "production": ["production"]}
    return ana.control("pipelines", {"name": "shop", "couplings": couplings})


def _ids(caller: Caller, *names: str) -> list[str]:
    return [caller.get(f"/apps/{name}")["id"] for name in names]


def _body(ana: Caller, pipeline: Any, **source: Any) -> dict[str, Any]:
    staging, production = _ids(ana, "staging", "production")
    return {
        "pipeline": {"id": pipeline["id"]},
        "source": {"app": {"id": staging}, **source},
        "targets": [{"app": {"id": production}}],
    }


def test_a_pipeline_is_found_by_id_and_name(ana: Caller, pipeline: Any) -> None:
    shown = ana.get(f"/pipelines/{pipeline['id']}")

    assert (shown["name"], shown["owner"]["type"]) == ("shop", "user")
    assert ana.get("/pipelines/shop") == shown
    assert ana.get("/pipelines?eq[name]=shop") == ana.get("/pipelines") == [shown]
    assert ana.get("/pipelines?eq[name]=other") == []
    assert ana.refused("GET", f"/pipelines/{UNKNOWN}") == (404, "not_found")


def test_apps_have_their_place(ana: Caller, pipeline: Any) -> None:
    staging, production = _ids(ana, "staging", "production")

    places = ana.get(f"/pipelines/{pipeline['id']}/pipeline-couplings")
    assert [(each["app"]["id"], each["stage"]) for each in places] == [
        (staging, "staging"),
        (production, "production"),
    ]
    assert ana.get("/apps/staging/pipeline-couplings") == places[0]
    assert ana.get("/pipeline-couplings") == places
    assert places[0]["pipeline"] == {"id": pipeline["id"], "name": "shop"}


def test_an_app_is_in_one_pipeline_at_most(ana: Caller, pipeline: Any) -> None:
    other = ana.post("/pipelines", {"name": "other"})
    body = {"app": "staging", "pipeline": other["id"], "stage": "staging"}

    assert ana.refused("POST", "/pipeline-couplings", body) == (422, "invalid_params")


def test_an_app_without_a_place_has_none(ana: Caller, pipeline: Any) -> None:
    ana.control("apps", {"name": "review", "collaborators": []}, "POST")
    ana.control("apps/review", {"owner": "ana@example.com"}, "PATCH")
    assert ana.refused("GET", "/apps/review/pipeline-couplings") == (404, "not_found")

    body = {"app": "review", "pipeline": pipeline["id"], "stage": "review"}
    made = ana.post("/pipeline-couplings", body)

    assert ana.get("/apps/review/pipeline-couplings") == made
    bad = body | {"stage": "nowhere"}
    assert ana.refused("POST", "/pipeline-couplings", bad) == (422, "invalid_params")


def test_strangers_do_not_see_a_pipeline(ana: Caller, eve: Caller, pipeline: Any) -> None:
    assert eve.get("/pipelines") == []
    assert eve.refused("GET", "/pipelines/shop") == (403, "forbidden")
    assert eve.get("/pipeline-couplings") == []


def test_the_newest_release_of_every_app_in_one_call(ana: Caller, pipeline: Any) -> None:
    newest = ana.deploy()

    latest = ana.get(f"/pipelines/{pipeline['id']}/latest-releases")

    assert [each["version"] for each in latest] == [newest["version"], 2]


def test_a_promotion_brings_what_the_source_runs(ana: Caller, pipeline: Any) -> None:
    release = ana.deploy(commit="1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd")

    promotion = ana.post("/pipeline-promotions", _body(ana, pipeline))

    target = ana.get(f"/pipeline-promotions/{promotion['id']}/promotion-targets")[0]
    made = ana.current("production")
    assert promotion["status"] == "pending"
    assert ana.get(f"/pipeline-promotions/{promotion['id']}")["status"] == "completed"
    assert (target["status"], target["release"]) == ("succeeded", {"id": made["id"]})
    assert (made["slug"], made["description"]) == (
        release["slug"],
        "Promote staging v3 1a5f89db",
    )


def test_a_promotion_may_name_its_release(ana: Caller, pipeline: Any) -> None:
    older = ana.deploy()
    ana.deploy()

    body = _body(ana, pipeline, release={"id": older["id"]})
    promotion = ana.post("/pipeline-promotions", body)

    assert promotion["source"]["release"] == {"id": older["id"]}
    assert ana.current("production")["slug"] == older["slug"]


@pytest.mark.parametrize(
    ("status", "said"), [("succeeded", None), ("failed", "release command failed")]
)
def test_a_promotion_waits_for_the_release_phase_of_its_target(
    ana: Caller, pipeline: Any, status: str, said: str | None
) -> None:
    ana.deploy()
    ana.control("apps/production", {"release_phase": {"seconds": None}}, "PATCH")
    promotion = ana.post("/pipeline-promotions", _body(ana, pipeline))
    path = f"/pipeline-promotions/{promotion['id']}"
    before = (ana.get(path)["status"], ana.get(f"{path}/promotion-targets")[0]["status"])

    ana.control("apps/production/releases/3", {"status": status})

    target = ana.get(f"{path}/promotion-targets")[0]
    assert before == ("pending", "pending")
    assert ana.get(path)["status"] == "completed"
    assert (target["status"], target["error_message"]) == (status, said)


def test_a_promotion_names_its_release_by_id_and_nothing_else(ana: Caller, pipeline: Any) -> None:
    release = ana.deploy()
    for named, status in ((UNKNOWN, 404), (str(release["version"]), 404)):
        body = _body(ana, pipeline, release={"id": named})
        assert ana.refused("POST", "/pipeline-promotions", body) == (status, "not_found")
    for odd in ("current", {}, {"id": None}, [release["id"]]):
        body = _body(ana, pipeline, release=odd)
        assert ana.refused("POST", "/pipeline-promotions", body) == (422, "invalid_params")
    other = ana.deploy("production")
    body = _body(ana, pipeline, release={"id": other["id"]})
    assert ana.refused("POST", "/pipeline-promotions", body) == (404, "not_found")
    assert ana.versions("production") == [1, 2, 3]


def test_an_expired_or_pending_release_is_not_promoted(ana: Caller, pipeline: Any) -> None:
    old = ana.deploy()
    ana.deploy()
    ana.control(f"apps/staging/slugs/{old['slug']['id']}", method="DELETE")
    ana.control("apps/staging", {"release_phase": {"seconds": None}}, "PATCH")
    for release in (old, ana.deploy()):
        body = _body(ana, pipeline, release={"id": release["id"]})
        assert ana.refused("POST", "/pipeline-promotions", body) == (422, "invalid_params")


def test_an_image_is_promoted_as_it_is(ana: Caller) -> None:
    for name in ("spruce", "larch"):
        ana.control("apps", {"name": name, "generation": "fir", "owner": ANA})
    couplings = {"staging": ["spruce"], "production": ["larch"]}
    pipeline = ana.control("pipelines", {"name": "firs", "couplings": couplings})
    release = ana.deploy("spruce")
    spruce, larch = _ids(ana, "spruce", "larch")

    body = {
        "pipeline": {"id": pipeline["id"]},
        "source": {"app": {"id": spruce}, "release": {"id": release["id"]}},
        "targets": [{"app": {"id": larch}}],
    }
    ana.post("/pipeline-promotions", body)

    made = ana.current("larch")
    assert (made["slug"], made["artifacts"]) == (None, release["artifacts"])
    assert made["artifacts"][0]["type"] == "oci-image"


def test_a_protected_target_wants_a_second_factor(ana: Caller, pipeline: Any) -> None:
    ana.deploy()
    body = _body(ana, pipeline)
    ana.control("apps/production", {"protected": True}, "PATCH")

    assert ana.refused("POST", "/pipeline-promotions", body) == (403, "two_factor")
    assert ana.ask("POST", "/pipeline-promotions", body, Heroku_Two_Factor_Code="123456").is_success


@pytest.mark.parametrize(
    ("error", "status"), [(None, "succeeded"), ("Could not verify slug checksum", "failed")]
)
def test_a_promotion_may_take_its_time_and_fail_before_any_release(
    ana: Caller, pipeline: Any, error: str | None, status: str
) -> None:
    ana.deploy()
    ana.control("apps/production", {"arrival": {"seconds": None, "error": error}}, "PATCH")
    promotion = ana.post("/pipeline-promotions", _body(ana, pipeline))
    path = f"/pipeline-promotions/{promotion['id']}"

    (before,) = ana.get(f"{path}/promotion-targets")
    assert (before["status"], before["release"]) == ("pending", None)
    assert (ana.get(path)["status"], ana.versions("production")) == ("pending", [1, 2])
    assert ana.control("apps/production/arrivals") == {"arrived": 1}

    (after,) = ana.get(f"{path}/promotion-targets")
    assert (after["status"], after["error_message"]) == (status, error)
    assert (after["release"] is None) == (error is not None)
    assert ana.get(path)["status"] == "completed"


def test_a_promotion_arrives_by_itself(ana: Caller, pipeline: Any, world: World) -> None:
    ana.deploy()
    ana.control("apps/production", {"arrival": {"seconds": 2}}, "PATCH")
    promotion = ana.post("/pipeline-promotions", _body(ana, pipeline))

    production = _ids(ana, "production")[0]
    world.advance(timedelta(seconds=3))
    with world.changed:
        assert world.changed.wait_for(lambda: len(world.releases[production]) > 2, 10)

    (target,) = ana.get(f"/pipeline-promotions/{promotion['id']}/promotion-targets")
    assert target["status"] == "succeeded"
    ana.control("apps/production", {"arrival": None}, "PATCH")
    assert ana.control("apps/production/arrivals") == {"arrived": 0}


def test_a_target_that_the_caller_may_not_use_fails_alone(ana: Caller, pipeline: Any) -> None:
    ana.deploy()
    ana.control("apps/production", {"owner": EVE, "collaborators": [EVE]}, "PATCH")

    production = ana.control("state", method="GET")["apps"][1]["id"]
    staging = _ids(ana, "staging")[0]
    body = {
        "pipeline": {"id": pipeline["id"]},
        "source": {"app": {"id": staging}},
        "targets": [{"app": {"id": production}}],
    }
    promotion = ana.post("/pipeline-promotions", body)

    target = ana.get(f"/pipeline-promotions/{promotion['id']}/promotion-targets")[0]
    assert (target["status"], target["release"]) == ("failed", None)
    assert target["error_message"] == "User does not have access to that app"


def test_promotions_that_make_no_sense_are_refused(ana: Caller, pipeline: Any) -> None:
    body = _body(ana, pipeline)
    refused = (422, "invalid_params")
    assert ana.refused("POST", "/pipeline-promotions", body) == refused  # no code yet
    ana.deploy()

    itself = body | {"targets": [body["source"]]}
    assert ana.refused("POST", "/pipeline-promotions", itself) == refused
    assert ana.refused("POST", "/pipeline-promotions", body | {"targets": []}) == refused
    assert ana.refused("POST", "/pipeline-promotions", body | {"targets": "all"}) == refused
    assert ana.refused("POST", "/pipeline-promotions", {"pipeline": body["pipeline"]}) == refused
    nowhere = body | {"pipeline": {"id": UNKNOWN}}
    assert ana.refused("POST", "/pipeline-promotions", nowhere) == (404, "not_found")
    assert ana.versions("production") == [1, 2]


def test_apps_of_other_pipelines_and_containers_are_no_targets(ana: Caller, pipeline: Any) -> None:
    ana.deploy()
    ana.control("apps", {"name": "outside", "collaborators": ["ana@example.com", ROBOT]})
    body = _body(ana, pipeline)
    outside = body | {"targets": [{"app": {"id": _ids(ana, "outside")[0]}}]}
    assert ana.refused("POST", "/pipeline-promotions", outside) == (422, "invalid_params")
    ana.control("pipelines", {"name": "other", "couplings": {"production": ["outside"]}})
    assert ana.refused("POST", "/pipeline-promotions", outside) == (422, "invalid_params")

    ana.control("apps/production", {"container": True}, "PATCH")

    assert ana.refused("POST", "/pipeline-promotions", body) == (422, "invalid_params")


def test_a_container_app_is_refused_in_herokus_words(ana: Caller, pipeline: Any) -> None:
    body = _body(ana, pipeline)
    ana.control("apps/production", {"container": True}, "PATCH")

    answer = ana.ask("POST", "/pipeline-promotions", body)

    words = "Pipeline promotions are not supported on apps pushed via Heroku Container Registry."
    assert (answer.status_code, answer.json()["message"]) == (422, words)


def test_pipelines_write_their_times_with_an_offset_in_figures(ana: Caller, pipeline: Any) -> None:
    assert ana.get("/pipelines")[0]["created_at"].endswith("+00:00")
    assert ana.get("/pipeline-couplings")[0]["created_at"].endswith("+00:00")


def test_an_unknown_promotion_is_not_found(ana: Caller) -> None:
    assert ana.refused("GET", f"/pipeline-promotions/{UNKNOWN}") == (404, "not_found")
