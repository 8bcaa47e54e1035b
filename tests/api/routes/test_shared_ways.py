"""What reaches from one team to another: nobody is shown half of it, and nobody lets it go."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from listener import approval_links
from listener.api import openapi
from listener.app import routes
from listener.approval_links import Invitation
from listener.core.app import App
from listener.core.trouble import Cause
from listener.db import apps, holds, rules, troubles
from listener.db.promotions import PromotionRow
from tests.api.routes.caller import Caller
from tests.api.routes.teams import ADMIN, APPROVER, PEOPLE, VIEWER, Town, rule_of


@pytest.fixture
def cross(town: Town) -> PromotionRow:
    """A promotion that waits for an app of pay, from one of shop, and a hold there."""
    office = town.office
    office.add_rule(
        "cross", source="shop-staging", targets=("pay-eu",), conditions={"approvals": 1}
    )
    office.deploy("shop-staging")
    office.look("shop-staging")
    town.of(APPROVER).post("/api/holds", {"app": "pay-eu", "reason": "fair"})
    return next(row for row in office.found() if row.target_id == office.app("pay-eu").id)


def test_who_sees_one_end_sees_neither_the_rule_nor_the_promotion(
    town: Town, cross: PromotionRow
) -> None:
    for asker in (town.of(role) for role in (VIEWER, APPROVER, ADMIN)):
        assert asker.refused("GET", f"/api/promotions/{cross.id}")[0] == 404
        assert asker.refused("GET", "/api/rules/cross")[0] == 404
        for path in ("promotions?app=pay-eu", "rules?app=pay-eu", "apps/pay-eu/explanation"):
            assert "shop" not in json.dumps(asker.get(f"/api/{path}"))
    both = town.caller("both")
    assert both.get(f"/api/promotions/{cross.id}")["rule"]["name"] == "cross"
    assert both.get("/api/rules/cross")["source"]["name"] == "shop-staging"


def test_what_goes_from_ones_own_app_to_another_teams_is_not_explained(town: Town) -> None:
    town.office.add_rule("out", source="pay-staging", targets=("shop-eu",))
    town.office.deploy("pay-staging")
    town.office.look("pay-staging")
    path = "/api/apps/pay-staging/explanation"
    for asker, names in ((town.of(VIEWER), ["pay"]), (town.caller("both"), ["out", "pay"])):
        found = asker.get(path)
        assert sorted(one["rule"]["name"] for one in found["promotions"]) == names
        assert sorted(one["rule"]["name"] for one in found["rules"]) == names
        assert ("shop" in json.dumps(found)) is ("out" in names)


def test_nobody_lets_go_what_he_is_not_shown(town: Town, cross: PromotionRow) -> None:
    on_app, described = {"app": "pay-eu"}, openapi.described(routes())["paths"]
    for path, body in (
        ("/api/holds/actions/foresee", on_app),
        ("/api/holds/actions/release", on_app),
        ("/api/holds/actions/release", {**on_app, "discard": True}),
        ("/api/holds/3/actions/release", {}),
    ):
        status, id_, message = town.of(APPROVER).refused("POST", path, body)
        assert (status, id_) == (409, "hidden_promotion"), path
        assert "409" in described[path.replace("3", "{hold}")]["post"]["responses"], path
        assert "shop" not in message
    with town.office.database.begin() as conn:
        assert any(row.app_id == cross.target_id for row in holds.open_(conn))
    town.caller("both").post("/api/holds/actions/release", on_app, status=200)


def test_a_rule_that_is_hidden_stands_in_the_way_without_a_word_of_it(
    town: Town, cross: PromotionRow
) -> None:
    way = rule_of("pay-staging", "pay-eu")
    file = {"rules": [{"name": "new", "from": "pay-staging", "to": ["pay-eu"]}]}
    for path, body in (("", way), ("/actions/try", way), ("/actions/plan", file)):
        status, _, message = town.of(ADMIN).refused("POST", f"/api/rules{path}", body)
        assert status == 422
        assert "A rule that you may not see stands in the way" in message
        assert "shop" not in message
        assert "cross" not in message
        assert cross.source_id not in message


def test_a_file_of_ones_own_prunes_ones_own(town: Town) -> None:
    body = {"rules": [], "freezes": [], "prune": True}
    done = town.of(ADMIN).post("/api/rules/actions/apply", body, status=200)
    assert [step["name"] for step in done["rules"]] == ["pay"]
    with town.office.database.begin() as conn:
        assert [row.name for row in rules.live(conn)] == ["shop"]


def test_a_freeze_of_every_target_stays_whoever_prunes(town: Town) -> None:
    everywhere = {"rules": [], "freezes": [{"reason": "holidays"}]}
    own = {"rules": [], "freezes": [], "prune": True}
    town.caller("ana").post("/api/rules/actions/apply", everywhere, status=200)
    done = town.of(ADMIN).post("/api/rules/actions/apply", own, status=200)
    assert done["freezes"] == []
    assert any(hold["reason"] == "holidays" for hold in town.of(VIEWER).get("/api/holds"))


def test_a_name_that_is_taken_is_said_to_be(town: Town) -> None:
    way = rule_of("pay-staging", "pay-eu", name="shop")
    assert town.of(ADMIN).refused("POST", "/api/rules", way)[:2] == (409, "rule_exists")
    file = {"rules": [{"name": "shop", "from": "pay-staging", "to": ["pay-eu"]}]}
    status, _, message = town.of(ADMIN).refused("POST", "/api/rules/actions/apply", file)
    assert (status, message) == (422, "shop: there is a rule of this name already.")


def test_a_hold_on_every_target_is_shown_without_the_apps_of_others(town: Town) -> None:
    body = {"app": None, "except": ["pay-eu", "shop-eu"], "reason": "fair"}
    hold = town.caller("ana").post("/api/holds", body)
    assert {app["name"] for app in hold["except"]} == {"pay-eu", "shop-eu"}
    for seen in (town.of(VIEWER).get("/api/holds")[0], town.of(VIEWER).get("/api/holds/3")):
        assert [app["name"] for app in seen["except"]] == ["pay-eu"]
    for role in (APPROVER, ADMIN):
        assert town.of(role).refused("POST", "/api/holds/3/actions/release", {})[0] == 403
    assert town.of(VIEWER).refused("POST", "/api/holds/3/actions/foresee")[0] == 403


def test_to_act_takes_the_role_on_the_target_and_a_look_at_the_source(town: Town) -> None:
    """Who sees the target, and has a lesser role there, is told so."""
    way = {"source": "pay-staging", "targets": ["pay-prod"]}
    back = {"source": "pay-prod", "targets": ["pay-staging"]}
    half = town.caller("half")
    assert half.refused("POST", "/api/promotions", way)[:2] == (409, "target_held")
    status, _, message = half.refused("POST", "/api/promotions", back)
    assert status == 403
    assert "for pay-staging; half@example.com is approver of pay-prod, viewer of" in message
    assert half.refused("POST", "/api/rollbacks", {"app": "pay-staging", "reason": "x"})[0] == 403
    half.post(f"/api/promotions/{town.pay.promotion}/actions/approve", status=200)


def test_a_new_name_moves_an_app_and_all_about_it_to_others(town: Town) -> None:
    for end in ("staging", "prod"):
        with town.office.database.begin() as conn:
            apps.ensure(conn, App(town.office.app(f"shop-{end}").id, f"pay-shop-{end}"))
    path = f"/api/promotions/{town.shop.promotion}"
    assert town.of(VIEWER).get(path)["target"]["app"]["name"] == "pay-shop-prod"
    renamed = town.caller("ana").get("/api/audit-entries?app=pay-shop-prod")
    assert ("app.renamed", "shop-prod") in [(one["action"], one["before"]) for one in renamed]


def test_the_name_that_heroku_tells_now_counts(town: Town) -> None:
    """It had a name of pay's when the listener saw it last, and has none by now."""
    with town.office.database.begin() as conn:
        apps.ensure(conn, App(town.shop.app_id, "pay-sold"))
    way = {"source": "pay-staging", "targets": [town.shop.app_id]}
    status, _, message = town.of(APPROVER).refused("POST", "/api/promotions", way)
    assert (status, "shop" in message) == (422, False)
    assert town.office.app("shop-prod").id == town.shop.app_id
    gone = town.of(VIEWER).refused("GET", f"/api/apps/{town.shop.app_id}/explanation")
    assert gone[:2] == (404, "app_not_found")


