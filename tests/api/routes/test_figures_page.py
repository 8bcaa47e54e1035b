"""`/figures`: whom it shows which figures."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from listener.roles import Role
from tests.api.routes.caller import Caller
from tests.api.routes.teams import Town
from tests.services.office import PROD, STAGING, Office


def enter(client: FlaskClient, caller: Caller) -> FlaskClient:
    """A browser in which this person is logged in."""
    browser = client.application.test_client()
    browser.post("/login", data={"code": caller.post("/api/login-codes")["code"]})
    return browser


def test_each_figure_has_its_definition_and_a_chart(
    client: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    for _ in range(3):
        office.deploy(STAGING)
        office.look(STAGING)
        office.work()

    page = enter(client, viewer).get("/figures?days=7")

    assert page.status_code == 200
    assert "Deployments a day" in page.text
    assert "3 in 7 days" in page.text
    assert page.text.count('<svg class="chart"') == 5
    assert "that came to run on their target" in page.text
    assert page.text.count("<rect") >= 1
    assert PROD in page.text
    assert "ship" in page.text


@pytest.mark.parametrize(
    ("query", "status"), [("days=8", 422), ("zone=Nowhere", 422), ("rule=none", 404)]
)
def test_what_cannot_be_asked_for_is_said_on_a_page(
    client: FlaskClient, viewer: Caller, query: str, status: int
) -> None:
    page = enter(client, viewer).get(f"/figures?{query}")

    assert (page.status_code, page.mimetype) == (status, "text/html")


def test_nothing_is_told_before_the_login(client: FlaskClient, office: Office) -> None:
    office.add_rule(name="ship")

    page = client.get("/figures")

    assert PROD not in page.text
    assert 'name="back" value="/figures"' in page.text


def test_a_team_sees_the_figures_of_its_own_apps_alone(town: Town) -> None:
    page = enter(town.client, town.of(Role.VIEWER)).get("/figures")

    assert page.status_code == 200
    assert "shop" not in page.text


def test_a_bar_leads_to_the_promotions_of_its_day(
    client: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    browser = enter(client, viewer)

    page = browser.get("/figures?days=7").text
    (link, *_) = re.findall(r'<a href="(/figures\?[^"]*day=[^"]*)#day"', page)
    behind = browser.get(html.unescape(link)).text

    assert "What stands behind" not in page
    (part,) = re.findall(r'<section aria-labelledby="day">.*?</section>', behind, re.DOTALL)
    (promotion,) = re.findall(r'href="/promotions/(\d+)"', part)
    assert promotion == "1"
    assert PROD in part
    assert "well" in part


def test_a_day_that_is_not_shown_is_not_there(client: FlaskClient, viewer: Caller) -> None:
    page = enter(client, viewer).get("/figures?day=2020-01-01")

    assert (page.status_code, page.mimetype) == (404, "text/html")
