"""`webhooks:replay` in real processes: it decides again, and never posts what was posted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.acceptance.town import Town, wait_until

pytestmark = pytest.mark.acceptance

SEVERAL = 4


def delivered(town: Town, version: int) -> str:
    """The id of the first settled delivery that told of a release of staging."""

    def look() -> str | None:
        for each in reversed(town.get("deliveries?app=acme-staging")):
            is_it = (each["release"] or {}).get("version") == version
            if is_it and each["settled_at"] is not None:
                return str(each["id"])
        return None

    return wait_until(look, f"a delivery of v{version}")


def posted(town: Town, target: str = "acme-prod") -> int:
    """How many requests for a release arrived."""
    return len(town.heroku.posts(target))


def outline(town: Town) -> list[tuple[str, str, Any]]:
    """The promotions, as far as a replay could change them."""
    return [
        (each["id"], each["status"], (each["target"]["release"] or {}).get("version"))
        for each in town.promotions()
    ]


def test_what_succeeded_is_not_posted_again_however_many_ask_at_once(town: Town) -> None:
    town.pair()
    version = town.heroku.deploy("acme-staging")["version"]
    row = town.wait_for("succeeded", version)
    id, before = delivered(town, version), outline(town)

    with ThreadPoolExecutor(SEVERAL) as pool:
        replay = partial(town.cli, "webhooks:replay", id)
        said = [answer.result() for answer in [pool.submit(replay) for _ in range(SEVERAL)]]

    wanted = f"Delivery {id} of ⬢ acme-staging v{version}: v{version} is a deploy"
    assert said == [f"{wanted}: promotion {row['id']}\n"] * SEVERAL
    assert (posted(town), outline(town)) == (1, before)
    audited = [each for each in town.json("audit") if each["action"] == "delivery.replayed"]
    assert 1 <= len(audited) <= SEVERAL  # one while another is under way changes nothing


def test_what_failed_stays_failed_until_somebody_retries_it(town: Town) -> None:
    town.pair()
    town.heroku.control(
        "apps/acme-prod", {"release_phase": {"seconds": 0.1, "fails": True}}, "PATCH"
    )
    version = town.heroku.deploy("acme-staging")["version"]
    row = town.wait_for("failed", version)
    town.heroku.control("apps/acme-prod", {"release_phase": None}, "PATCH")
    before = outline(town)

    said = town.cli("webhooks:replay", delivered(town, version))

    assert f"promotion {row['id']}" in said
    assert (posted(town), outline(town)) == (1, before)
    town.cli("promotions:retry", row["id"])
    town.wait_for("succeeded", version)
    town.cli("webhooks:replay", delivered(town, version))
    assert posted(town) == 2


def test_one_under_way_is_posted_once(town: Town) -> None:
    town.pair()
    town.heroku.control("apps/acme-prod", {"release_phase": {"seconds": None}}, "PATCH")
    version = town.heroku.deploy("acme-staging")["version"]
    row = town.wait_for("releasing", version)
    id = delivered(town, version)

    for _ in range(2):
        assert f"promotion {row['id']}" in town.cli("webhooks:replay", id)

    assert town.get(f"promotions/{row['id']}")["status"] == "releasing"
    released = town.heroku.releases("acme-prod")[0]["version"]
    ended = {"status": "succeeded"}
    town.heroku.control(f"apps/acme-prod/releases/{released}", ended)
    town.wait_for("succeeded", version)
    assert posted(town) == 1


def test_what_waits_for_an_answer_of_heroku_is_posted_once(town: Town) -> None:
    town.pair()
    town.heroku.fault("latency", path="/apps/[^/]+/releases", after=8)
    version = town.heroku.deploy("acme-staging")["version"]
    town.wait_for("posting", version)
    id = delivered(town, version)

    town.cli("webhooks:replay", id)

    assert town.promotions()[0]["status"] in ("posting", "succeeded")
    town.wait_for("succeeded", version)
    assert posted(town) == 1


def test_what_waits_is_decided_on_again_and_goes_when_it_may(town: Town) -> None:
    town.pair()
    town.cli("holds:add", "-a", "acme-prod", "--reason", "a fair")
    version = town.heroku.deploy("acme-staging")["version"]
    row = town.wait_for("waiting", version)
    id = delivered(town, version)

    assert f"promotion {row['id']}" in town.cli("webhooks:replay", id)

    assert (posted(town), [each["id"] for each in town.promotions()]) == (0, [row["id"]])
    town.cli("holds:release", "-a", "acme-prod", "--confirm", "acme-prod")
    town.wait_for("succeeded", version)
    assert posted(town) == 1


def test_a_rollback_is_not_undone_by_a_replay(town: Town) -> None:
    town.pair()
    first = town.heroku.current("acme-prod")["version"]
    version = town.heroku.deploy("acme-staging")["version"]
    town.wait_for("succeeded", version)
    town.heroku.control("apps/acme-prod/rollbacks", {"release": first})
    runs = town.heroku.current("acme-prod")

    town.cli("webhooks:replay", delivered(town, version))

    assert (posted(town), town.heroku.current("acme-prod")) == (1, runs)
    assert len(town.promotions()) == 1


def test_what_names_no_release_or_is_not_there_is_refused(town: Town) -> None:
    town.pair()
    assert "Couldn't find that delivery." in town.cli("webhooks:replay", "999999", expect=1)