def test_what_stops_every_app_is_told_without_the_app_that_met_it(town: Town) -> None:
    with town.office.database.begin() as conn:
        troubles.note(conn, Cause.ACCOUNT, "shop", "shop-prod is refused", [town.shop.app_id])
    for asker, names in ((town.of(VIEWER), []), (town.caller("cy"), ["shop-prod"])):
        found = [one for one in asker.get("/api/troubles") if one["cause"] == "account"]
        assert [app["name"] for one in found for app in one["apps"]] == names
        assert ("shop" in json.dumps(found)) is bool(names)
        assert found[0]["title"] == "Heroku refuses the listener's account"


def test_a_link_is_of_nothing_for_whoever_may_not_see_where_it_goes(town: Town) -> None:
    """Neither may whoever sees it press its buttons, without the role on the target."""
    links = {}
    for row in town.office.found():
        asked = Invitation(row.id, row.release_id, row.artifact, datetime.now(UTC) + HOUR)
        link = approval_links.sign(town.office.keys.links, asked)
        links[str(row.id)] = f"{approval_links.PATH}{link}"
    own, foreign = links[town.pay.promotion], links[town.shop.promotion]
    yes_and_no = {"approve", "reject"}
    for name, buttons in (
        ("viewer.pay", set()),
        ("elsewhere", set()),
        ("approver.pay", yes_and_no),
    ):
        browser = town.client.application.test_client()
        code = {"code": town.caller(name).post("/api/login-codes")["code"], "back": foreign}
        assert browser.post("/login", data=code).location == foreign
        page = browser.get(foreign)
        assert (page.status_code, "shop" in page.text) == (404, False)
        shown = browser.get(own, follow_redirects=True).text
        assert set(re.findall(r'name="do" value="(\w+)"', shown)) & yes_and_no == buttons
        form = {"form": "x", "do": "approve"}
        said = browser.post(f"/promotions/{town.shop.promotion}", data=form)
        assert said.status_code in (403, 404)
        assert "shop" not in said.text


