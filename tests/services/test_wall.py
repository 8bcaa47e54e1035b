"""The wall's tiles: which state of a lane is shown, and what its targets run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from listener.core.lanes import Tone
from listener.core.rule import Mode
from listener.db import apps as stored
from listener.db.walls import WallRow
from listener.services import wall
from listener.services.holds import NewHold
from listener.services.wall import Tile
from tests.services.office import ANA, BO, EU, PROD, STAGING, Office

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALL = (STAGING, PROD, EU)


def screen(office: Office, apps: Sequence[str] = ALL, *, names: bool = False) -> wall.Screen:
    """What a wall of these apps shows."""
    with office.database.begin() as conn:
        ids = [row.id for name in apps if (row := stored.find(conn, name)) is not None]
    return wall.read(office.context, WallRow("1", "lobby", ids, names, ANA, NOON, NOON, None, None))


def tile(office: Office, apps: Sequence[str] = ALL, *, names: bool = False) -> Tile:
    """The only tile."""
    [found] = screen(office, apps, names=names).tiles
    return found


def told(found: Tile) -> tuple[str, str, int | None, str | None, str | None]:
    """Its state: tone, word, version, target and gate."""
    state = found.state
    return state.tone, state.word, state.version, state.target, state.gate


def ship(office: Office, app: str = STAGING) -> None:
    """New code, and every step that follows."""
    office.deploy(app)
    office.look(app)
    office.work()


def test_a_lane_that_is_level_is_the_same(office: Office) -> None:
    office.add_rule(targets=(PROD, EU))
    ship(office)

    found = tile(office)

    assert told(found) == (Tone.OK, "same", None, None, None)
    assert found.versions == "v4 everywhere"


def test_what_waits_on_all_targets_names_none_of_them(office: Office) -> None:
    office.add_rule(targets=(PROD, EU), conditions={"approvals": 1})
    ship(office)

    found = tile(office)

    assert told(found) == (Tone.ASK, "waiting", 4, None, "approvals")
    assert found.state.until is not None
    assert found.versions == "prod and prod-eu run what staging never ran"


def test_what_waits_on_one_target_names_it(office: Office) -> None:
    office.add_rule(conditions={"soak": "1h"})
    office.add_rule("eu", targets=(EU,))
    ship(office)

    found = tile(office)

    assert told(found) == (Tone.WAIT, "waiting", 4, "prod", "soak")
    assert found.versions == "prod runs what staging never ran, prod-eu runs v4"


def test_what_waits_on_some_targets_tells_on_how_many(office: Office) -> None:
    office.make_app("acme-prod-us")
    office.add_rule(targets=(PROD, EU), conditions={"approvals": 1})
    office.add_rule("us", targets=("acme-prod-us",))
    ship(office)

    found = tile(office, (*ALL, "acme-prod-us"))

    assert told(found) == (Tone.ASK, "waiting", 4, "2 targets", "approvals")


def test_what_is_under_way_says_since_when(office: Office) -> None:
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 600}}, "PATCH")
    office.add_rule()
    ship(office)

    found = tile(office)

    assert told(found) == (Tone.RUN, "releasing", 4, None, None)
    assert found.state.since is not None


def test_the_last_target_of_a_chain_is_told_in_versions_of_the_first_app(office: Office) -> None:
    office.add_rule()
    office.add_rule("eu", source=PROD, targets=(EU,))
    for _ in range(2):
        ship(office)
    office.holds.put(NewHold(app=EU, reason="fair"), by=BO)
    ship(office)
    office.look(PROD)
    office.work()

    found = tile(office)

    assert told(found) == (Tone.ASK, "hold", None, "prod-eu", None)
    assert found.versions == "prod runs v6, prod-eu runs v5"


@pytest.mark.parametrize(("hours", "tone"), [(None, Tone.ASK), (5, Tone.WAIT)])
def test_a_hold_needs_somebody_unless_it_ends_by_itself(
    office: Office, hours: int | None, tone: Tone
) -> None:
    office.add_rule()
    ship(office)
    until = None if hours is None else datetime.now(UTC) + timedelta(hours=hours)
    office.holds.put(NewHold(app=PROD, reason="fair", ends_at=until), by=BO)
    ship(office)

    found = tile(office)

    assert told(found) == (tone, "hold", None, None, None)
    assert (found.versions, found.is_held) == ("prod runs v4 of v5", False)
    assert screen(office).count(tone, is_hold=True) == 1
    assert screen(office).count(tone, is_hold=False) == 0


def test_what_went_wrong_comes_first_with_the_hold_beside_it(office: Office) -> None:
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": True}}, "PATCH")
    office.add_rule()
    ship(office)
    office.holds.put(NewHold(app=PROD, reason="fair"), by=BO)

    found = tile(office)

    assert told(found) == (Tone.BAD, "failed", 4, None, None)
    assert found.is_held
    assert found.state.since is not None


def test_a_rule_in_shadow_leaves_its_target_behind(office: Office) -> None:
    office.add_rule(mode=Mode.SHADOW)
    ship(office)

    assert told(tile(office)) == (Tone.END, "shadowed", 4, None, None)


def test_a_target_that_nothing_goes_to_is_behind(office: Office) -> None:
    office.add_rule()

    assert told(tile(office)) == (Tone.END, "behind", None, None, None)


def test_a_hold_on_every_target_stands_above_all_tiles(office: Office) -> None:
    office.add_rule()
    ship(office)
    office.holds.put(NewHold(app=None, reason="fair"), by=BO)

    found = screen(office)

    assert [(ban.word, ban.until) for ban in found.everywhere] == [("hold", None)]
    assert told(found.tiles[0])[0] is Tone.OK


def test_places_do_not_move(office: Office) -> None:
    for name in ("zoo-staging", "zoo-prod", "bar-staging", "bar-prod"):
        office.make_app(name)
    for name in ("zoo", "acme", "bar"):
        office.add_rule(name, source=f"{name}-staging", targets=(f"{name}-prod",))
    apps = ("zoo-staging", "zoo-prod", STAGING, PROD, "bar-prod", "bar-staging")

    before = [each.name for each in screen(office, apps).tiles]
    office.holds.put(NewHold(app="zoo-prod", reason="fair"), by=BO)

    assert before == [each.name for each in screen(office, apps).tiles] == ["acme", "bar", "zoo"]


def test_an_app_that_runs_nothing_says_so(office: Office) -> None:
    office.control("apps", {"name": "acme-prod-us", "owner": ANA})
    office.add_rule(targets=("acme-prod-us",), conditions={"approvals": 1})
    ship(office)

    assert tile(office, (STAGING, "acme-prod-us")).versions == "prod-us runs nothing yet"


def test_authors_are_of_what_comes_and_only_where_it_was_said(office: Office) -> None:
    office.add_rule(conditions={"approvals": 1})
    ship(office)

    assert tile(office).authors == ()
    assert tile(office, names=True).authors == ("ana",)
