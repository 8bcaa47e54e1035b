"""`/audit`, `/deliveries`, `/doctor`: whom they show what, and what they never do by themselves."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from listener.db import audit, deliveries
from listener.db.deliveries import Arrival
from listener.pages.turning import ROWS
from listener.roles import Role
from listener.services.holds import NewHold
from tests.api.routes.caller import Caller
from tests.api.routes.teams import Town
from tests.api.routes.test_figures_page import enter
from tests.services.office import ANA, PROD, STAGING, Office

PAGES = AUDIT, DELIVERIES, DOCTOR = "/audit", "/deliveries", "/doctor"
EVIL = "<script>alert(1)</script>" + "x" * 500 + "\u202egnp.exe"


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_told_before_the_login(client: FlaskClient, office: Office, path: str) -> None:
    office.add_rule(name="ship")

    page = client.get(path)

    assert page.status_code == 200
    assert f'name="back" value="{path}"' in page.text
    assert "ship" not in page.text


def test_heroku_open_lands_on_a_page_that_says_how_to_log_in(client: FlaskClient) -> None:
    page, head = client.get("/"), client.head("/")

    assert (page.status_code, head.status_code, head.data) == (200, 200, b"")
    assert "autopromote login:code" in page.text
    assert head.mimetype == "text/html"


# Audit


def test_an_admin_sees_who_changed_what(client: FlaskClient, admin: Caller, office: Office) -> None:
    office.add_rule(name="ship")
    office.holds.put(NewHold(app=PROD, reason=EVIL), by="bo@example.com")
    browser = enter(client, admin)

    page = browser.get(AUDIT)

    assert page.status_code == 200
    seen = ("bo@example.com", "rule.added", "ship", 'href="/rules/1"', "&lt;script&gt;alert(1)")
    text = page.text.replace("<wbr>", "")  # where an address may break
    for words in (ANA, *seen):
        assert words in text, words
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("by=BO@example.com", ["hold"]),
        (f"app={PROD}", ["hold", "rule"]),
        ("since=1h", ["hold", "rule"]),
        ("since=2030-01-31", []),
        ("app=no-such-app", []),
        ("app=&by=&since=", ["hold", "rule"]),
    ],
)
def test_the_audit_is_filtered(
    client: FlaskClient, admin: Caller, office: Office, query: str, shown: list[str]
) -> None:
    office.add_rule(name="ship")
    office.holds.put(NewHold(app=PROD, reason="a fair"), by="bo@example.com")

    page = enter(client, admin).get(f"{AUDIT}?{query}")

    assert page.status_code == 200
    said = set(re.findall(r">(hold|rule)\.", page.text))
    assert sorted(said) == shown
    assert ("Nobody changed anything that fits." in page.text) is not bool(shown)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (AUDIT, "since=yesterday"),
        (AUDIT, "since=999999d"),
        (AUDIT, "before=x"),
        (DELIVERIES, "before=" + "9" * 30),
        (DELIVERIES, "app=a%00b"),
    ],
)
def test_a_filter_that_nobody_can_read_is_said_on_a_page(
    client: FlaskClient, admin: Caller, path: str, query: str
) -> None:
    page = enter(client, admin).get(f"{path}?{query}")

    assert (page.status_code, page.mimetype) == (422, "text/html")


def test_a_long_audit_is_turned_by_links(
    client: FlaskClient, admin: Caller, office: Office
) -> None:
    with office.database.begin() as conn:
        for number in range(2 * ROWS + 1):
            audit.record(
                conn,
                by="zoe+1@example.com",
                action=f"a{number}.b",
                subject_type="x",
                subject_id="1",
            )
    browser = enter(client, admin)
    path, seen, page = f"{AUDIT}?by=zoe%2B1@example.com", list[str](), browser.get(AUDIT)
    for _ in range(3):
        page = browser.get(path)
        seen += re.findall(r">a(\d+)\.b<", page.text)
        older = re.search(r'href="([^"]+)">Older', page.text)
        path = html.unescape(older[1]) if older is not None else ""

    assert seen == [str(number) for number in reversed(range(2 * ROWS + 1))]
    assert path == ""
    assert 'href="/audit?by=zoe%2B1%40example.com">Newest' in page.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.ADMIN])
def test_who_is_no_admin_of_every_app_is_told_who_could_change_that(town: Town, role: Role) -> None:
    browser = enter(town.client, town.of(role))

    page = browser.get(AUDIT)

    assert (page.status_code, page.mimetype) == (403, "text/html")
    assert "That needs the role admin" in html.unescape(page.text)
    assert "AUTOPROMOTE_ADMINS" in page.text
    for text in (page.text, browser.get(DELIVERIES).text):  # nor does a menu lead there
        assert 'href="/audit"' not in text
        assert 'href="/doctor"' in text
    assert 'href="/audit"' in enter(town.client, town.caller("ana")).get(DELIVERIES).text


# Deliveries


def test_deliveries_tell_what_came_of_them(
    client: FlaskClient, approver: Caller, office: Office
) -> None:
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    office.add_rule(name="ship")
    office.deploy(STAGING)
    office.receive()
    office.look(STAGING)
    (row,) = office.found()

    page = enter(client, approver).get(f"{DELIVERIES}?app={STAGING}")

    assert page.status_code == 200
    assert f'is a deploy: promotion </bdi><a href="/promotions/{row.id}">{row.id}</a>' in page.text
    assert "autopromote webhooks:replay " in page.text


def test_who_may_not_replay_is_not_told_how(town: Town) -> None:
    for role, may in ((Role.VIEWER, False), (Role.APPROVER, True)):
        page = enter(town.client, town.of(role)).get(DELIVERIES)
        assert "pay-staging" in page.text
        assert ("autopromote webhooks:replay" in page.text) is may


def test_a_team_sees_its_own_deliveries_alone(town: Town) -> None:
    browser = enter(town.client, town.of(Role.ADMIN))

    for path in (DELIVERIES, f"{DELIVERIES}?app={town.shop.app_id}", DOCTOR):
        page = browser.get(path)
        assert page.status_code == 200
        assert "shop" not in page.text, path


def test_what_a_delivery_says_stays_text_and_its_body_unseen(
    client: FlaskClient, viewer: Caller, office: Office
) -> None:
    subscribed, _ = office.subscriptions.add(STAGING, by=ANA, reached_at="")
    with office.database.begin() as conn:
        for number in range(ROWS + 1):
            arrival = Arrival(
                key=f"key-{number}",
                subscription_id=subscribed.row.id,
                app_id=office.app(STAGING).id,
                body=b"sealed-body",
                outcome=f"not understood: {EVIL}",
                action=EVIL,
                delivery_id=EVIL,
            )
            deliveries.add(conn, arrival)
    browser = enter(client, viewer)

    page = browser.get(DELIVERIES)

    assert "not understood: &lt;script&gt;alert(1)" in page.text
    for never in ("<script>alert", "sealed-body", "key-1"):
        assert never not in page.text
    assert page.text.count("not understood") == ROWS
    (older,) = re.findall(r'href="([^"]+)">Older', page.text)
    assert browser.get(older).text.count("not understood") == 1


# The doctor


def test_a_look_asks_heroku_nothing_and_a_button_does(town: Town) -> None:
    browser = enter(town.client, town.of(Role.VIEWER))
    town.office.calls()

    page = browser.get(DOCTOR)
    before = town.office.calls()
    form = re.findall(r'name="form" value="([^"]+)"', page.text)[0]
    asked = browser.post(DOCTOR, data={"form": form})
    again = browser.post(DOCTOR, data={"form": form})

    assert page.status_code == 200
    assert "pay-prod is gone" not in page.text  # it lasts for no minute yet
    assert before == []
    assert asked.status_code == 200
    assert "To look at, in the order in which to mend it" in asked.text
    assert "pay-prod" in asked.text
    assert "shop" not in asked.text
    assert (again.status_code, 'href="/doctor">Look again' in again.text) == (409, True)


def test_the_doctor_speaks_of_one_app_where_it_is_asked_to(
    client: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    browser = enter(client, viewer)
    form = re.findall(r'name="form" value="([^"]+)"', browser.get(f"{DOCTOR}?app={PROD}").text)[0]

    asked = browser.post(DOCTOR, data={"form": form, "app": PROD})

    assert asked.status_code == 200
    assert f"<b>{PROD}</b>" in asked.text
    assert f"<b>{STAGING}</b>" not in asked.text


def test_whoever_asks_too_much_of_heroku_is_told_to_wait(
    client: FlaskClient, viewer: Caller, office: Office
) -> None:
    browser = enter(client, viewer)
    form = re.findall(r'name="form" value="([^"]+)"', browser.get(DOCTOR).text)[0]
    office.grant(3)

    asked = browser.post(DOCTOR, data={"form": form})

    assert (asked.status_code, asked.mimetype) == (429, "text/html")
    assert "Again in" in asked.text


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {}])
def test_no_other_site_has_heroku_asked(
    client: FlaskClient, viewer: Caller, office: Office, headers: dict[str, str]
) -> None:
    browser = enter(client, viewer)
    office.calls()

    answer = browser.post(DOCTOR, data={"form": "x"}, headers=headers)

    assert answer.status_code == 403
    assert "AUTOPROMOTE_ADMINS" not in answer.text  # no role would help
    assert office.calls() == []
