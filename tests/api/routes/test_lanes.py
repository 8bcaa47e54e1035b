"""`/`: whom it shows which lanes, and how a browser logs in and out."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from bench.plenty import LANES, PLANT
from listener.core.promotion import Status
from listener.db import holds
from listener.db.promotions import PromotionRow
from listener.db.tables import promotion
from listener.pages.frame import STYLESHEET
from listener.roles import Role
from listener.services import lanes
from listener.services.caller import Caller as From
from listener.services.holds import NewHold
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER
from tests.api.routes.teams import Town
from tests.logins import desk_of
from tests.services import shipped
from tests.services.office import ANA, BO, PROD, STAGING, Office

EVIL = "<script>alert(1)</script>\"'&"
MOST_STATEMENTS = 12
MOST_BYTES = 60_000


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
    assert "<title>1 needs you · Lanes" in page.text
    assert "Review v" in page.text


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


def test_a_rule_that_reaches_hidden_apps_is_not_named(town: Town) -> None:
    office, secret = town.office, "secret-x"
    office.add_rule(secret, source="pay-staging", targets=("pay-eu", "shop-eu"))
    office.add_rule("pay-eu", source="pay-staging", targets=("pay-eu",), mode="shadow")
    office.deploy("pay-staging")
    town.of(Role.APPROVER).post("/api/holds", {"app": "pay-eu", "reason": "fair"})
    office.look("pay-staging")
    town.caller("ana").delete(f"/api/rules/{secret}")

    said = {}
    for who in ("viewer.pay", "both"):
        browser = town.client.application.test_client()
        enter(browser, town.caller(who))
        said[who] = browser.get("/").text

    assert "Its rule was removed by ana@example.com." in section(said["viewer.pay"], "ended")
    assert secret not in said["viewer.pay"]
    assert f"Rule {secret} was removed by ana@example.com." in section(said["both"], "ended")


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


# What needs whoever looks, and what does not, and why.


def wait_for_approval(office: Office, **conditions: Any) -> PromotionRow:
    """Ana's release that waits for an approval."""
    office.add_rule(name="ship", conditions={"approvals": 1, **conditions})
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    return office.found()[-1]


def hold(office: Office, app: str | None, reason: str, **times: Any) -> None:
    """Bo's hold on an app, or on every target."""
    office.holds.put(NewHold(app=app, reason=reason, **times), by=BO)


def section(page: str, name: str) -> str:
    """A part of the page, up to the next heading of its kind; empty where there is none."""
    return page.partition(f'<h2 id="{name}">')[2].partition("<h2")[0]


