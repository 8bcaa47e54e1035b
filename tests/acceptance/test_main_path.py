"""The promise of the README, from login to production, on real processes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import patient
from tests.acceptance.town import Town, wait_until

pytestmark = pytest.mark.acceptance


def now() -> datetime:
    return datetime.now(UTC)


def second_after(release: dict[str, Any]) -> datetime:
    """Heroku dates releases by whole seconds, and only a later one is newer than another app's."""
    return datetime.fromisoformat(release["created_at"]) + timedelta(seconds=1)


def test_a_staging_deploy_reaches_production_once_with_the_very_slug(town: Town) -> None:
    town.pair()
    town.heroku.control("requests", method="DELETE")

    release = town.heroku.deploy("acme-staging")
    promotion = town.wait_for("succeeded")
    town.heroku.wait_for_deliveries()

    assert [post["body"]["slug"] for post in town.heroku.posts("acme-prod")] == [
        release["slug"]["id"]
    ]
    assert town.heroku.current("acme-prod")["slug"]["id"] == release["slug"]["id"]
    assert promotion["target"]["release"]["version"] == town.heroku.current("acme-prod")["version"]
    assert [gate["verdict"] for gate in promotion["gates"]] == ["pass"] * 5


def test_one_target_costs_three_calls_and_two_cost_five(town: Town) -> None:
    town.pair("acme-staging", "acme-prod", "acme-prod-eu")
    # Facts older than two seconds are read again, which a busy machine may need now and then.
    assert any(_calls_of_a_deploy(town) == FIVE_CALLS for _ in range(4))


FIVE_CALLS = [
    "GET /apps/acme-prod-eu/releases",
    "GET /apps/acme-prod/releases",
    "GET /apps/acme-staging/releases",
    "POST /apps/acme-prod-eu/releases",
    "POST /apps/acme-prod/releases",
]


def _calls_of_a_deploy(town: Town) -> list[str]:
    town.heroku.control("requests", method="DELETE")
    version = town.heroku.deploy("acme-staging")["version"]
    town.wait_for("succeeded", version, target="acme-prod")
    town.wait_for("succeeded", version, target="acme-prod-eu")
    town.heroku.wait_for_deliveries()
    return sorted(f"{call['method']} {call['path']}" for call in town.heroku.requests())


@pytest.mark.parametrize("change", ["config", "addons", "rollbacks", "retries"])
def test_what_brings_no_new_code_is_not_promoted(town: Town, change: str) -> None:
    town.pair()
    before = town.heroku.current("acme-staging")["version"]
    deployed = town.heroku.deploy("acme-staging")["version"]
    town.wait_for("succeeded")
    bodies = {
        "config": {"FOO": "bar"},
        "addons": {"plan": "heroku-redis:mini"},
        "rollbacks": {"release": before},
        "retries": {"release": deployed},
    }

    changed = town.heroku.control(f"apps/acme-staging/{change}", bodies[change])
    outcome = _outcome(town, changed["version"])

    assert outcome.startswith("ignored: ")
    assert len(town.heroku.posts("acme-prod")) == 1
    assert len(town.promotions()) == 1


def _outcome(town: Town, version: int) -> str:
    def look() -> str | None:
        for delivery in town.get("deliveries?app=acme-staging"):
            release = delivery["release"] or {}
            if release.get("version") == version and delivery["settled_at"]:
                return str(delivery["outcome"])
        return None

    return wait_until(look, f"an outcome of v{version}")


def test_a_failed_release_phase_on_staging_that_is_retried_gives_one_promotion(town: Town) -> None:
    town.pair()
    town.heroku.control(
        "apps/acme-staging", {"release_phase": {"seconds": 0.05, "fails": True}}, "PATCH"
    )
    failed = town.heroku.deploy("acme-staging")
    assert _outcome(town, failed["version"]) == f"ignored: v{failed['version']} failed"

    town.heroku.control(
        "apps/acme-staging", {"release_phase": {"seconds": 0.05, "fails": False}}, "PATCH"
    )
    retried = town.heroku.control("apps/acme-staging/retries", {"release": failed["version"]})
    promotion = town.wait_for("succeeded")

    assert promotion["source"]["release"]["version"] == retried["version"]
    assert len(town.heroku.posts("acme-prod")) == 1


