"""Lanes: chains go deeper, names are sorted, and each state has its tone."""

from __future__ import annotations

import pytest

from listener.core.gates.binding import Binding
from listener.core.lanes import Tone, lane_name, lanes, tone_of
from listener.core.promotion import Status

NAMES = {app: app for app in ("staging", "canary", "eu", "us", "api-staging", "api-prod")}


def shape(*routes: tuple[str, str]) -> list[list[tuple[str, int]]]:
    """The lanes of these routes, as names with their depth."""
    return [[(stop.app_id, stop.depth) for stop in lane] for lane in lanes(routes, NAMES)]


def test_a_chain_goes_deeper_and_lanes_are_sorted_by_name() -> None:
    found = shape(
        ("staging", "canary"), ("canary", "us"), ("canary", "eu"), ("api-staging", "api-prod")
    )

    assert found == [
        [("api-staging", 0), ("api-prod", 1)],
        [("staging", 0), ("canary", 1), ("eu", 2), ("us", 2)],
    ]


def test_an_app_that_two_rules_name_stands_once() -> None:
    assert shape(("staging", "eu"), ("staging", "eu"), ("canary", "eu")) == [
        [("canary", 0), ("eu", 1)]
    ]


def test_a_ring_of_rules_that_are_off_ends() -> None:
    assert shape(("eu", "us"), ("us", "eu")) == []


@pytest.mark.parametrize(
    ("apps", "name"),
    [
        (["shop-staging", "shop-prod-eu", "shop-prod-us"], "shop"),
        (["shop-staging", "shopping-prod"], "shop-staging"),
        (["staging", "prod"], "staging"),
        (["shop", "shop-prod"], "shop"),
        (["acme-a-1", "acme-a-2"], "acme-a"),
    ],
)
def test_a_lane_is_named_by_what_its_apps_have_in_common(apps: list[str], name: str) -> None:
    assert lane_name(apps) == name


def test_whoever_must_act_is_told_by_the_tone() -> None:
    person = Binding("approvals", "0 of 1", None, needs_person=True, is_error=False)
    clock = Binding("soak", "for 1 h", None, needs_person=False, is_error=False)

    assert tone_of(Status.WAITING, person) is Tone.ASK
    assert tone_of(Status.WAITING, clock) is Tone.WAIT
    assert {tone_of(each) for each in Status} == set(Tone) - {Tone.ASK}
