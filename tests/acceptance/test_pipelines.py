"""Fir apps on real processes: from staging to production and back, by pipeline, exactly once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.town import ENDED, Town, wait_until

pytestmark = pytest.mark.acceptance

SPRUCE, LARCH = "acme-spruce", "acme-larch"
ENDING = "/pipeline-promotions"


@pytest.fixture
def firs(town: Town) -> Town:
    """Two Fir apps in one pipeline, and an armed rule between them."""
    for app in (SPRUCE, LARCH):
        town.heroku.app(app, generation="fir")
        town.heroku.deploy(app)
    couplings = {"staging": [SPRUCE], "production": [LARCH]}
    town.heroku.control("pipelines", {"name": "firs", "couplings": couplings})
    town.cli("login")
    town.cli("webhooks:add", "-a", SPRUCE)
    town.cli("rules:add", "ship", "--from", SPRUCE, "--to", LARCH)
    return town


def _end_of(town: Town, version: int) -> Any:
    def look() -> Any:
        for one in town.promotions():
            if one["source"]["release"]["version"] == version and one["status"] in ENDED:
                return one
        return None

    return wait_until(look, f"an end of v{version}; there are {town.promotions()}", 110)


def _times_on_larch(town: Town, release: Any) -> int:
    found = town.heroku.releases(LARCH)
    return sum(one["artifacts"] == release["artifacts"] for one in found)


def test_a_fir_deploy_reaches_production_once_as_the_very_release(firs: Town) -> None:
    shown = firs.cli("rules:info", "ship")
    assert "pipeline (for acme-spruce is a Fir app, and its images go no other way)" in shown
    assert firs.json("rules:info", "ship")["strategy"] == "pipeline"

    release = firs.heroku.deploy(SPRUCE)
    promotion = _end_of(firs, release["version"])
    firs.heroku.wait_for_deliveries()

    (post,) = firs.heroku.requests("POST", ENDING)
    assert post["body"]["source"]["release"] == {"id": release["id"]}
    assert [len(post["body"]["targets"])] == [1]
    assert (promotion["status"], promotion["nonce"]) == ("succeeded", None)
    assert promotion["target"]["release"]["version"] == firs.heroku.current(LARCH)["version"]
    assert firs.heroku.current(LARCH)["artifacts"] == release["artifacts"]
    assert firs.heroku.posts(LARCH) == []
    assert firs.get("holds") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset", "applied": True},
        {"kind": "cut", "applied": True},
        {"kind": "status", "status": 502, "applied": True},
        {"kind": "status", "status": 201, "body": {"status": "pending"}, "applied": True},
    ],
    ids=["reset", "cut", "502", "no-id"],
)
def test_after_a_lost_answer_there_is_still_one_release(firs: Town, fault: dict[str, Any]) -> None:
    firs.heroku.fault(path="/pipeline-promotions$", times=1, **fault)

    release = firs.heroku.deploy(SPRUCE)
    promotion = _end_of(firs, release["version"])

    assert promotion["status"] == "succeeded"
    assert _times_on_larch(firs, release) == 1
    assert len(firs.heroku.requests("POST", ENDING)) == 1
    assert firs.get("holds") == []


def test_a_dyno_killed_while_it_asks_leaves_exactly_one_release(firs: Town) -> None:
    firs.heroku.fault("latency", path="/pipeline-promotions$", times=1, after=9)

    release = firs.heroku.deploy(SPRUCE)
    wait_until(lambda: firs.heroku.control("faults", method="GET")[0]["seen"], "the slow request")
    firs.dynos[0].process.kill()
    firs.start()
    promotion = _end_of(firs, release["version"])

    assert promotion["status"] == "succeeded"
    assert _times_on_larch(firs, release) == 1


def test_a_promotion_that_fails_before_a_release_ends_in_herokus_words(firs: Town) -> None:
    error = "Could not verify slug checksum"
    firs.heroku.control(f"apps/{LARCH}", {"arrival": {"seconds": 0.2, "error": error}}, "PATCH")

    release = firs.heroku.deploy(SPRUCE)
    promotion = _end_of(firs, release["version"])

    assert promotion["status"] == "failed"
    assert promotion["reason"].endswith(error)


def test_by_hand_and_back_with_config_vars(firs: Town) -> None:
    older = firs.heroku.current(SPRUCE)
    done = firs.cli("promote", "-a", SPRUCE, "--to", LARCH, "--wait")
    assert done.startswith(f"⬢ {LARCH} v")
    assert firs.heroku.current(LARCH)["artifacts"] == older["artifacts"]

    begun = firs.cli("rollback", "-a", LARCH, "--reason", "it is slow", "--no-wait")
    assert "with the config vars of then" in begun
    rolled_back = firs.wait_for("rolled_back")
    assert rolled_back["reason"].endswith(", config vars included.")


def test_what_can_never_go_is_refused_at_once(firs: Town) -> None:
    firs.heroku.app("acme-box", container=True)
    firs.heroku.app("acme-birch", generation="fir")
    firs.heroku.deploy("acme-birch")
    box = firs.cli("rules:add", "box", "--from", SPRUCE, "--to", "acme-box", expect=1)
    assert "`heroku container:release`" in box
    lone = firs.cli("promote", "-a", SPRUCE, "--to", "acme-birch", expect=1)
    assert "acme-birch is in no pipeline" in lone
