"""A rule may want production to have what staging has: names are compared, and only names."""

from __future__ import annotations

import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

SECRET = "s3cr3t-of-staging"
NAMES = "GET /apps/{}/config-vars"


@pytest.fixture
def alike(bare: Stage) -> Stage:
    """A rule that compares the names of config vars; staging has one more than production."""
    bare.add_rule(conditions={"parity": ["config-names"]})
    bare.control(f"apps/{STAGING}/config", {"NEW_KEY": SECRET})
    return bare


def gate(stage: Stage, version: int) -> dict[str, object]:
    """What the gate said last."""
    return next(g for g in stage.promotion(version).gates if g["name"] == "parity")


def test_a_name_that_the_target_lacks_holds_back_until_it_is_there(alike: Stage) -> None:
    version = alike.deploy()
    alike.look()
    row = alike.promotion(version)
    assert row.status is Status.WAITING
    assert row.reason == (
        f"{PROD} lacks config vars of {STAGING}: NEW_KEY."
        f" Mend it: `heroku config:set NEW_KEY=… -a {PROD}`"
    )
    assert gate(alike, version)["facts"] == {"config_vars_missing": ["NEW_KEY"]}
    assert SECRET not in str(row)

    alike.control(f"apps/{PROD}/config", {"NEW_KEY": "another"})
    alike.age(minutes=1)
    assert alike.promotion(version).status is Status.SUCCEEDED
    assert gate(alike, version)["verdict"] == "pass"


def test_each_name_is_read_once_for_a_decision_and_its_post(alike: Stage) -> None:
    alike.control(f"apps/{PROD}/config", {"NEW_KEY": "another"})
    alike.wire.take_calls()
    alike.deploy()
    alike.look()
    calls = alike.wire.take_calls()
    for app in (STAGING, PROD):
        assert calls.count(NAMES.format(alike.app(app).id)) == 1
    assert not [call for call in calls if "buildpack" in call]


def test_nothing_is_compared_while_something_else_stands_in_the_way(alike: Stage) -> None:
    alike.change_rule(conditions={"parity": ["config-names"], "soak": "30m"})
    alike.deploy()
    alike.look()
    assert not [call for call in alike.wire.take_calls() if "config-vars" in call]


def test_what_cannot_be_read_is_no_yes_and_is_read_again(alike: Stage) -> None:
    alike.control(f"apps/{PROD}/config", {"NEW_KEY": "another"})
    path = f"/apps/{alike.app(PROD).id}/config-vars"
    forbidden = wire.answers(403, applied=False)
    alike.wire.put(forbidden, method="GET", path=path, times=2)  # before the lists, and after
    version = alike.deploy()
    alike.look()
    row = alike.promotion(version)
    assert row.status is Status.WAITING
    assert gate(alike, version)["verdict"] == "error"
    assert f"The names of the config vars of {PROD} could not be read" in row.reason

    alike.age(minutes=2)
    assert alike.promotion(version).status is Status.SUCCEEDED


def test_buildpacks_that_differ_hold_back(bare: Stage) -> None:
    bare.add_rule(conditions={"parity": ["stack", "buildpacks"]})
    bare.control(f"apps/{STAGING}", {"buildpacks": ["heroku/python"]}, method="PATCH")
    bare.control(f"apps/{PROD}", {"buildpacks": ["heroku/ruby"]}, method="PATCH")
    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).reason == (
        f"{STAGING} builds with heroku/python, {PROD} with heroku/ruby."
        f" Mend it: `heroku buildpacks:set heroku/python -a {PROD}`"
    )
