"""The trials desk: a change of a rule is played before anybody saves it."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.backtest import Result
from listener.core.promotion import Status
from listener.core.release import Kind, Release
from listener.errors import Conflict, HerokuUnreadable, Invalid, NotFound
from listener.services.rule_definition import FieldChange, NewRule, RuleChange
from listener.services.views import BacktestView, ForecastChange, Trial
from tests.services.office import EU, PROD, STAGING, Office

Told = tuple[int, str, str | None, str | None, bool]


@pytest.fixture
def past(office: Office) -> Office:
    """Production's code is nine days old; staging had two deploys since, two days apart."""
    for target in (PROD, EU):
        office.deploy(target, age_days=9)
    for age_days in (5, 3):
        office.deploy(STAGING, age_days=age_days)
    office.add_rule(mode="shadow")
    return office


def change(office: Office, newest: int = 2, **said: Any) -> Trial:
    """A change of the rule, tried."""
    return office.trials.of_change("ship", RuleChange(**said), newest=newest)


def told(fared: ForecastChange) -> Told:
    """Version, target, and what became of it by the one rule and by the other."""
    view = fared.either
    was, is_ = (v.result.status if v else None for v in (fared.before, fared.after))
    return view.result.release.version, view.target_name, was, is_, fared.differs


def test_what_changes_is_told_field_by_field_and_release_by_release(past: Office) -> None:
    newest = past.releases(STAGING)[-1]["version"]
    trial = change(past, conditions={"soak": "4d", "approvals": 1})

    assert trial.changes == (
        FieldChange("soak", None, "4d"),
        FieldChange("approvals", None, 1),
    )
    assert [told(fared) for fared in trial.results] == [
        (newest, PROD, "shadowed", "waiting", True),
        (newest - 1, PROD, "shadowed", "superseded", True),
    ]
    assert trial.message == "2 of the 2 newest releases would have fared otherwise."


def test_what_only_asks_for_more_fares_otherwise_too(past: Office) -> None:
    (fared,) = change(past, newest=1, conditions={"approvals": 1}).results
    assert fared.after is not None
    assert (fared.differs, fared.after.result.unanswered) == (True, ("approvals",))


def test_without_a_change_nothing_differs(past: Office) -> None:
    trial = change(past, mode="shadow", targets=(PROD,))
    assert trial.changes == ()
    assert [fared.differs for fared in trial.results] == [False, False]
    assert trial.message == "0 of the 2 newest releases would have fared otherwise."


def test_a_target_that_comes_and_one_that_goes_have_one_side_only(past: Office) -> None:
    trial = change(past, newest=1, targets=(EU,), name="go", mode="armed")
    newest = past.releases(STAGING)[-1]["version"]

    assert [told(fared) for fared in trial.results] == [
        (newest, PROD, "shadowed", None, True),
        (newest, EU, None, "shadowed", True),
    ]
    assert trial.changes == (
        FieldChange("name", "ship", "go"),
        FieldChange("to", [PROD], [EU]),
        FieldChange("mode", "shadow", "armed"),
    )


def test_releases_older_than_the_target_are_not_told_as_the_same(office: Office) -> None:
    office.deploy(STAGING, age_days=3)  # before there was any target
    office.add_rule(mode="shadow")
    trial = change(office, newest=1, conditions={"soak": "2h"})

    assert [fared.either.message for fared in trial.results] == [f"{PROD} was not there yet."]
    assert trial.message == (
        "0 of the 1 newest releases would have fared otherwise. 1 of them came before its target"
        " was there."
    )


def test_two_that_cannot_be_told_are_never_the_same() -> None:
    released = Release("r3", 3, "succeeded", "A")
    result = Result(released, Kind.DEPLOY, Status.ERRORED, "Nobody knows.")
    view = BacktestView("s", STAGING, "t", PROD, result, result.message)
    assert ForecastChange(view, view).differs


def test_nothing_is_saved_and_nothing_is_written_at_heroku(past: Office) -> None:
    before, entries = past.rules.get("ship"), past.audit()
    past.calls()
    change(past, mode="armed", conditions={"soak": "2h"})

    assert {method for method, _ in past.calls()} == {"GET"}
    assert (past.rules.get("ship"), past.audit(), past.found()) == (before, entries, [])


def test_a_new_rule_is_tried_before_it_is_there(past: Office) -> None:
    wish = NewRule(name="new", source=STAGING, targets=(EU,), conditions={"soak": "4d"})
    trial = past.trials.of_new(wish, newest=2)

    assert (trial.rule_id, trial.rule_name) == (None, "new")
    assert [fared.before for fared in trial.results] == [None, None]
    assert FieldChange("soak", None, "4d") in trial.changes
    assert trial.message == "0 of the 2 newest releases would have gone."
    assert past.rules.list_(app=None, limit=9) == [past.rules.get("ship")]


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"conditions": {"soak": "soon"}}, Invalid, "soak: "),
        ({"targets": (STAGING,)}, Invalid, "cannot be promoted onto itself"),
        ({"targets": ("nowhere",)}, Invalid, "Heroku knows no app nowhere"),
        ({"name": "other"}, Conflict, "There is a rule other already"),
    ],
)
def test_what_could_not_be_saved_is_not_tried(
    past: Office, said: Any, error: type[Exception], words: str
) -> None:
    past.add_rule("other", mode="off")
    with pytest.raises(error, match=words):
        change(past, **said)


def test_an_unknown_rule_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound, match="Couldn't find that rule"):
        change(office)


def test_without_heroku_nothing_is_tried(past: Office) -> None:
    past.break_heroku("/apps/.*/releases")
    with pytest.raises(HerokuUnreadable, match="Nothing was tried"):
        change(past, conditions={"soak": "2h"})
