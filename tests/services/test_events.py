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
