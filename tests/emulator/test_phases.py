"""Release phases: pending until the command ends, and then one or the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulator.world import World
from tests.emulator.callers import Caller, Receiver


def _pass(world: World, seconds: float) -> None:
    """Let time pass, and what is due then happen."""
    world.advance(timedelta(seconds=seconds))
    due = world.now()
    with world.changed:
        assert world.changed.wait_for(lambda: not _has_due(world, due), 10)


def _has_due(world: World, due: Any) -> bool:
    return any(at <= due for at in world.timetable.times())


def _phase(ana: Caller, seconds: float | None, *, fails: bool = False) -> None:
    ana.control("apps/staging", {"release_phase": {"seconds": seconds, "fails": fails}}, "PATCH")


@pytest.mark.parametrize(("fails", "status"), [(False, "succeeded"), (True, "failed")])
def test_a_release_is_pending_until_its_command_ends(
    ana: Caller, world: World, fails: bool, status: str
) -> None:
    before = ana.deploy()
    _phase(ana, 30, fails=fails)

    made = ana.deploy()
    assert (made["status"], made["current"], made["eligible_for_rollback"]) == (
        "pending",
        False,
        False,
    )
    assert ana.current()["id"] == before["id"]

    _pass(world, 29)
    assert ana.get(f"/apps/staging/releases/{made['id']}")["status"] == "pending"
    _pass(world, 2)
    ended = ana.get(f"/apps/staging/releases/{made['id']}")
    assert (ended["status"], ended["current"]) == (status, not fails)
    assert ana.current()["id"] == (before if fails else made)["id"]


def test_a_release_through_the_api_runs_the_phase_of_its_target(ana: Caller) -> None:
    slug = ana.deploy()["slug"]["id"]
    ana.control("apps/production", {"release_phase": {"seconds": 1}}, "PATCH")

    assert ana.post("/apps/production/releases", {"slug": slug})["status"] == "pending"


def test_an_app_without_code_has_nothing_to_run(ana: Caller) -> None:
    _phase(ana, None)

    assert ana.control("apps/staging/config", {"ONE": "1"})["status"] == "succeeded"


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_phase_without_end_is_ended_by_hand(ana: Caller, status: str) -> None:
    _phase(ana, None)
    version = ana.deploy()["version"]

    ended = ana.control(f"apps/staging/releases/{version}", {"status": status})

    assert (ended["status"], ended["current"]) == (status, status == "succeeded")
    again = ana.ask("POST", f"/_emulator/apps/staging/releases/{version}", {"status": status})
    assert again.status_code == 422


def test_an_older_release_that_ends_later_does_not_take_over(ana: Caller) -> None:
    _phase(ana, None)
    older, newer = ana.deploy(), ana.deploy()

    for release in (newer, older):
        ana.control(f"apps/staging/releases/{release['version']}", {"status": "succeeded"})

    assert ana.current()["id"] == newer["id"]
    assert ana.get(f"/apps/staging/releases/{older['id']}")["status"] == "succeeded"


def test_subscribers_hear_of_the_start_the_command_and_the_end(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    wanted = {"include": ["api:release"], "level": "sync", "url": "http://receiver.test/"}
    ana.post("/apps/staging/webhooks", wanted)
    _phase(ana, 30)

    ana.deploy()
    _pass(world, 1)
    _pass(world, 30)

    told = [receiver.next().body for _ in range(3)]
    assert [(each["action"], each["data"]["status"], each["data"]["current"]) for each in told] == [
        ("create", "pending", False),
        ("update", "pending", False),
        ("update", "succeeded", True),
    ]
    assert len({each["id"] for each in told}) == 3


def test_output_is_there_once_the_command_started(ana: Caller, world: World) -> None:
    _phase(ana, 30, fails=True)
    url = ana.deploy()["output_stream_url"]

    assert ana.ask("GET", url).status_code == 404
    _pass(world, 1)
    assert ana.ask("GET", url, Authorization="").text == "Running release command...\n"
    _pass(world, 30)
    assert ana.ask("GET", url).text.endswith("Release command failed.\n")
    assert ana.ask("GET", "/streams/nothing").status_code == 404


def test_output_grows_and_can_be_read_from_a_byte_on(ana: Caller, world: World) -> None:
    _phase(ana, None)
    made = ana.deploy()
    _pass(world, 1)
    path = f"apps/staging/releases/{made['version']}"

    ana.control(f"{path}/output", {"text": "Größe\n"})
    rest = ana.ask("GET", made["output_stream_url"], Range="bytes=27-")
    assert (rest.status_code, rest.text) == (206, "Größe\n")
    assert rest.headers["Content-Range"] == "bytes 27-34/*"
    assert ana.ask("GET", made["output_stream_url"], Range="bytes=35-").status_code == 416
    assert ana.ask("GET", made["output_stream_url"], Range="lines=1-").status_code == 200
    assert ana.ask("GET", made["output_stream_url"], Range="bytes=x").status_code == 200

    ana.control(path, {"status": "succeeded"})
    late = ana.ask("POST", f"/_emulator/{path}/output", {"text": "late"})
    assert late.status_code == 422


def test_a_release_without_a_phase_has_no_output(ana: Caller) -> None:
    assert ana.deploy()["output_stream_url"] is None


def test_an_app_may_go_away_in_the_middle(ana: Caller, world: World) -> None:
    _phase(ana, 30)
    ana.deploy()

    ana.control("apps/staging", method="DELETE")
    _pass(world, 31)

    assert ana.refused("GET", "/apps/staging") == (404, "not_found")


@pytest.mark.parametrize(("rule", "runs"), [("highest", 1), ("last-to-end", 0)])
def test_which_of_two_phases_that_overlap_decides_is_for_the_app_to_play(
    ana: Caller, rule: str, runs: int
) -> None:
    """Heroku does not say whether the newer release wins, or the one whose phase ends last."""
    ana.deploy()
    ana.control("apps/staging", {"current": rule}, "PATCH")
    _phase(ana, None)
    both = [ana.deploy(), ana.deploy()]
    for made in reversed(both):
        ana.control(f"apps/staging/releases/{made['version']}", {"status": "succeeded"})

    assert ana.current()["id"] == both[runs]["id"]
    assert [r["current"] for r in ana.get("/apps/staging/releases")].count(True) == 1