HOUR = timedelta(hours=1)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    found: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        found.append(query.decode() if isinstance(query, bytes) else str(query))
        return execute(cursor, query, *args, **more)

    with pytest.MonkeyPatch.context() as patched:  # by the driver: some never pass SQLAlchemy
        patched.setattr(psycopg.Cursor, "execute", noted)
        yield found


@pytest.mark.parametrize("path", ["promotions", "rules", "holds", "deliveries", "subscriptions"])
def test_a_list_costs_whoever_is_bound_not_one_statement_more(town: Town, path: str) -> None:
    told = []
    for asker in (town.caller("cy"), town.of(VIEWER)):
        with counted() as statements:
            assert asker.get(f"/api/{path}")
        told.append(len(statements))
    assert told[0] == told[1]
    with counted() as statements:
        town.caller("cy").get(f"/api/{path}")
    assert not any("LIKE" in statement for statement in statements)


def test_a_rule_that_reaches_hidden_apps_is_not_named(town: Town) -> None:
    office, secret = town.office, "secret-x"
    office.add_rule(secret, source="pay-staging", targets=("pay-eu", "shop-eu"))
    office.deploy("pay-staging")
    town.of(APPROVER).post("/api/holds", {"app": "pay-eu", "reason": "fair"})
    office.look("pay-staging")
    eu = office.app("pay-eu").id
    number = next(row.id for row in office.found() if row.target_id == eu)

    def looked(caller: Caller) -> str:
        found = [
            caller.get(path)
            for path in (
                "/api/promotions",
                f"/api/promotions/{number}",
                "/api/apps/pay-staging/explanation",
            )
        ]
        about = {"app": "pay-eu"}
        found.append(caller.post("/api/holds/actions/foresee", about, status=200))
        return json.dumps(found)

    path = f"/api/promotions/{number}"
    for mode in ("armed", "shadow"):
        town.caller("ana").patch(f"/api/rules/{secret}", {"mode": mode})
        for role in PEOPLE:
            assert secret not in looked(town.of(role)), (mode, role)
        assert secret in looked(town.caller("both"))
    shown = town.of(VIEWER).get(path)
    assert (shown["rule"], shown["by_hand"]) == (None, False)
    town.caller("ana").delete(f"/api/rules/{secret}")
    ended = town.of(VIEWER).get(path)
    assert ended["reason"] == "Its rule was removed by ana@example.com."
    assert secret not in json.dumps(ended)
    assert town.caller("both").get(path)["reason"].startswith(f"Rule {secret} was removed")
    assert town.of(APPROVER).refused("POST", f"{path}/actions/retry")[2] == "Its rule was removed."
