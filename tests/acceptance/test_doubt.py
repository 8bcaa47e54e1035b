"""Whatever becomes of the POST or of the dyno: exactly one release, and the promotion ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.town import ENDED, PATIENCE, Town, wait_until

pytestmark = pytest.mark.acceptance

A_MINUTE_OF_LOOKS = 200.0


def _releases_with(town: Town, slug: str) -> list[Any]:
    found = town.heroku.releases("acme-prod")
    return [one for one in found if (one["slug"] or {}).get("id") == slug]


def _end_of(town: Town, version: int, patience: float = PATIENCE) -> Any:
    def look() -> Any:
        for one in town.promotions():
            if one["source"]["release"]["version"] == version and one["status"] in ENDED:
                return one
        return None

    return wait_until(look, f"an end of v{version}; there are {town.promotions()}", patience)


@pytest.mark.parametrize(
    ("fault", "sends"),
    [
        ({"kind": "reset", "applied": True}, 1),
        ({"kind": "cut", "applied": True}, 1),
        ({"kind": "status", "status": 502, "applied": True}, 1),
        ({"kind": "status", "status": 408, "applied": True}, 1),
        ({"kind": "status", "status": 429, "applied": False}, 2),
    ],
    ids=lambda value: "-".join(str(v) for v in value.values()) if isinstance(value, dict) else None,
)
def test_a_lost_answer_is_found_again(town: Town, fault: dict[str, Any], sends: int) -> None:
    town.pair()
    town.heroku.fault(path="/apps/[^/]+/releases$", times=1, **fault)

    release = town.heroku.deploy("acme-staging")
    promotion = _end_of(town, release["version"], A_MINUTE_OF_LOOKS)

    assert promotion["status"] == "succeeded"
    assert len(_releases_with(town, release["slug"]["id"])) == 1
    assert len(town.heroku.posts("acme-prod")) == sends


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset", "applied": False},
        {"kind": "cut", "applied": False},
        {"kind": "status", "status": 500, "applied": False},
        {"kind": "latency", "before": 35},
        {"kind": "latency", "after": 35},
    ],
    ids=["reset", "cut", "500", "slow-before", "slow-after"],
)
def test_a_post_that_may_have_been_lost_is_sent_again_only_after_the_last_look(
    town: Town, fault: dict[str, Any]
) -> None:
    town.pair()
    town.heroku.fault(path="/apps/[^/]+/releases$", times=1, **fault)

    release = town.heroku.deploy("acme-staging")
    promotion = _end_of(town, release["version"], A_MINUTE_OF_LOOKS)

    assert promotion["status"] == "succeeded"
    assert len(_releases_with(town, release["slug"]["id"])) == 1


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, {"id": "forbidden", "message": "You do not have access."}, "You do not have access."),
        (403, {"id": "two_factor", "message": "A second factor is needed."}, "second factor"),
        (422, {"id": "invalid_params", "message": "Slug not compatible with space"}, "space"),
        (404, {"id": "not_found", "message": "Couldn't find that app."}, "find that app"),
    ],
)
def test_a_definite_no_ends_as_failed_in_herokus_words(
    town: Town, status: int, body: dict[str, str], words: str
) -> None:
    town.pair()
    town.heroku.fault("status", path="/apps/[^/]+/releases$", times=1, status=status, body=body)

    release = town.heroku.deploy("acme-staging")
    promotion = _end_of(town, release["version"])

    assert promotion["status"] == "failed"
    assert words in promotion["reason"]
    assert _releases_with(town, release["slug"]["id"]) == []


def test_a_failed_release_phase_on_production_ends_as_failed(town: Town) -> None:
    town.pair()
    town.heroku.control(
        "apps/acme-prod", {"release_phase": {"seconds": 0.2, "fails": True}}, "PATCH"
    )

    release = town.heroku.deploy("acme-staging")
    promotion = _end_of(town, release["version"])

    assert promotion["status"] == "failed"
    assert "release phase" in promotion["reason"]
    assert len(town.heroku.posts("acme-prod")) == 1


# The state boundaries at which a dyno vanishes: what is made slow, and the request to wait for.
KILLS: dict[str, dict[str, Any]] = {
    "reading-the-source": {"method": "GET", "skip": 0, "before": 9},
    "reading-the-target": {"method": "GET", "skip": 1, "before": 9},
    "post-not-applied": {"method": "POST", "before": 9},
    "post-applied": {"method": "POST", "after": 9},
}


@pytest.mark.slow
@pytest.mark.parametrize("has_second", [False, True], ids=["restarted", "second-dyno"])
@pytest.mark.parametrize("boundary", KILLS)
def test_a_dyno_killed_in_the_middle_leaves_exactly_one_release(
    town: Town, boundary: str, has_second: bool
) -> None:
    town.pair()
    first = town.dynos[0]
    town.heroku.control("requests", method="DELETE")
    fault = KILLS[boundary]
    town.heroku.fault("latency", path="/apps/[^/]+/releases", times=1, **fault)

    release = town.heroku.deploy("acme-staging")
    wait_until(lambda: town.heroku.control("faults", method="GET")[0]["seen"], "the slow request")
    second = town.start(second=True) if has_second else None
    first.process.kill()
    if second is None:
        town.start()
    else:
        town.url = second.url
    promotion = _end_of(town, release["version"], A_MINUTE_OF_LOOKS + 40)

    assert promotion["status"] == "succeeded"
    assert len(_releases_with(town, release["slug"]["id"])) == 1


@pytest.mark.slow
def test_a_dyno_killed_during_the_release_phase_is_followed_by_another(town: Town) -> None:
    town.pair()
    town.heroku.control(
        "apps/acme-prod", {"release_phase": {"seconds": 3600, "fails": False}}, "PATCH"
    )
    release = town.heroku.deploy("acme-staging")
    releasing = town.wait_for("releasing", release["version"])

    town.dynos[0].process.kill()
    town.start()
    version = releasing["target"]["release"]["version"]
    town.heroku.control(f"apps/acme-prod/releases/{version}", {"status": "succeeded"})
    promotion = _end_of(town, release["version"], A_MINUTE_OF_LOOKS)

    assert promotion["status"] == "succeeded"
    assert len(town.heroku.posts("acme-prod")) == 1


def test_sigterm_ends_a_dyno_in_time_and_loses_nothing(town: Town) -> None:
    town.pair()
    town.heroku.fault("latency", times=1, method="GET", path="/apps/[^/]+/releases$", before=3)
    release = town.heroku.deploy("acme-staging")
    wait_until(lambda: town.heroku.control("faults", method="GET")[0]["seen"], "the slow request")

    assert town.dynos[0].process.stop(patience=25) == 0
    town.start()
    promotion = _end_of(town, release["version"], A_MINUTE_OF_LOOKS)

    assert promotion["status"] == "succeeded"
    assert len(_releases_with(town, release["slug"]["id"])) == 1