def test_who_may_not_approve_is_told_whom_it_needs(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    wait_for_approval(office)
    enter(browser, viewer)

    page = browser.get("/").text

    assert f"it needs an approver of {PROD}" in section(page, "others")
    assert "<title>Lanes · " in page
    assert section(page, "mine") == ""


def test_an_own_release_needs_somebody_else_where_the_rule_says_so(
    browser: FlaskClient, admin: Caller, office: Office
) -> None:
    wait_for_approval(office, self_approval=False)
    enter(browser, admin)

    page = browser.get("/").text

    assert "it is your own release: somebody else must approve it" in section(page, "others")
    assert section(page, "mine") == ""


def test_whoever_approved_already_is_asked_no_more(
    browser: FlaskClient, approver: Caller, office: Office
) -> None:
    row = wait_for_approval(office, approvals=2)
    enter(browser, approver)
    assert "Review v" in section(browser.get("/").text, "mine")

    approver.post(f"/api/promotions/{row.id}/actions/approve", status=200)
    office.work()

    assert "you approved it" in section(browser.get("/").text, "others")


def test_what_needs_a_hand_is_no_question_for_a_yes(
    browser: FlaskClient, approver: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    approver.post("/api/commit-blocks", {"commit": "3f2a91c", "reason": "it loses orders"})
    office.deploy(STAGING, commit="3f2a91c" + "0" * 33)
    office.look(STAGING)
    office.work()
    enter(browser, approver)

    mine = section(browser.get("/").text, "mine")

    assert "it loses orders" in mine
    assert "Look at v" in mine
    assert "approve</span>" not in mine


def test_a_promotion_that_went_wrong_and_its_hold_are_one_thing_to_look_at(
    browser: FlaskClient, approver: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": True}}, "PATCH")
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    hold(office, PROD, "Wait for a fix")
    enter(browser, approver)

    mine = section(browser.get("/").text, "mine")

    assert mine.count('<li class="need') == 1
    assert "Look at v" in mine
    assert f"autopromote holds:release -a {PROD}" in mine


@pytest.mark.parametrize(("kind", "told"), [("guard", 2), ("person", 4)])
def test_why_it_went_back_is_told_once_at_its_stop(
    browser: FlaskClient, approver: Caller, office: Office, kind: str, told: int
) -> None:
    office.add_rule(name="ship")
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    (row,) = office.found()
    why = "1 of 5 answers of https://shop.example.com were good, the last 0 in a row."
    back = {"status": Status.ROLLED_BACK, "reason": f"{why} Rolled back as v6."}
    with office.database.begin() as conn:
        conn.execute(update(promotion).values(back))
        reason = f"Promotion {row.id} was rolled back. {why}"
        holds.put(conn, row.target_id, reason=reason, by="autopromote", kind=kind)
    enter(browser, approver)

    page = browser.get("/").text

    mine, busy = section(page, "mine"), section(page, "busy")
    assert ("s ago</time> for it" in mine) is (kind == "guard"), mine
    assert f"Promotion {row.id} was rolled back." in busy
    assert page.count(why) == told  # in what needs somebody, and in what ended


def test_what_went_wrong_is_over_once_something_went_well(
    browser: FlaskClient, approver: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    enter(browser, approver)
    needed = []
    for fails in (True, False):
        office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": fails}}, "PATCH")
        office.deploy(STAGING)
        office.look(STAGING)
        office.work()
        needed.append("Look at v" in section(browser.get("/").text, "mine"))

    assert [str(row.status) for row in office.found()] == ["failed", "succeeded"]
    assert needed == [True, False]


def test_what_runs_and_what_comes_next_are_told_by_their_commits(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    row = wait_for_approval(office)
    shipped.store(office.database, row.id, shipped.compared(shipped.commits("Older", EVIL)))
    enter(browser, viewer)

    page = browser.get("/").text

    assert page.count("&lt;script&gt;alert(1)") == 2  # of what somebody is asked, and at the source
    assert "Ana Ivanova" in page
    assert "<script>alert" not in page


def test_freezes_of_the_next_day_are_told_beside_those_in_force(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    office.add_rule(name="ship")
    now = datetime.now(UTC)
    soon, later = now + timedelta(hours=3), now + timedelta(hours=30)
    hold(office, PROD, "Sale", starts_at=soon, ends_at=later)
    hold(office, PROD, "Audit", starts_at=later)
    hold(office, None, "Stocktaking", ends_at=later)
    enter(browser, viewer)

    page = browser.get("/").text

    assert "Every target</b>: Stocktaking" in page
    assert f"<b>{PROD}</b>: Sale, by {BO}, from <time" in page
    assert "Audit" not in page
    assert "2 freezes" in page


# Find.


@pytest.mark.parametrize("words", [STAGING, "SHIP", "  ship "])
def test_lanes_are_found_by_app_and_by_rule(
    browser: FlaskClient, viewer: Caller, office: Office, words: str
) -> None:
    wait_for_approval(office)
    enter(browser, viewer)

    found, other = (browser.get("/", query_string={"find": each}) for each in (words, "else"))

    assert "Busy lanes" in found.text
    assert "Only lanes with" in found.text
    assert "Busy lanes" not in other.text
    assert "No lane with “else”" in other.text


def test_what_is_looked_for_is_cut_and_escaped(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    wait_for_approval(office)
    enter(browser, viewer)

    page = browser.get("/", query_string={"find": EVIL + "x" * 5000})

    assert page.status_code == 200
    assert "x" * 101 not in page.text
    assert "<script>alert" not in page.text


def test_a_page_of_found_lanes_keeps_up_to_date_by_itself(
    browser: FlaskClient, viewer: Caller, office: Office
) -> None:
    wait_for_approval(office)
    enter(browser, viewer)
    tags = [browser.get(path).headers["ETag"] for path in ("/", "/?find=else")]

    again = [browser.get("/?find=else", headers={"If-None-Match": tag}).status_code for tag in tags]

    assert again == [200, 304]


# Many lanes, a long past.


def test_a_hundred_apps_take_few_statements_and_few_bytes(
    browser: FlaskClient, admin: Caller, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.database.connect() as conn:
        conn.execute(PLANT.encode())
    enter(browser, admin)
    browser.get("/")
    said: list[bytes] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        said.append(query)
        return execute(cursor, query, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", noted)
        page = browser.get("/")
    packed = browser.get("/", headers={"Accept-Encoding": "gzip"})

    assert page.text.count('<li class="lane">') + page.text.count('<tr><th scope="row"') == LANES
    assert section(page.text, "mine").count("v165 → 12 targets") == 1  # what many targets wait for
    assert len(said) <= MOST_STATEMENTS, said
    assert 20_000 < len(page.data) <= MOST_BYTES
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 10_000
    assert "Quiet lanes" in gzip.decompress(packed.data).decode()


# Live: a browser asks each second, and is told mostly that nothing changed.


def ask_again(browser: FlaskClient, tag: str) -> TestResponse:
    """What the page's script asks."""
    return browser.get("/", headers={"If-None-Match": tag})


@pytest.mark.usefixtures("lasting")
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
