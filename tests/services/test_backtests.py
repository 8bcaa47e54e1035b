"""The back-test desk: a rule over what its apps really went through."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from listener.core.commits import Commit
from listener.core.rule import Mode
from listener.db import repositories
from listener.db.repositories import Pair
from listener.db.tables import release
from listener.errors import HerokuUnreadable, NotFound
from listener.services.views import BacktestView
from tests.services.office import ANA, EU, PROD, ROBOT, STAGING, Office
from tests.services.shipped import compared

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


def test_the_conditions_of_the_rule_are_played_with_what_is_written_down(past: Office) -> None:
    past.add_rule(conditions={"not_commit_messages": ["*wip*"], "approvals": 1})
    newest = [r for r in reversed(past.releases(STAGING)) if r["description"][:3] == "Dep"][:2]
    running = past.releases(PROD)[-1]
    commits = {each["slug"]["id"]: mark * 40 for mark, each in zip("cb", newest, strict=True)}
    with past.database.begin() as conn:
        for artifact, sha in {**commits, running["slug"]["id"]: "a" * 40}.items():
            said = update(release).where(release.c.artifact == artifact)
            conn.execute(said.values(commit=sha))
        for base, head, message in (("a", "b", "Go on"), ("b", "c", "wip: half of it")):
            found = compared([Commit(head * 40, message, "Bo")])
            pair = Pair("acme/shop", base * 40, head * 40)
            repositories.add_comparison(conn, pair, found, told_by="heroku")
    first, second = [v.result for v in past.backtests.of_rule("ship", newest=3) if v.result.status]

    assert (second.status, second.unanswered) == ("shadowed", ("approvals",))
    assert (first.status, first.unanswered) == ("waiting", ())
    assert "the rule stops ccccccc “wip: half of it” by Bo" in first.message


def test_what_was_never_compared_waits_for_a_word_as_it_does_live(past: Office) -> None:
    past.add_rule(mode=Mode.OFF, conditions={"commit_authors": ["bo"]})
    results = [v.result for v in past.backtests.of_rule("ship", newest=6) if v.result.status]
    assert {result.status for result in results} == {"waiting", "superseded"}
    assert "is not told: " in results[0].message


def test_in_a_chain_the_author_is_that_of_the_first_release(past: Office) -> None:
    past.add_rule()
    past.add_rule("on", source=PROD, targets=(EU,), conditions={"authors": [ANA]})
    past.deploy(STAGING)
    past.look(STAGING)
    (view,) = past.backtests.of_rule("on", newest=1)

    assert view.result.release.author == ROBOT
    assert (view.result.status, view.message) == ("shadowed", f"It would have gone to {EU}.")


def test_an_unknown_rule_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound, match="Couldn't find that rule"):
        office.backtests.of_rule("nowhere", newest=3)


def test_without_heroku_nothing_is_tried(past: Office) -> None:
    past.add_rule()
    past.break_heroku("/apps/.*/releases")
    with pytest.raises(HerokuUnreadable, match="Nothing was tried"):
        past.backtests.of_rule("ship", newest=3)
