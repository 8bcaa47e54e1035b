"""Figures over HTTP: what is answered, by whose days, and what of other teams is in them."""

from __future__ import annotations

import pytest

from listener.api import stats
from listener.core.figures import DEFINITIONS
from tests.api.routes.caller import Caller
from tests.api.routes.teams import VIEWER, Town
from tests.services.office import PROD, STAGING, Office


@pytest.fixture
def shipped(admin: Caller, office: Office) -> list[str]:
    """Three promotions by one rule; their ids."""
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    for _ in range(3):
        office.deploy(STAGING)
        office.look(STAGING)
    return [str(row.id) for row in office.found()]


def test_figures_come_with_what_they_are_and_the_promotions_behind_each_day(
    viewer: Caller, shipped: list[str]
) -> None:
    said = viewer.get("/api/stats?days=7")
    stats.Stats.model_validate(said, extra="forbid")
    assert {one["title"]: one["definition"] for one in said["figures"]} == {
        is_.title: is_.words for is_ in DEFINITIONS.values()
    }
    now = {one["name"]: one["now"] for one in said["figures"]}
    assert (now["deployments"]["count"], now["deployments"]["value"]) == (3, 3 / 7)
    assert now["lead_time"]["value"] >= 0
    assert now["lead_time"]["p90"] >= now["lead_time"]["value"]
    assert (now["change_failures"]["value"], now["change_failures"]["of"]) == (0.0, 3)
    assert (now["time_to_restore"]["value"], now["time_to_restore"]["is_few"]) == (None, True)
    *before, today = said["series"]
    assert (today["deployed_by"], today["failed_by"]) == (shipped, [])
    assert not any(day["deployed_by"] for day in before)
    assert [one["app"]["name"] for one in said["apps"]] == [PROD]
    assert [one["rule"]["name"] for one in said["rules"]] == ["ship"]
    assert (said["zone"], len(said["series"]), said["note"]) == ("UTC", 7, None)


def test_of_a_day_no_more_than_so_many_promotions_are_named(
    viewer: Caller, shipped: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "MOST_IDS", 2)
    today = viewer.get("/api/stats")["series"][-1]
    assert (today["deployments"], today["deployed_by"]) == (3, shipped[1:])


def test_days_are_those_of_the_zone_that_is_asked_for(viewer: Caller) -> None:
    east, west = (
        viewer.get(f"/api/stats?zone={zone}")
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    )
    assert east["series"][-1]["day"] > west["series"][-1]["day"]  # 25 hours apart
    assert (east["zone"], len(east["series"])) == ("Pacific/Kiritimati", 30)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("days=8", "days must be 7, 30 or 90."),
        ("days=٣٠", "days must be 7, 30 or 90."),
        ("zone=EST", "zone: 'EST' is no time zone like Europe/London, or UTC. Did you mean"),
        ("zone=../../etc/passwd", "zone: '../../etc/passwd' is no time zone"),
    ],
)
def test_what_is_no_time_is_refused(viewer: Caller, query: str, words: str) -> None:
    status, _, message = viewer.refused("GET", f"/api/stats?{query}")
    assert (status, message.startswith(words)) == (422, True), message


@pytest.mark.usefixtures("shipped")
def test_metrics_tell_delays_as_histograms_by_target(admin: Caller) -> None:
    lines = admin.ask("GET", "/metrics").text.splitlines()
    for name in ("lead_time_seconds", "post_delay_seconds"):
        assert f"# TYPE autopromote_{name} histogram" in lines
        assert f'autopromote_{name}_bucket{{app="{PROD}",le="+Inf"}} 3.0' in lines
        assert f'autopromote_{name}_count{{app="{PROD}"}} 3.0' in lines


def test_only_what_somebody_sees_is_counted(town: Town) -> None:
    for team in (town.pay, town.shop):
        town.caller("ana").post(f"/api/promotions/{team.promotion}/actions/approve", status=200)
        town.caller("ana").post(
            "/api/holds/actions/release", {"app": f"{team.name}-prod"}, status=200
        )
    town.office.work()
    own, every = town.of(VIEWER).get("/api/stats"), town.caller("cy").get("/api/stats")
    assert [one["app"]["name"] for one in own["apps"]] == ["pay-prod"]
    assert [one["rule"]["name"] for one in own["rules"]] == ["pay"]
    assert own["figures"][0]["now"]["count"] == 1
    assert every["figures"][0]["now"]["count"] == 2
    assert town.of(VIEWER).get("/api/stats?app=shop-prod")["apps"] == []
