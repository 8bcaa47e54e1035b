"""The back-test desk: a rule over what its apps really went through."""

from __future__ import annotations

import pytest

from listener.desk.views import BacktestView
from listener.errors import HerokuUnreadable, NotFound
from tests.desk.office import EU, PROD, STAGING, Office

Told = tuple[int, str, str | None]


@pytest.fixture
def past(office: Office) -> Office:
    """Production's code is nine days old; staging had two deploys and a config change since."""
    for target in (PROD, EU):
        office.deploy(target, age_days=9)
    for age_days in (5, 3):
        office.deploy(STAGING, age_days=age_days)
    office.control(f"apps/{STAGING}/config", {"FOO": "bar"})
    return office


def told(views: list[BacktestView]) -> list[Told]:
    """Version, target and what would have become of it."""
    return [(v.result.release.version, v.target_name, v.result.status) for v in views]


def test_the_newest_releases_are_told_newest_first(past: Office) -> None:
    past.add_rule()
    newest = past.releases(STAGING)[-1]["version"]
    views = past.backtests.of_rule("ship", newest=3)

    assert told(views) == [
        (newest, PROD, None),
        (newest - 1, PROD, "shadowed"),
        (newest - 2, PROD, "shadowed"),
    ]
    assert views[0].message.startswith(f"{STAGING} v{newest} is a config change")
    assert views[1].message == f"It would have gone to {PROD}."


def test_every_target_has_its_own_results(past: Office) -> None:
    past.add_rule(targets=(PROD, EU))
    views = past.backtests.of_rule("ship", newest=1)
    assert sorted(view.target_name for view in views) == [PROD, EU]


def test_what_really_arrived_is_named(past: Office) -> None:
    past.add_rule()
    deploy = past.releases(STAGING)[-2]
    arrived = past.deploy(PROD, slug_id=deploy["slug"]["id"])
    (view,) = [v for v in past.backtests.of_rule("ship", newest=2) if v.result.status]

    assert view.result.arrived is not None
    assert view.result.arrived.version == arrived


def test_each_app_is_read_once_and_nothing_is_written_at_heroku(past: Office) -> None:
    past.add_rule(targets=(PROD, EU), mode="shadow")
    past.calls()
    past.backtests.of_rule("ship", newest=30)

    calls = past.calls()
    assert [method for method, _ in calls] == ["GET"] * 3
    assert all(path.endswith("/releases") for _, path in calls)
    assert past.found() == []


def test_an_unknown_rule_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound, match="Couldn't find that rule"):
        office.backtests.of_rule("nowhere", newest=3)


def test_without_heroku_nothing_is_tried(past: Office) -> None:
    past.add_rule()
    past.break_heroku("/apps/.*/releases")
    with pytest.raises(HerokuUnreadable, match="Nothing was tried"):
        past.backtests.of_rule("ship", newest=3)
