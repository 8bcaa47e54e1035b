"""Answers about releases that are behind, and answers that say something else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulator.world import World
from tests.emulator.callers import Caller


def _pass(world: World, seconds: float) -> None:
    world.advance(timedelta(seconds=seconds))


def _current(ana: Caller, app: str = "staging") -> int:
    return int(ana.current(app)["version"])


def _release(ana: Caller, app: str = "production") -> int:
    slug = ana.current("staging")["slug"]["id"]
    return int(ana.post(f"/apps/{app}/releases", {"slug": slug})["version"])


def test_a_list_shows_what_was_so_many_seconds_ago(ana: Caller, world: World) -> None:
    ana.deploy()
    _pass(world, 30)
    ana.deploy()
    ana.control("faults", {"kind": "lag", "app": "staging", "seconds": 20})

    seen = [(ana.versions(), _current(ana))]
    for _ in range(2):
        _pass(world, 10)
        seen.append((ana.versions(), _current(ana)))

    assert seen == [([1, 2, 3], 3), ([1, 2, 3], 3), ([1, 2, 3, 4], 4)]


def test_an_end_of_a_phase_is_seen_late_too(ana: Caller, world: World) -> None:
    ana.deploy()
    ana.control("apps/staging", {"release_phase": {"seconds": None}}, "PATCH")
    ana.deploy()
    _pass(world, 30)
    ana.control("apps/staging/releases/4", {"status": "failed"})
    ana.control("faults", {"kind": "lag", "seconds": 20})

    late = ana.get("/apps/staging/releases/4")["status"]
    _pass(world, 20)

    assert (late, ana.get("/apps/staging/releases/4")["status"]) == ("pending", "failed")


def test_current_alone_may_be_late(ana: Caller, world: World) -> None:
    ana.deploy()
    _pass(world, 30)
    ana.deploy()
    ana.control("faults", {"kind": "lag", "of": "current", "seconds": 0.3})

    late = (ana.versions(), _current(ana))
    _pass(world, 0.3)

    assert (late, _current(ana)) == (([1, 2, 3, 4], 3), 4)


def test_what_was_answered_201_may_not_be_listed_yet(ana: Caller, world: World) -> None:
    ana.deploy()
    ana.deploy("production")
    _pass(world, 30)
    ana.control("faults", {"kind": "lag", "of": "new", "seconds": 10})

    assert _release(ana) == 4
    assert (ana.versions("production"), _current(ana, "production")) == ([1, 2, 3], 3)
    assert ana.refused("GET", "/apps/production/releases/4") == (404, "not_found")
    _pass(world, 10)
    assert (ana.versions("production"), _current(ana, "production")) == ([1, 2, 3, 4], 4)
    assert ana.get("/apps/production/releases/4")["current"]


def test_a_status_that_changes_is_seen_beside_what_is_not_listed(ana: Caller, world: World) -> None:
    ana.control("apps/staging", {"release_phase": {"seconds": None}}, "PATCH")
    ana.deploy()
    _pass(world, 30)
    ana.control("faults", {"kind": "lag", "of": "new", "seconds": 10})
    ana.control("apps/staging/releases/3", {"status": "succeeded"})
    ana.deploy()

    assert ana.versions() == [1, 2, 3]
    assert (_current(ana), ana.current()["status"]) == (3, "succeeded")


def test_old_copies_come_in_any_order_and_the_same_for_a_seed(ana: Caller, world: World) -> None:
    for _ in range(8):
        ana.deploy()
        _pass(world, 5)

    def seen(**values: Any) -> list[int]:
        ana.control("faults", method="DELETE")
        ana.control("faults", {"kind": "copy", "seconds": 21, **values})
        return [len(ana.versions()) for _ in range(30)]

    first = seen(seed=3)

    assert set(first) <= set(range(6, 11))
    assert len(set(first)) > 2
    assert first != sorted(first)
    assert seen(seed=3) == first
    assert seen(seed=4) != first


def test_a_fault_strikes_by_chance_and_the_same_for_a_seed(ana: Caller, world: World) -> None:
    ana.deploy()
    _pass(world, 30)
    ana.deploy()

    def struck(**values: Any) -> list[bool]:
        ana.control("faults", method="DELETE")
        ana.control("faults", {"kind": "lag", "seconds": 20, "chance": 0.5, **values})
        return [len(ana.versions()) == 3 for _ in range(40)]

    first = struck(seed=1)

    assert 8 < sum(first) < 32
    assert struck(seed=1) == first
    assert struck(seed=2) != first
    assert not any(struck(chance=0))
    assert sum(struck(times=3)) == 3
    fault = ana.control("faults", method="GET")[0]
    assert (fault["seen"], fault["matched"] > 3) == (3, True)


def test_an_answer_may_be_frozen_for_so_many_readings(ana: Caller) -> None:
    ana.deploy()
    ana.control("faults", {"kind": "frozen", "app": "staging", "times": 2})
    ana.deploy()

    assert [len(ana.versions()) for _ in range(3)] == [3, 3, 4]


def test_a_fault_of_an_app_strikes_it_by_name_and_by_id_and_no_other(ana: Caller) -> None:
    for app in ("staging", "production"):
        ana.deploy(app)
    ids = {app["name"]: app["id"] for app in ana.get("/apps")}
    ana.control("faults", {"kind": "frozen", "app": "staging"})
    for app in ("staging", "production"):
        ana.deploy(app)

    seen = [len(ana.versions(app)) for app in ("staging", ids["staging"], "production")]
    ana.control("faults", method="DELETE")
    ana.control("faults", {"kind": "status", "app": ids["production"], "status": 500})
    statuses = [ana.ask("GET", f"/apps/{app}").status_code for app in ("staging", "production")]

    assert seen == [3, 3, 4]
    assert statuses == [200, 500]


def test_nothing_but_answers_is_behind(ana: Caller) -> None:
    ana.deploy()
    ana.control("faults", {"kind": "frozen"})

    made = [_release(ana, "staging") for _ in range(2)]

    assert made == [4, 5]
    assert ana.versions() == [1, 2, 3]
    truth = ana.control("apps/staging/releases", method="GET")
    assert [(each["version"], each["current"]) for each in truth][-2:] == [(4, False), (5, True)]


def test_a_lag_is_seen_in_the_log_and_stands_beside_another_fault(ana: Caller) -> None:
    ana.deploy()
    ana.control("faults", {"kind": "frozen", "times": 1})
    ana.control("faults", {"kind": "status", "status": 500, "skip": 1})

    ana.versions()
    ana.refused("GET", "/apps/staging/releases")

    log = ana.control("requests", method="GET")[-2:]
    assert [each["fault"] for each in log] == ["frozen", "status"]


def test_an_answer_may_lack_a_word_or_have_an_unknown_one(ana: Caller) -> None:
    ana.deploy()
    edit = {"kind": "edit", "drop": ["slug"], "set": {"status": "odd", "colour": "red"}}
    ana.control("faults", edit)

    one, listed = ana.get("/apps/staging/releases/3"), ana.get("/apps/staging/releases")[-1]

    assert one == listed
    assert (one["status"], one["colour"], "slug" in one) == ("odd", "red", False)
    assert ana.refused("GET", "/apps/staging/releases/9") == (404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lag", "of": "everything"},
        {"kind": "lag", "chance": 1.1},
        {"kind": "lag", "chance": "often"},
        {"kind": "edit", "drop": "slug"},
        {"kind": "edit", "set": ["slug"]},
        {"kind": "lag", "seed": -1},
    ],
)
def test_a_lag_that_makes_no_sense_is_refused(ana: Caller, wrong: Any) -> None:
    assert ana.ask("POST", "/_emulator/faults", wrong).status_code == 422
