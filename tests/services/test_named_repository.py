"""Who may name a rule's repository: the listener's credentials count there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from listener.errors import Forbidden
from listener.roles import Reach, Rights, Role
from listener.services.rule_definition import NewRule, RuleChange
from listener.services.rule_plan import NewFile
from tests.bound import Bound
from tests.services.office import ANA, PROD, STAGING, Office


def team(office: Office, module: str = "rules") -> Bound:
    """The desk of somebody who is an admin of this team's apps alone."""
    rights = Rights.of(Role.ADMIN, ["acme-*"])
    return Bound(replace(office.context, reach=Reach.of(rights, Role.ADMIN, ANA)), module)


SHIP = NewRule(name="ship", source=STAGING, targets=(PROD,), conditions={"repo": "acme/payments"})
NOT_TOLD = (
    "Heroku does not tell that acme/payments is the repository of acme-staging: to name it, or"
    " what is told there, needs the role admin for every app; ana@example.com is admin of acme-*."
)


def test_an_admin_of_some_apps_does_not_lend_the_credentials_to_any_repository(
    office: Office,
) -> None:
    with pytest.raises(Forbidden, match=re.escape(NOT_TOLD)):
        team(office).add(SHIP, by=ANA)
    assert office.rules.list_(app=None, limit=10) == []
    team(office).add(replace(SHIP, conditions={}), by=ANA)
    change = RuleChange(conditions={"repo": "acme/payments"})
    with pytest.raises(Forbidden, match=re.escape(NOT_TOLD)):
        team(office).update("ship", change, by=ANA)
    file = NewFile(rules=(SHIP,))
    for refused in ("plan", "apply"):
        more = {} if refused == "plan" else {"by": ANA}
        with pytest.raises(Forbidden, match=re.escape(NOT_TOLD)):
            getattr(team(office, "rule_files"), refused)(file, **more)
    assert office.rules.get("ship").row.conditions.repo is None


def test_what_an_admin_of_every_app_named_stays_but_nothing_more_is_told_there(
    office: Office,
) -> None:
    office.rules.add(SHIP, by=ANA)
    more = RuleChange(conditions={"deployment": "production"})
    with pytest.raises(Forbidden, match=re.escape(NOT_TOLD)):
        team(office).update("ship", more, by=ANA)
    team(office).update("ship", RuleChange(conditions={"soak": "1h"}), by=ANA)
    office.rules.update("ship", more, by=ANA)
    team(office).update("ship", RuleChange(conditions={"deployment": None}), by=ANA)
    team(office).update("ship", RuleChange(conditions={"repo": None}), by=ANA)

    assert office.rules.get("ship").row.conditions.repo is None


def test_whoever_names_what_heroku_tells_needs_no_more(office: Office) -> None:
    office.control("repositories", {"full_name": "acme/payments", "commits": [{"message": "One"}]})
    office.control(f"apps/{STAGING}/repo", {"full_name": "acme/payments"}, method="PUT")
    conditions = {"repo": "Acme/Payments", "deployment": "production", "commit_status": True}
    team(office).add(replace(SHIP, conditions=conditions), by=ANA)
    with pytest.raises(Forbidden, match="acme/other is the repository"):
        team(office).update("ship", RuleChange(conditions={"repo": "acme/other"}), by=ANA)


def test_what_heroku_cannot_be_asked_about_is_not_told(office: Office) -> None:
    office.break_heroku(".*/repo")
    with pytest.raises(Forbidden, match=re.escape(NOT_TOLD)):
        team(office).add(SHIP, by=ANA)
