"""Before and after the post, on real processes: a checked site, a production that breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.town import Town, wait_until
from tests.worker.site import Site

pytestmark = pytest.mark.acceptance


@pytest.fixture
def site() -> Iterator[Site]:
    """Production, as far as its health goes."""
    with Site().open() as made:
        yield made


@pytest.fixture
def near(bare_town: Town) -> Town:
    """A listener that may ask sites on this machine."""
    bare_town.start(AUTOPROMOTE_ALLOW_PRIVATE_CHECKS="1")
    return bare_town


def verified(town: Town, site: Site, on_failure: str = "rollback", lasts: str = "2s") -> None:
    """Apps, and a rule that has production verified for so long."""
    flags = {"verify": site.url, "verify-for": lasts, "on-failure": on_failure}
    town.pair("acme-staging", "acme-prod", **flags)


def test_production_that_turns_bad_is_rolled_back_once_and_the_slug_stays_away(
    near: Town, site: Site
) -> None:
    verified(near, site, lasts="10s")  # it turns bad while it is verified, however slow we are
    near.start(second=True, AUTOPROMOTE_ALLOW_PRIVATE_CHECKS="1")
    before = near.heroku.current("acme-prod")["slug"]["id"]
    deployed = near.heroku.deploy("acme-staging")
    near.wait_for("verifying", deployed["version"])
    wait_until(lambda: site.asked, "a first question")
    site.status = 503
    promotion = near.wait_for("rolled_back", deployed["version"])

    slugs = [post["body"]["slug"] for post in near.heroku.posts("acme-prod")]
    assert slugs == [deployed["slug"]["id"], before]
    assert near.heroku.current("acme-prod")["slug"]["id"] == before
    assert promotion["verification"]["outcome"] == "bad"
    assert promotion["target"]["release"]["version"] == (
        near.heroku.current("acme-prod")["version"] - 1
    )
    (hold,) = near.json("holds")
    assert hold["reason"].startswith(f"Promotion {promotion['id']} was rolled back.")
    shown = near.cli("promotions:info", promotion["id"])
    assert f"the last bad one: {site.url} answered 503" in shown

    # A person releases the hold: the slug does not return by itself, a fix goes.
    site.status = 200
    near.cli("holds:release", "-a", "acme-prod")
    near.heroku.control("apps/acme-staging/config", {"FOO": "bar"})
    fix = near.heroku.deploy("acme-staging")
    near.wait_for("succeeded", fix["version"])
    slugs = [post["body"]["slug"] for post in near.heroku.posts("acme-prod")]
    assert slugs == [deployed["slug"]["id"], before, fix["slug"]["id"]]


def test_by_hand_one_waits_until_it_is_verified(near: Town, site: Site) -> None:
    verified(near, site, lasts="5s")  # a second apart: we are in time for each question
    ends = near.cli("promote", "-a", "acme-staging", "--to", "acme-prod", "--wait")
    assert "acme-prod v" in ends
    assert ": succeeded (Released as v" in ends
    assert re.search(r"\b([5-9]) of \1 answers", ends)
    site.status = 500
    near.heroku.deploy("acme-staging")
    near.wait_for("rolled_back")
    near.cli("holds:release", "-a", "acme-prod")
    ends = near.cli("promote", "-a", "acme-staging", "--to", "acme-prod", "--wait", expect=1)
    assert re.search(r": rolled_back \(0 of [5-9] answers", ends)


def test_a_killed_dyno_leaves_the_way_back_to_another(near: Town, site: Site) -> None:
    verified(near, site, lasts="10s")  # it is killed while it verifies, however slow we are
    site.status = 503
    deployed = near.heroku.deploy("acme-staging")
    near.wait_for("verifying", deployed["version"])
    near.dynos[-1].process.kill()
    near.start(AUTOPROMOTE_ALLOW_PRIVATE_CHECKS="1")
    near.wait_for("rolled_back", deployed["version"])
    assert len(near.heroku.posts("acme-prod")) == 2


def test_a_release_waits_for_good_answers_in_a_row(near: Town, site: Site) -> None:
    site.status = 503
    near.pair("acme-staging", "acme-prod", check=site.url)
    deployed = near.heroku.deploy("acme-staging")
    wait_until(lambda: site.asked, "a first question")
    assert f"{site.url} answered 503; 3 good answers in a row are needed." in wait_until(
        lambda: near.cli("explain", "-a", "acme-staging") if site.asked else None, "its sentence"
    )
    site.status = 200
    near.wait_for("succeeded", deployed["version"])
    assert site.asked >= 4


def test_a_site_on_this_machine_is_never_asked_unless_that_is_allowed(
    bare_town: Town, site: Site
) -> None:
    bare_town.start()
    bare_town.pair("acme-staging", "acme-prod", check=site.url)
    bare_town.heroku.deploy("acme-staging")

    def why() -> bool:
        promotion = bare_town.wait_for("waiting")
        return "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS=1" in promotion["reason"]

    wait_until(why, "the sentence")
    assert site.peer.connections == 0
