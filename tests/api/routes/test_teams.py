"""Two teams share a listener: each route for each role, about apps of one's own and of others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain, product
from typing import Any

import pytest
from flask import Flask

from listener.api import openapi
from listener.app import routes
from listener.db import holds, rules, subscriptions
from tests.api.routes.caller import Caller
from tests.api.routes.teams import (
    ADMIN,
    ALL,
    APPROVER,
    APPS,
    OPEN,
    PEOPLE,
    SELF,
    VIEWER,
    Case,
    Team,
    Town,
)
from tests.logins import bearer
from tests.services.office import Office


def _each(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, rule.rule


def test_every_route_stands_in_the_table() -> None:
    told = {
        (case.method, case.rule)
        for table in (APPS, ALL)
        for cases in table.values()
        for case in cases
    }
    assert set(_each(routes())) == told | SELF | OPEN


def test_what_is_of_another_team_answers_as_what_is_not_there(town: Town) -> None:
    before = everything(town.office)
    every = [case for cases in APPS.values() for case in cases]
    about = [case for case in every if "{" in f"{case.path}{json.dumps(case.body or '')[1:]}"]
    for role, case in product(PEOPLE, about):
        caller = town.of(role)
        town.office.calls()
        foreign = answer(caller, case, town.shop, town.pay)
        calls = town.office.calls()
        assert foreign == answer(caller, case, Team("none"), town.pay), case
        assert calls == town.office.calls(), case  # so that no time tells them apart either
        # Of what the team itself might have, Heroku is asked; it answers alike.
        assert foreign == answer(caller, case, Team("pay-none"), town.pay), case
    assert everything(town.office) == before


def answer(caller: Caller, case: Case, about: Team, own: Team) -> tuple[int, str]:
    """Status and body, in which the name of the team that it is about has made room."""
    found = caller.ask(*case.filled(about, own))
    assert found.status_code < 500, (case, found.text)
    said = found.text.replace(about.app_id, "ID").replace(about.name, "TEAM")
    return found.status_code, said


def everything(office: Office) -> tuple[Any, ...]:
    """What a request might have changed."""
    with office.database.begin() as conn:
        return (
            [(row.id, row.status) for row in office.found()],
            [(row.action, row.subject_id) for row in office.audit()],
            rules.live(conn),
            subscriptions.live(conn),
            holds.open_(conn),
        )


def test_lists_tell_what_is_of_ones_own_and_nothing_else(town: Town) -> None:
    for role, case in product(PEOPLE, (case for case in APPS[VIEWER] if case.is_list)):
        path = case.path.partition("?")[0] + ("?all=true" if "all=true" in case.path else "")
        found = town.of(role).get(path)
        assert found, path
        text = json.dumps(found)
        assert "pay" in text, path
        assert "shop" not in text, path
        assert town.shop.app_id not in text, path
        everybody = json.dumps(town.caller("cy").get(path))
        assert "pay" in everybody, path
        assert "shop" in everybody, path


def test_pages_of_lists_are_full(town: Town) -> None:
    """Whatever is newer and of another team takes no place."""
    for path in ("holds", "rules", "promotions", "subscriptions"):
        (own,) = town.of(VIEWER).get(f"/api/{path}?limit=1")
        assert "pay" in json.dumps(own)


def test_with_ones_own_a_role_does_what_it_may(town: Town) -> None:
    for asker, (role, cases) in product(PEOPLE, APPS.items()):
        for case in cases:
            status = town.of(asker).ask(*case.filled(town.pay, town.pay)).status_code
            assert (status == 403) is not asker.covers(role), (case, status)
            assert status < 500, case
            if asker is role:  # whoever comes later finds some of it done
                assert status != 404 or case.method == "DELETE", case


def test_a_role_for_other_apps_is_none_here(town: Town) -> None:
    """Who is admin of another app, and sees these, is told which role is missing, and where."""
    before = everything(town.office)
    for case in (*APPS[APPROVER], *APPS[ADMIN]):
        request = case.filled(town.pay, town.pay)
        status, _, message = town.caller("elsewhere").refused(*request)
        assert (status, " for pay-" in message) == (403, True), (case, message)
    assert everything(town.office) == before
    for case in APPS[VIEWER]:
        status = town.caller("elsewhere").ask(*case.filled(town.pay, town.pay)).status_code
        assert status in (200, 422), case


def test_a_role_that_does_not_suffice_spends_nothing_on_what_must_go_on(town: Town) -> None:
    town.office.calls()
    for path, app in product(
        ("/api/holds", "/api/rollbacks"), ("pay-prod", "pay-none", town.pay.app_id)
    ):
        request = ("POST", path, {"app": app, "reason": "fair"})
        assert town.caller("elsewhere").refused(*request)[0] == 403, request
    assert town.office.calls() == []


@pytest.mark.parametrize("left", [3, None], ids=["few calls left", "Heroku down"])
def test_what_is_answered_while_heroku_cannot_be_asked_is_described(
    town: Town, left: int | None
) -> None:
    described = openapi.described(routes())["paths"]
    if left is None:
        town.office.break_heroku(".*")
    spared = set()
    for role, case in product((VIEWER, ADMIN), [*chain(*APPS.values()), *chain(*ALL.values())]):
        if left is not None:
            town.office.grant(left)
        status = town.of(role).ask(*case.filled(town.pay, town.pay)).status_code
        answers = described[re.sub(r"<(\w+)>", r"{\1}", case.rule)][case.method.lower()][
            "responses"
        ]
        assert str(status) in answers, case
        spared |= {case.rule} if status == 429 else set()
    assert len(spared) >= (10 if left is not None else 0), spared


def test_what_concerns_all_needs_a_role_for_every_app(town: Town) -> None:
    for asker, (role, cases) in product(PEOPLE, ALL.items()):
        for case in cases:
            request = case.filled(town.pay, town.pay)
            assert town.of(asker).ask(*request).status_code == 403, case
            one = {ADMIN: "ana", APPROVER: "bo", VIEWER: "cy"}[asker]
            status = town.caller(one).ask(*request).status_code
            assert (status == 403) is not asker.covers(role), (case, status)


def test_a_machine_is_bound_like_a_person(town: Town) -> None:
    wish = {"name": "ci", "role": "promoter", "apps": ["pay-*"]}
    token = town.caller("ana").post("/api/machine-tokens", wish)["token"]
    hold = Case("POST", "/api/holds", "/api/holds", {"app": "{prod}", "reason": "tests"})
    cases = [hold, *APPS[VIEWER]]

    def ask(case: Case, about: Team) -> tuple[int, str]:
        method, path, body = case.filled(about, town.pay)
        answer = town.client.open(path, method=method, json=body, headers=bearer(token))
        said = answer.text.replace(about.app_id, "ID").replace(about.name, "TEAM")
        return answer.status_code, said

    assert ask(APPS[VIEWER][0], town.pay)[0] == 200
    before = everything(town.office)  # with the token's first use
    for case in cases:
        if "{" in f"{case.path}{json.dumps(case.body or '')[1:]}":
            assert ask(case, town.shop) == ask(case, Team("none")), case
    for case in (*ALL[ADMIN], *APPS[ADMIN]):
        assert ask(case, town.pay)[0] == 403, case
    assert everything(town.office) == before
    assert ask(hold, town.pay)[0] == 201
    assert [ask(case, town.pay)[0] for case in APPS[VIEWER][:2]] == [200, 200]


NAMING: dict[tuple[str, str], Any] = {
    ("POST", "/api/holds"): {"app": "{}", "reason": "a fair"},
    ("POST", "/api/holds/actions/release"): {"app": "{}"},
    ("POST", "/api/promotions"): {"source": "{}", "targets": ["pay-prod"]},
    ("POST", "/api/rollbacks"): {"app": "{}", "reason": "slow"},
    ("POST", "/api/subscriptions"): {"app": "{}"},
    ("DELETE", "/api/subscriptions/{}"): None,
    ("GET", "/api/apps/{}/explanation"): None,
}


@pytest.mark.parametrize("route", NAMING, ids=" ".join)
def test_a_misspelt_app_has_a_suggestion_among_what_whoever_asks_may_see(
    town: Town, route: tuple[str, str]
) -> None:
    method, path = route

    def said(person: str, app: str) -> str:
        body = json.loads(json.dumps(NAMING[route]).replace("{}", app))
        asked = town.caller(person).ask(method, path.format(app), body)
        assert asked.status_code in (404, 422), asked.text
        return str(json.loads(asked.text)["message"])

    assert said("admin.pay", "pay-stagng").endswith(" Did you mean pay-staging?")
    assert said("ana", "shop-prdo").endswith(" Did you mean shop-prod?")
    for alike in ("shop-prdo", "shop-prd", "shop-prod1"):
        assert "Did you mean" not in said("admin.pay", alike)
    assert "Did you mean" not in said("ana", "pay-worker")
