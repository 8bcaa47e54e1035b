"""`/approvals/…`: the link that invites somebody to a promotion, and every other one that may come.

What its page does then is in test_promotion_page.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from listener import approval_links
from listener.approval_links import Invitation
from listener.core.promotion import Status
from listener.crypto import Keys
from listener.db.promotions import PromotionRow
from listener.services.caller import Caller as From
from listener.services.login import BrowsersDesk
from listener.services.refusals import Refusals
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER
from tests.logins import desk_of, token_of
from tests.services.office import ANA, PROD, STAGING, Office

IN_AN_HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def row(office: Office) -> PromotionRow:
    """A promotion that waits for an approval."""
    office.add_rule(name="ship", conditions={"approvals": 1})
    office.deploy(STAGING)
    office.look(STAGING)
    (found,) = office.found()
    return found


def browsers_desk(office: Office) -> BrowsersDesk:
    desk = desk_of(office.database, office.keys)
    return BrowsersDesk(office.database, office.keys, desk, Refusals(office.database))


@dataclass
class Browser:
    """Somebody's browser before one link."""

    client: FlaskClient
    link: str

    @property
    def url(self) -> str:
        return f"{approval_links.PATH}{self.link}"

    def look(self) -> TestResponse:
        return self.client.get(self.url)

    def enter(self, caller: Caller) -> TestResponse:
        """Log in with a code that this person's command line prints."""
        return self.send(caller.post("/api/login-codes")["code"])

    def send(self, code: str, **headers: str) -> TestResponse:
        return self.client.post("/login", data={"code": code, "back": self.url}, headers=headers)

    @property
    def is_asked_who_it_is(self) -> bool:
        """Whether the page asks for a login, and tells nothing else."""
        page = self.look()
        return page.status_code == 200 and "autopromote login:code" in page.text


Open = Callable[..., Browser]


@pytest.fixture
def open_(client: FlaskClient, office: Office, row: PromotionRow) -> Open:
    """Opens the link to the promotion, or to what differs from it, in a browser of its own."""

    def opened(
        *, keys: Keys = office.keys, until: timedelta = IN_AN_HOUR, **changes: Any
    ) -> Browser:
        asked = Invitation(row.id, row.release_id, row.artifact, now() + until)
        link = approval_links.sign(keys.links, replace(asked, **changes))
        return Browser(client.application.test_client(), link)

    return opened


def status(office: Office) -> Status:
    office.work()
    return office.found()[0].status


# The way it is meant.


def test_whoever_logs_in_is_led_to_what_would_go(
    open_: Open, approver: Caller, row: PromotionRow
) -> None:
    browser = open_()
    assert f"Promotion {row.id} waits for approval." in browser.look().text
    assert f'name="back" value="{browser.url}"' in browser.look().text

    entered = browser.enter(approver)
    led = browser.look()

    assert (entered.status_code, entered.headers["Location"]) == (303, browser.url)
    assert (led.status_code, led.headers["Location"]) == (303, f"/promotions/{row.id}")
    page = browser.client.get(led.headers["Location"]).text
    for words in (f"{STAGING} v{row.version}", PROD, 'value="approve"'):
        assert words in page


def test_every_page_is_guarded(open_: Open) -> None:
    browser = open_()
    for answer in (browser.look(), browser.send(""), browser.client.get(f"{browser.url[:-3]}")):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == "text/html"
        assert "src=" not in answer.text


def test_the_session_stays_in_this_browser_and_on_this_page(open_: Open, approver: Caller) -> None:
    (cookie,) = open_().enter(approver).headers.getlist("Set-Cookie")
    attributes = set(cookie.split("; ")[1:])
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= attributes
    assert "Max-Age=28800" in attributes


# Whoever only has the link.


@pytest.mark.parametrize("agent", ["Slackbot-LinkExpanding 1.0", "facebookexternalhit/1.1"])
def test_a_preview_shows_and_changes_nothing(
    open_: Open, office: Office, row: PromotionRow, agent: str
) -> None:
    browser = open_()
    before = office.found(), office.audit()
    for ask in (browser.client.get, browser.client.head):
        answer = ask(browser.url, headers={"User-Agent": agent})
        assert answer.status_code == 200
        for secret in (STAGING, PROD, row.artifact, "ship"):
            assert secret not in answer.text
        assert "Set-Cookie" not in answer.headers
    assert (office.found(), office.audit()) == before


