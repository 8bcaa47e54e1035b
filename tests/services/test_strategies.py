"""Rules and promotions by pipeline: what is accepted, what is shown, and what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode, Strategy
from listener.errors import HerokuUnreadable, Invalid
from listener.services.promote import NewPromotions
from listener.services.rule_definition import RuleChange
from tests.services.office import ANA, EU, PROD, STAGING, Office

SPRUCE, LARCH, BOX = "acme-spruce", "acme-larch", "acme-box"


def couple(office: Office, name: str, staging: str, *production: str) -> str:
    """A pipeline of these apps; answers its id."""
    couplings = {"staging": [staging], "production": list(production)}
    return str(office.control("pipelines", {"name": name, "couplings": couplings})["id"])


@pytest.fixture
def firs(office: Office) -> Office:
    """Two Fir apps in one pipeline."""
    for name in (SPRUCE, LARCH):
        office.make_app(name, generation="fir")
    couple(office, "firs", SPRUCE, LARCH)
    return office


# Rules.


def test_a_rule_by_pipeline_promotes_within_it(office: Office) -> None:
    couple(office, "shop", STAGING, PROD)
    view = office.add_rule(strategy=Strategy.PIPELINE)
    assert (view.strategy, view.strategy_note) == (Strategy.PIPELINE, None)
    office.deploy(STAGING)
    office.look(STAGING)
    assert [row.status for row in office.found()] == [Status.SUCCEEDED]
    assert [path for method, path in office.calls() if method == "POST"] == ["/pipeline-promotions"]


@pytest.mark.parametrize("wished", list(Strategy))
def test_a_rule_from_a_fir_app_shows_pipeline_whatever_it_says(
    firs: Office, wished: Strategy
) -> None:
    view = firs.add_rule(source=SPRUCE, targets=(LARCH,), strategy=wished)
    assert view.strategy is Strategy.PIPELINE
    note = "for acme-spruce is a Fir app, and its images go no other way"
    assert view.strategy_note == (note if wished is Strategy.SLUG else None)
    assert firs.audit()[-1].after["strategy"] == wished


def test_what_a_fir_app_releases_goes_by_pipeline(firs: Office) -> None:
    firs.add_rule(source=SPRUCE, targets=(LARCH,))
    firs.deploy(SPRUCE)
    firs.look(SPRUCE)
    assert [row.status for row in firs.found()] == [Status.SUCCEEDED]
    assert firs.current(LARCH)["artifacts"] == firs.current(SPRUCE)["artifacts"]


def test_apps_that_share_no_pipeline_are_refused_with_what_to_run(office: Office) -> None:
    with pytest.raises(Invalid, match=f"Neither {STAGING} nor {PROD} is in a pipeline"):
        office.add_rule(strategy=Strategy.PIPELINE)
    pipeline = couple(office, "shop", STAGING, EU)
    wanted = rf"acme-prod is in no pipeline.*`heroku pipelines:add {pipeline} -a acme-prod -s prod"
    with pytest.raises(Invalid, match=wanted):
        office.add_rule(strategy=Strategy.PIPELINE, targets=(EU, PROD))
    couple(office, "other", PROD)
    with pytest.raises(Invalid, match="acme-staging and acme-prod are in different pipelines"):
        office.add_rule(strategy=Strategy.PIPELINE)
    assert office.rules.list_(app=None, limit=10) == []


def test_an_app_that_is_added_to_the_pipeline_is_accepted_at_once(office: Office) -> None:
    pipeline = couple(office, "shop", STAGING)
    with pytest.raises(Invalid, match="acme-prod is in no pipeline"):
        office.add_rule(strategy=Strategy.PIPELINE)
    body = {"app": PROD, "pipeline": pipeline, "stage": "production"}
    for app in (PROD, STAGING):
        office.control(f"apps/{app}", {"owner": "robot@example.com"}, "PATCH")
    office.heroku("POST", "/pipeline-couplings", body)
    office.add_rule(strategy=Strategy.PIPELINE)


def test_each_app_is_asked_for_its_pipeline_once(office: Office) -> None:
    couple(office, "shop", STAGING, PROD, EU)
    office.calls()
    office.add_rule(strategy=Strategy.PIPELINE, targets=(PROD, EU))
    asked = [path for _, path in office.calls() if path.endswith("/pipeline-couplings")]
    assert len(asked) == len(set(asked)) == 3


def test_a_change_of_strategy_is_checked_and_any_other_is_not(office: Office) -> None:
    office.add_rule()
    with pytest.raises(Invalid, match="is in a pipeline"):
        office.rules.update("ship", RuleChange(strategy=Strategy.PIPELINE), by=ANA)
    couple(office, "shop", STAGING, PROD)
    view = office.rules.update("ship", RuleChange(strategy=Strategy.PIPELINE), by=ANA)
    assert (view.strategy, view.row.revision) == (Strategy.PIPELINE, 2)
    office.break_heroku(".*/pipeline-couplings")
    office.rules.update("ship", RuleChange(name="go"), by=ANA)
    office.rules.update("go", RuleChange(mode=Mode.OFF), by=ANA)
    office.rules.update("go", RuleChange(strategy=Strategy.SLUG), by=ANA)


def test_nothing_is_saved_where_the_pipeline_cannot_be_read(office: Office) -> None:
    office.break_heroku(".*/pipeline-couplings")
    with pytest.raises(HerokuUnreadable, match=r"The rule was not saved\.$"):
        office.add_rule(strategy=Strategy.PIPELINE)


def test_a_fir_app_and_a_cedar_app_are_told_apart(firs: Office) -> None:
    with pytest.raises(Invalid, match=r"acme-spruce is of generation fir, acme-prod of cedar\."):
        firs.add_rule(source=SPRUCE, targets=(PROD,))


@pytest.mark.parametrize("wish", [{"source": BOX}, {"targets": (PROD, BOX)}])
def test_a_container_app_is_refused_with_what_to_do_instead(
    office: Office, wish: dict[str, Any]
) -> None:
    office.make_app(BOX, container=True)
    with pytest.raises(Invalid, match=r"acme-box is a container app.*`heroku container:release`"):
        office.add_rule(**wish)
    office.add_rule(mode=Mode.OFF, **wish)
    with pytest.raises(Invalid, match="acme-box is a container app"):
        office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)


def test_a_rule_whose_app_became_a_container_can_be_turned_off(office: Office) -> None:
    office.add_rule()
    with office.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET is_container = true")
    office.rules.update("ship", RuleChange(mode=Mode.OFF), by=ANA)
    # What we knew was old: Heroku is asked before anybody is refused.
    office.rules.update("ship", RuleChange(mode=Mode.ARMED), by=ANA)


# By hand.


def test_a_fir_release_is_promoted_by_hand_through_its_pipeline(firs: Office) -> None:
    older = firs.current(SPRUCE)
    firs.deploy(SPRUCE)
    wish = NewPromotions(source=SPRUCE, targets=(LARCH,), version=int(older["version"]))
    firs.promotions.promote_by_hand(wish, by=ANA)
    firs.work()
    assert [row.status for row in firs.found()] == [Status.SUCCEEDED]
    assert firs.current(LARCH)["artifacts"] == older["artifacts"]


def test_by_hand_apps_that_share_no_pipeline_are_refused_at_once(office: Office) -> None:
    for name in (SPRUCE, LARCH):
        office.make_app(name, generation="fir")
    wish = NewPromotions(source=SPRUCE, targets=(LARCH,))
    with pytest.raises(Invalid, match=f"`heroku pipelines:create -a {SPRUCE} -s staging`"):
        office.promotions.promote_by_hand(wish, by=ANA)
    assert office.found() == []


def test_by_hand_a_container_app_is_refused_at_once(office: Office) -> None:
    office.make_app(BOX, container=True)
    for source, target in ((BOX, PROD), (STAGING, BOX)):
        wish = NewPromotions(source=source, targets=(target,))
        with pytest.raises(Invalid, match=r"acme-box is a container app.*roadmap #222"):
            office.promotions.promote_by_hand(wish, by=ANA)
    assert office.found() == []
