"""`/`: whom it shows which lanes, and how a browser logs in and out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listener.pages.frame import STYLESHEET
from listener.roles import Role
from listener.services import lanes
from listener.services.caller import Caller as From
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER
from tests.api.routes.teams import Town
from tests.logins import desk_of
from tests.services.office import ANA, PROD, STAGING, Office

EVIL = "<script>alert(1)</script>\"'&"


def enter(client: FlaskClient, caller: Caller) -> TestResponse:
    """Log a browser in with a code that this person's command line prints."""
    return client.post("/login", data={"code": caller.post("/api/login-codes")["code"]})


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    """A browser of its own."""
    return client.application.test_client()


def test_nothing_is_told_before_the_login(browser: FlaskClient, office: Office) -> None:
    office.add_rule(name="ship")

    page = browser.get("/")

    assert page.status_code == 200
    assert "autopromote login:code" in page.text
    assert STAGING not in page.text


def test_whoever_logs_in_sees_what_waits_for_whom(
    browser: FlaskClient, approver: Caller, office: Office
) -> None:
    office.add_rule(name="ship", conditions={"approvals": 1})
    office.deploy(STAGING, description=EVIL)
    office.look(STAGING)
    office.work()
    (row,) = office.found()

    entered = enter(browser, approver)
    page = browser.get("/")

    assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    assert page.status_code == 200
    for words in (
        STAGING,
        PROD,
        f'href="/promotions/{row.id}"',
        "1 approval",
        APPROVER,
    ):
        assert words in page.text
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<title>1 need somebody" in page.text


def test_a_lane_is_quiet_once_its_target_runs_the_same(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    enter(browser, viewer)

    page = browser.get("/")

    assert "Quiet lanes" in page.text
    assert "Busy lanes" not in page.text
    assert "Ended in the last 24 hours" in page.text


def test_a_hotfix_on_production_shows_its_hold(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    office.deploy(PROD, user="tomas@example.com", description="Hotfix")
    office.look(PROD)
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    enter(browser, viewer)

    page = browser.get("/")

    assert f"autopromote holds:release -a {PROD}" in page.text
    assert "tomas@example.com released" in page.text
    assert f"not from {STAGING}" in page.text


def test_a_session_that_was_ended_opens_nothing(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    text = browser.get_cookie("autopromote_browser", path="/")
    assert text is not None

    left = browser.post("/logout")
    browser.set_cookie("autopromote_browser", text.value, path="/")

    assert (left.status_code, left.headers["Location"]) == (303, "/")
    assert STAGING not in browser.get("/").text


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_forms_of_other_sites_are_refused(browser: FlaskClient, path: str) -> None:
    answer = browser.post(path, data={"code": "x"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "another site" in answer.text


def test_a_wrong_code_is_said_and_lets_nobody_in(browser: FlaskClient) -> None:
    answer = browser.post("/login", data={"code": "AAAAA-AAAAA"})

    assert answer.status_code == 401
    assert "That code is wrong" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_who_tries_many_codes_is_told_to_wait(browser: FlaskClient) -> None:
    answers = [browser.post("/login", data={"code": f"AAAAA-{n:05}"}) for n in range(40)]

    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429


def test_the_page_loads_nothing_but_its_own_style(browser: FlaskClient) -> None:
    page, style = browser.get("/"), browser.get(STYLESHEET)

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert f'href="{STYLESHEET}"' in page.text
    assert (style.mimetype, style.headers["Cache-Control"]) == (
        "text/css",
        "public, max-age=31536000, immutable",
    )


def test_a_team_sees_its_own_lanes_alone(town: Town) -> None:
    browser = town.client.application.test_client()
    enter(browser, town.of(Role.VIEWER))

    page = browser.get("/")

    assert "pay-staging" in page.text
    assert "shop" not in page.text


def test_what_came_by_hand_from_a_hidden_app_is_hidden(town: Town) -> None:
    town.office.holds.release("pay-prod", by=ANA)
    body = {"source": "shop-staging", "targets": ["pay-prod"]}
    made = town.caller("ana").ask("POST", "/api/promotions", body)
    browser = town.client.application.test_client()
    enter(browser, town.of(Role.VIEWER))

    page = browser.get("/")

    assert made.status_code == 201, made.text
    assert "shop" not in page.text
    assert "pay-staging" in page.text


def test_a_source_that_was_rolled_back_is_not_what_production_runs(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    for _ in range(2):
        office.deploy(STAGING)
        office.look(STAGING)
        office.work()
    office.control(f"apps/{STAGING}/rollbacks", {"release": 4, "user": "bo@example.com"})
    office.look(STAGING)
    office.work()
    enter(browser, viewer)

    page = browser.get("/")

    assert "Busy lanes" in page.text
    assert "Quiet lanes" not in page.text


def test_whoever_lost_the_role_is_told_so_and_sees_nothing(town: Town) -> None:
    browser = town.client.application.test_client()
    session = desk_of(town.office.database, town.office.keys)
    caller = From(None, datetime.now(UTC))
    with town.office.database.begin() as conn:
        text = session.start_session(conn, "gone@example.org", caller).text
    browser.set_cookie("autopromote_browser", text, path="/")

    page = browser.get("/")

    assert page.status_code == 403
    assert "gone@example.org has no role here" in page.text
    assert "pay" not in page.text


# Live: a browser asks each second, and is told mostly that nothing changed.


def ask_again(browser: FlaskClient, tag: str) -> TestResponse:
    """What the page's script asks."""
    return browser.get("/", headers={"If-None-Match": tag})


def test_who_asks_again_is_told_without_the_database_that_nothing_changed(
    browser: FlaskClient, viewer: Caller, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    tag = browser.get("/").headers["ETag"]
    asked = []
    monkeypatch.setattr(lanes, "read", lambda _: asked.append(1))

    answer = ask_again(browser, tag)

    assert (answer.status_code, answer.data, asked) == (304, b"", [])


def test_a_change_that_was_heard_is_seen_at_once(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    tag = browser.get("/").headers["ETag"]
    office.deploy(STAGING)
    office.look(STAGING)
    office.context.changes.heard()

    answer = ask_again(browser, tag)

    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag
    office.context.changes.heard()  # of something that this page does not show
    assert ask_again(browser, answer.headers["ETag"]).status_code == 304


def test_what_one_browser_has_says_nothing_to_another(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    tag = browser.get("/").headers["ETag"]

    answer = ask_again(browser.application.test_client(), tag)

    assert answer.status_code == 200
    assert STAGING not in answer.text