def test_a_target_that_runs_it_already_is_skipped_without_a_write(town: Town) -> None:
    town.pair()
    town.heroku.control(
        "apps/acme-staging", {"release_phase": {"seconds": 3600, "fails": False}}, "PATCH"
    )
    release = town.heroku.deploy("acme-staging")
    _promote_by_hand(town, release)
    town.heroku.control(f"apps/acme-staging/releases/{release['version']}", {"status": "succeeded"})

    promotion = town.wait_for("skipped")

    assert "already runs this slug" in promotion["reason"]
    assert town.heroku.posts("acme-prod") == []


def _promote_by_hand(town: Town, release: dict[str, dict[str, str]]) -> None:
    """What a person does with curl, not with us."""
    slug = release["slug"]["id"]
    town.heroku.api("POST", "/apps/acme-prod/releases", {"slug": slug, "description": "Promote"})


def test_a_rollback_on_production_holds_until_released_then_the_newest_goes(town: Town) -> None:
    town.pair()
    first = town.heroku.current("acme-prod")["version"]
    town.heroku.deploy("acme-staging")
    town.wait_for("succeeded")
    back = town.heroku.control("apps/acme-prod/rollbacks", {"release": first})
    wait_until(lambda: now() >= second_after(back), "another second than the rollback's")

    town.heroku.deploy("acme-staging")
    waiting = town.wait_for("waiting")
    wait_until(lambda: town.get("holds?app=acme-prod"), "the hold")
    newest = town.heroku.deploy("acme-staging")
    town.wait_for("waiting", newest["version"])
    town.wait_for("superseded", waiting["source"]["release"]["version"])
    (hold,) = town.json("holds", "-a", "acme-prod")
    assert f"Rollback to v{first}" in hold["reason"]
    assert len(town.heroku.posts("acme-prod")) == 1

    said = town.cli("holds:release", "-a", "acme-prod", "--confirm", "acme-prod")
    town.wait_for("succeeded", newest["version"])

    assert f"v{newest['version']}" in said
    assert town.heroku.current("acme-prod")["slug"] == newest["slug"]
    assert len(town.heroku.posts("acme-prod")) == 2


def test_a_staging_rollback_supersedes_what_waits(town: Town) -> None:
    town.pair()
    before = town.heroku.current("acme-staging")["version"]
    town.cli("holds:add", "-a", "acme-prod", "--reason", "launch day")
    release = town.heroku.deploy("acme-staging")
    town.wait_for("waiting", release["version"])

    town.heroku.control("apps/acme-staging/rollbacks", {"release": before})
    town.heroku.wait_for_deliveries()
    town.cli("holds:release", "-a", "acme-prod", "--confirm", "acme-prod")
    promotion = town.wait_for("superseded", release["version"])

    assert "rolled back" in promotion["reason"]
    assert town.heroku.posts("acme-prod") == []


def test_long_histories_tell_old_slugs_from_new_ones(town: Town) -> None:
    for app in ("acme-staging", "acme-prod"):
        town.heroku.app(app)
        town.heroku.deploy(app)
    oldest = town.heroku.current("acme-staging")["version"]
    town.heroku.control("apps/acme-staging/history", {"releases": 300, "deploy_every": 3})
    town.cli("login")
    town.cli("webhooks:add", "-a", "acme-staging")
    town.cli("rules:add", "ship", "--from", "acme-staging", "--to", "acme-prod")

    back = town.heroku.control("apps/acme-staging/rollbacks", {"release": oldest})
    assert _outcome(town, back["version"]).startswith("ignored: ")
    release = town.heroku.deploy("acme-staging")
    town.wait_for("succeeded", release["version"])

    assert len(town.promotions()) == 1
    assert len(town.heroku.posts("acme-prod")) == 1


def test_unsigned_and_wrongly_signed_deliveries_tell_nothing(town: Town) -> None:
    town.pair()
    url = f"{town.url}/webhooks/heroku"

    bare = patient.post(url, content=b"{}")
    forged = patient.post(url, content=b"{}", headers={"Heroku-Webhook-Hmac-SHA256": "Zm9v"})
    much = b"x" * (1024 * 1024 + 1)
    seen_by_its_head = patient.post(url, content=much)
    well_formed = {"Heroku-Webhook-Hmac-SHA256": base64.b64encode(b"f" * 32).decode()}
    large = patient.post(url, content=much, headers=well_formed)

    answers = (bare, forged, seen_by_its_head, large)
    assert [answer.status_code for answer in answers] == [401, 401, 401, 413]
    assert bare.content == forged.content
