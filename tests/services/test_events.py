"""Events: deliveries and decisions in the order in which they came, whoever may see them."""

from __future__ import annotations

import pytest

from listener.services.events import EventView
from tests.bound import Bound
from tests.services.office import ANA, EU, PROD, STAGING, Office


@pytest.fixture
def shipped(office: Office) -> Office:
    """A promotion that began with what Heroku delivered."""
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    office.add_rule()
    office.deploy(STAGING)
    office.receive()
    office.work()
    return office


def listed(office: Office, **asked: object) -> list[EventView]:
    wish = {"app": None, "since": None, "limit": 100, **asked}
    found: list[EventView] = Bound(office.context, "events").list_(**wish)
    return found


def test_deliveries_arrive_are_settled_and_promotions_go_on(shipped: Office) -> None:
    found = listed(shipped)
    assert [each.at for each in found] == sorted(each.at for each in found)
    [row] = shipped.found()
    words = [each.event for each in found if each.promotion_id == row.id]
    assert (words[0], words[-1]) == ("waiting", "succeeded")
    of_one = [each for each in found if each.delivery_id == 1]
    assert [each.event for each in of_one] == ["arrived", "settled"]
    assert of_one[0].names[of_one[0].app_id or ""] == STAGING
    assert found[-1].names[found[-1].app_id or ""] in (STAGING, PROD)
    assert len({each.id for each in found}) == len(found)


def test_a_replay_and_what_comes_of_it_are_events_of_their_own(shipped: Office) -> None:
    before = listed(shipped)
    Bound(shipped.context, "replay").replay("1", by=ANA)
    shipped.work()
    again = [each for each in listed(shipped) if each.id not in {one.id for one in before}]
    assert [each.event for each in again] == ["replayed", "settled"]
    assert [each.delivery_id for each in again] == [1, 1]


def test_what_was_replayed_is_told_however_many_came_later(shipped: Office) -> None:
    shipped.deploy(STAGING)
    shipped.receive()
    shipped.work()
    Bound(shipped.context, "replay").replay("1", by=ANA)
    shipped.work()
    told = [(each.event, each.delivery_id) for each in listed(shipped, limit=2)]
    assert told == [("replayed", 1), ("settled", 1)]


def test_the_newest_are_told_and_those_since_a_moment(shipped: Office) -> None:
    every = listed(shipped)
    assert listed(shipped, limit=2) == every[-2:]
    middle = every[len(every) // 2].at
    assert listed(shipped, since=middle) == [each for each in every if each.at >= middle]


def test_an_app_has_what_is_about_it(shipped: Office) -> None:
    assert listed(shipped, app=EU) == []
    assert listed(shipped, app="nowhere") == []
    assert {each.delivery_id for each in listed(shipped, app=PROD)} == {None}
    assert len(listed(shipped, app=STAGING)) == len(listed(shipped))