def started(office: Office) -> str:
    """The id of a session that is good."""
    desk = desk_of(office.database, office.keys)
    with office.database.begin() as conn:
        signed = desk.start_session(conn, APPROVER, From(None, now()))
    return desk.find_session(signed.text, From(None, now())).id


def test_a_session_is_none_that_we_did_not_sign(open_: Open, office: Office) -> None:
    browser = open_()
    said = {"email": APPROVER, "id": started(office)}
    others = (
        Keys(["o" * 32]).sessions.sign(said, until=now() + IN_AN_HOUR),
        office.keys.forms.sign(said, until=now() + IN_AN_HOUR),
        office.keys.links.sign(said, until=now() + IN_AN_HOUR),
        office.keys.sessions.sign(said, until=now() - timedelta(seconds=1)),
    )
    token = token_of(office.database, office.keys, APPROVER)
    for text in (*(one.text for one in others), token):
        browser.client.set_cookie("autopromote_browser", text, path="/")
        assert browser.is_asked_who_it_is


@pytest.mark.parametrize("code", ["", "AAAAA-AAAAA", "\N{FULLWIDTH DIGIT ONE}", "x" * 4000])
def test_a_wrong_code_lets_nobody_in(open_: Open, code: str) -> None:
    answer = open_().send(code)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_code_is_good_once_and_not_for_long(
    open_: Open, approver: Caller, office: Office
) -> None:
    browser, code = open_(), approver.post("/api/login-codes")["code"]
    assert browser.send(f" {code.lower().replace('-', ' ')}").status_code == 303
    assert open_().send(code).status_code == 401
    old = browsers_desk(office).make_code(APPROVER, From(None, now() - timedelta(minutes=5)))
    assert open_().send(old.text).status_code == 401


# Links that are none.


def test_a_forged_or_altered_link_leads_nowhere(open_: Open) -> None:
    link = open_().link
    others = [open_(keys=Keys(["o" * 32])).link, "x", link[:-4], f"a{link}", link.swapcase()]
    for other in others:
        answer = replace(open_(), link=other).look()
        assert (answer.status_code, "There is no such link." in answer.text) == (404, True)


def test_a_link_of_another_kind_is_none(open_: Open, office: Office) -> None:
    said = {"to": [1, "r", "s"]}
    for text in (
        office.keys.sessions.sign(said, until=now() + IN_AN_HOUR).text,
        office.keys.links.sign({"to": 1}, until=now() + IN_AN_HOUR).text,
        office.keys.links.sign({}, until=now() + IN_AN_HOUR).text,
        token_of(office.database, office.keys, ANA),
    ):
        assert replace(open_(), link=text).look().status_code == 404


def test_an_expired_link_says_so(open_: Open, approver: Caller) -> None:
    browser = open_(until=timedelta(seconds=-1))
    browser.enter(approver)
    for answer in (open_(until=timedelta(seconds=-1)).look(), browser.look()):
        assert (answer.status_code, "This link has expired" in answer.text) == (410, True)


@pytest.mark.parametrize("change", [{"release_id": "r"}, {"artifact": "s"}, {"promotion_id": 99}])
def test_a_link_is_to_one_promotion_of_one_release_and_slug(
    open_: Open, approver: Caller, change: dict[str, Any]
) -> None:
    browser = open_()
    browser.enter(approver)

    assert replace(browser, link=open_(**change).link).look().status_code == 404


def test_whoever_has_no_role_any_more_sees_nothing(open_: Open, office: Office) -> None:
    browser = open_()
    with office.database.begin() as conn:
        desk = desk_of(office.database, office.keys)
        session = desk.start_session(conn, "eve@elsewhere.example", From(None, now()))
    browser.client.set_cookie("autopromote_browser", session.text, path="/")
    answer = browser.look()
    assert (answer.status_code, STAGING in answer.text) == (403, False)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_code_on_another_site_is_refused(open_: Open, approver: Caller, site: str) -> None:
    browser, code = open_(), approver.post("/api/login-codes")["code"]
    assert browser.send(code, **{"Sec-Fetch-Site": site}).status_code == 403
    assert browser.is_asked_who_it_is
    assert browser.send(code, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_no_link_is_logged(open_: Open) -> None:
    browser = open_()
    with capture_logs() as lines:
        browser.look()
    assert browser.link not in str(lines)
    assert lines[0]["path"] == "/approvals/…"
