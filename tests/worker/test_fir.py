"""Fir apps: images go by pipeline whatever the rule says, and back by Heroku's own rollback."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from listener.core.promotion import Status
from listener.core.rule import Strategy
from listener.services.rollback import NewRollback
from tests.worker import wire
from tests.worker.emulated import BO, PROD, ROBOT
from tests.worker.pipes import PROMOTIONS, artifacts, couple
from tests.worker.site import Site
from tests.worker.stage import Stage

SPRUCE, LARCH = "acme-spruce", "acme-larch"


@pytest.fixture
def firs(bare: Stage) -> Stage:
    """Two Fir apps in one pipeline, and a rule between them that says slug."""
    for name in (SPRUCE, LARCH):
        bare.make_app(name, generation="fir")
    couple(bare, SPRUCE, LARCH)
    bare.add_rule(source=SPRUCE, targets=(LARCH,), strategy=Strategy.SLUG)
    return bare


@pytest.fixture
def grown(bare: Stage) -> Stage:
    """Production on Fir, with an image to go back to, and config of now."""
    bare.control(f"apps/{PROD}", {"generation": "fir"}, "PATCH")
    bare.deploy(PROD)
    bare.deploy(PROD)
    bare.configure(PROD)
    return bare


def last(stage: Stage) -> Any:
    return stage.promotions()[-1]


def test_a_rule_that_says_slug_promotes_the_image_by_pipeline(firs: Stage) -> None:
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)

    row = last(firs)
    assert (row.status, row.artifact_type) == (Status.SUCCEEDED, "oci-image")
    assert artifacts(firs, LARCH)[-1] == artifacts(firs, SPRUCE)[-1] == row.artifact
    assert [post.strategy for post in firs.posts()] == ["pipeline"]
    assert firs.wire.take_calls().count("POST /pipeline-promotions") == 1


def test_a_webhook_about_an_image_is_enough(firs: Stage) -> None:
    version = firs.deploy(SPRUCE)
    firs.tell(version, SPRUCE)  # it names no slug
    firs.work()

    assert last(firs).status is Status.SUCCEEDED
    assert firs.outcomes() == [f"v{version} is a deploy: promotion {last(firs).id}"]


def test_no_slug_is_asked_for(firs: Stage) -> None:
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)

    assert not [call for call in firs.wire.take_calls() if "/slugs/" in call]


@pytest.mark.parametrize("generation", ["fir", {"id": "1", "name": "fir"}])
@pytest.mark.parametrize("stack", [None, {"id": "2", "name": "cnb"}])
def test_whatever_form_heroku_gives_the_facts_in(
    firs: Stage, generation: object, stack: object
) -> None:
    told = {"generation": generation, "stack": stack}
    firs.wire.put(
        wire.edited(lambda app: {**app, **told}), method="GET", path="/apps/[^/]+", times=9
    )
    with firs.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET facts_at = NULL, generation = 'cedar', stack = NULL")
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)

    assert last(firs).status is Status.SUCCEEDED


def test_a_lost_answer_about_an_image_is_adopted(firs: Stage) -> None:
    firs.wire.put(wire.answer_lost, path=PROMOTIONS)
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)

    assert last(firs).status is Status.SUCCEEDED
    assert artifacts(firs, LARCH).count(last(firs).artifact) == 1


def test_what_larch_was_rolled_back_from_does_not_return_by_itself(firs: Stage) -> None:
    before = firs.current(LARCH)
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)
    firs.roll_back(LARCH, before)
    firs.reconcile()

    assert [hold.kind for hold in firs.held(LARCH)] == ["detected"]
    with firs.database.begin() as conn:
        for table in ("notice", "post", "promotion_event", "shipment", "promotion"):
            conn.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
        conn.exec_driver_sql("UPDATE rule_target SET baseline = 3")
        conn.exec_driver_sql("UPDATE release SET is_decided = false")
    firs.release_hold(LARCH)
    firs.look(SPRUCE)
    assert last(firs).status is Status.REJECTED


# Rolling back.


def test_it_goes_back_by_release_with_its_config_vars(grown: Stage) -> None:
    bodies: list[bytes] = []

    def keep(request: httpx.Request, send: wire.Send) -> httpx.Response:
        bodies.append(request.content)
        return send()

    grown.wire.put(keep)
    grown.ask_rollback()
    grown.work()

    row, (post,) = last(grown), grown.posts()
    assert (row.status, row.target_version) == (Status.ROLLED_BACK, grown.current())
    assert bodies == [f'{{"release":"{row.release_id}"}}'.encode()]
    assert row.reason.endswith(", config vars included.")
    assert (post.strategy, post.outcome) == ("pipeline", "accepted")
    assert post.account_id is not None
    assert [hold.kind for hold in grown.held()] == ["rollback"]


def test_its_lost_answer_is_adopted_by_artifact_and_account(grown: Stage) -> None:
    grown.wire.put(wire.answer_lost)
    before = grown.current()
    grown.ask_rollback()
    grown.work()

    assert last(grown).status is Status.ROLLED_BACK
    assert (grown.current(), grown.posts_sent()) == (before + 1, 1)


def test_what_somebody_else_rolled_back_meanwhile_is_not_ours(grown: Stage) -> None:
    grown.wire.put(wire.lost)
    grown.ask_rollback()
    grown.work()
    grown.control(f"apps/{PROD}/rollbacks", {"release": last(grown).version, "user": BO})
    grown.age(seconds=61)

    row = last(grown)
    assert (row.status, row.target_version) == (Status.FAILED, None)
    assert grown.posts_sent() == 1


def test_its_lost_post_is_sent_again_while_the_same_code_still_runs(grown: Stage) -> None:
    grown.wire.put(wire.lost)
    grown.ask_rollback()
    grown.work()
    assert last(grown).status is Status.ROLLING_BACK
    grown.age(seconds=61)

    assert last(grown).status is Status.ROLLED_BACK
    assert grown.posts_sent() == 2


def test_it_waits_until_our_account_is_known(grown: Stage) -> None:
    grown.wire.put(wire.answers(503, applied=False), method="GET", path="/account")
    grown.ask_rollback()
    grown.work()
    assert (last(grown).status, grown.posts_sent()) == (Status.WAITING, 0)

    grown.age(seconds=6)
    assert last(grown).status is Status.ROLLED_BACK


def test_a_failing_phase_ends_it_as_failed_with_a_hold(grown: Stage) -> None:
    grown.phase(PROD)
    grown.ask_rollback()
    grown.work()
    assert last(grown).status is Status.ROLLING_BACK
    grown.finish(PROD, int(last(grown).target_version or 0), "failed")
    grown.age(seconds=2)

    assert last(grown).status is Status.FAILED
    assert {hold.kind for hold in grown.held()} == {"rollback", "guard"}


def test_an_image_other_than_the_one_asked_for_is_no_rollback(grown: Stage) -> None:
    def other(found: Any) -> Any:
        return {**found, "artifacts": [{"type": "oci-image", "id": "another"}]}

    grown.wire.put(wire.edited(other))
    grown.ask_rollback()
    grown.work()

    row = last(grown)
    assert row.status is Status.ERRORED
    assert "runs another" in row.reason


def test_what_is_under_way_is_no_strangers_though_it_takes_the_target_back(firs: Stage) -> None:
    """Whoever reads the target while the rollback is in doubt knows what came of it."""
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)
    firs.wire.put(wire.lost)
    wish = NewRollback(app=LARCH, to=None, reason="it is slow")
    row = firs.desk.roll_back(wish, by="ana@example.com").promotion.row
    firs.work()
    firs.control(f"apps/{LARCH}/rollbacks", {"release": row.version, "user": ROBOT})
    firs.reconcile_only()
    while firs.step(firs.looking):
        pass
    assert [hold.kind for hold in firs.held(LARCH)] == ["rollback"]

    firs.age(seconds=6)
    assert last(firs).status is Status.ROLLED_BACK
    assert [hold.kind for hold in firs.held(LARCH)] == ["rollback"]


@pytest.fixture
def verified(bare: Stage, site: Site) -> Stage:
    """Two Fir apps, and a rule that has the second verified and goes back by itself."""
    for name in (SPRUCE, LARCH):
        bare.make_app(name, generation="fir")
    couple(bare, SPRUCE, LARCH)
    conditions = {"verify": [site.url], "verify_for": "5s", "on_failure": "rollback"}
    bare.add_rule(source=SPRUCE, targets=(LARCH,), conditions=conditions)
    return bare


@pytest.mark.parametrize("trouble", [None, wire.answer_lost, wire.lost])
def test_an_image_after_which_it_is_not_well_goes_back_by_the_release_that_ran_before(
    verified: Stage, site: Site, trouble: wire.Around | None
) -> None:
    before = artifacts(verified, LARCH)[-1]
    verified.deploy(SPRUCE)
    verified.look(SPRUCE)
    assert last(verified).status is Status.VERIFYING
    site.status = 503
    if trouble is not None:
        verified.wire.put(trouble, path="/apps/[^/]+/releases")
    for _ in range(5):
        verified.age(seconds=1)
    verified.age(seconds=61)

    assert last(verified).status is Status.ROLLED_BACK
    assert "config vars included" in last(verified).reason
    assert artifacts(verified, LARCH)[-1] == before
    assert [post.strategy for post in verified.posts()] == ["pipeline", "pipeline"]
    assert [hold.kind for hold in verified.held(LARCH)] == ["guard"]
    verified.reconcile()
    assert [hold.kind for hold in verified.held(LARCH)] == ["guard"]


def test_an_image_is_not_sent_back_twice_under_two_users(verified: Stage, site: Site) -> None:
    verified.deploy(SPRUCE)
    verified.look(SPRUCE)
    site.status = 503
    verified.wire.put(wire.lost, path="/apps/[^/]+/releases")
    for _ in range(5):
        verified.age(seconds=1)
    assert last(verified).status is Status.ROLLING_BACK
    with verified.database.begin() as conn:
        conn.exec_driver_sql("UPDATE post SET account_id = 'another' WHERE kind = 'rollback'")
    verified.age(seconds=61)

    assert last(verified).status is Status.FAILED
    assert "another Heroku user" in last(verified).reason
    assert verified.posts()[-1].sends == 1


def parity_of(stage: Stage) -> Any:
    return next(gate for gate in last(stage).gates if gate["name"] == "parity")


@pytest.fixture
def compared(bare: Stage) -> Stage:
    """A rule that wants the same buildpacks; the target runs an image of its own."""
    for name in (SPRUCE, LARCH):
        bare.make_app(name, generation="fir")
    couple(bare, SPRUCE, LARCH)
    bare.deploy(LARCH, buildpacks=["heroku/go"])
    bare.add_rule(source=SPRUCE, targets=(LARCH,), conditions={"parity": ["buildpacks"]})
    return bare


def test_images_that_were_built_with_other_buildpacks_are_not_alike(compared: Stage) -> None:
    """Fir apps have no buildpack installations: two empty lists say nothing."""
    compared.deploy(SPRUCE, buildpacks=["heroku/python"])
    compared.look(SPRUCE)

    assert (last(compared).status, parity_of(compared)["verdict"]) == (Status.WAITING, "wait")
    assert f"{SPRUCE} builds with heroku/python, {LARCH} with heroku/go." in last(compared).reason


def test_images_that_were_built_with_the_same_buildpacks_are_alike(compared: Stage) -> None:
    compared.deploy(SPRUCE, buildpacks=["heroku/go"])
    compared.look(SPRUCE)

    assert (last(compared).status, parity_of(compared)["verdict"]) == (Status.SUCCEEDED, "pass")


def test_an_image_that_does_not_say_what_it_was_built_with_is_no_yes(compared: Stage) -> None:
    compared.deploy(SPRUCE, buildpacks=[])
    compared.look(SPRUCE)

    assert (last(compared).status, parity_of(compared)["verdict"]) == (Status.WAITING, "error")
    assert "it cannot be told" in parity_of(compared)["message"]
