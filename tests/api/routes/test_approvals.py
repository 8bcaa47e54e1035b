"""`/approvals/…`: whom it shows what, and every way in which somebody might have it say yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from listener import approval_links
from listener.approval_links import Invitation
from listener.core.commits import Pull
from listener.core.promotion import Status
from listener.crypto import Keys
from listener.db import commit_words
from listener.db.promotions import PromotionRow
from listener.db.tables import promotion
from listener.services.caller import Caller as From
from listener.services.login import BrowsersDesk
from listener.services.refusals import Refusals
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER, VIEWER
from tests.logins import desk_of, token_of
from tests.services.office import ANA, PROD, STAGING, Office
from tests.services.shipped import BASE, HEAD, commits, compared, set_shipment, store

EVIL = "<script>alert(1)</script>\"'&"
IN_AN_HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def row(office: Office) -> PromotionRow:
    """A promotion that waits for an approval; its release's description is not nice."""
    office.add_rule(name="ship <b>it</b>", conditions={"approvals": 1})
    office.deploy(STAGING, description=EVIL)
    office.look(STAGING)
    (found,) = office.found()
    return found


def browsers_desk(office: Office) -> BrowsersDesk:
    desk = desk_of(office.database, office.keys)
    return BrowsersDesk(office.database, office.keys, desk, Refusals(office.database))


@dataclass
class Browser:
    """Somebody's browser before the page of one link."""

    client: FlaskClient
    keys: Keys
    link: str

    @property
    def url(self) -> str:
        return f"{approval_links.PATH}{self.link}"

    def look(self) -> TestResponse:
        return self.client.get(self.url)

    def enter(self, caller: Caller) -> TestResponse:
        """Log in with a code that this person's command line prints."""
        return self.send({"code": caller.post("/api/login-codes")["code"]}, "/login")

    def send(self, fields: dict[str, str], end: str = "", **headers: str) -> TestResponse:
        return self.client.post(f"{self.url}{end}", data=fields, headers=headers)

    def form(self) -> str:
        """What the page's form brings along."""
        found = re.search(r'name="form" value="([^"]+)"', self.look().text)
        assert found is not None, self.look().text
        return found[1]

    def answer(self, say: str) -> dict[str, str]:
        """What a button of the page sends."""
        found = re.search(r'name="seen" value="([^"]+)"', self.look().text)
        assert found is not None
        return {"form": self.form(), "seen": found[1], "say": say}

    def press(self, say: str, **more: str) -> TestResponse:
        return self.send({**self.answer(say), **more})


Open = Callable[..., Browser]


@pytest.fixture
def open_(client: FlaskClient, office: Office, row: PromotionRow) -> Open:
    """Opens the link to the promotion, or to what differs from it, in a browser of its own."""

    def opened(
        *, keys: Keys = office.keys, until: timedelta = IN_AN_HOUR, **changes: Any
    ) -> Browser:
        asked = Invitation(row.id, row.release_id, row.artifact, now() + until)
        link = approval_links.sign(keys.links, replace(asked, **changes))
        return Browser(client.application.test_client(), office.keys, link)

    return opened


def status(office: Office) -> Status:
    office.work()
    return office.found()[0].status


# The way it is meant.


def test_whoever_logs_in_sees_what_would_go_where_and_lets_it_go(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser = open_()
    entered = browser.enter(approver)
    assert (entered.status_code, entered.headers["Location"]) == (303, browser.url)
    page = browser.look()
    assert page.status_code == 200
    for words in (f"{STAGING} v{row.version} to {PROD}", row.artifact, "approvals: wait", "0 of 1"):
        assert words in page.text
    assert f"You are {APPROVER}." in page.text

    pressed = browser.press("approve")
    assert (pressed.status_code, pressed.headers["Location"]) == (303, browser.url)
    assert f"approved by {APPROVER}" in browser.look().text
    assert status(office) is Status.SUCCEEDED
    assert "Nobody is asked any more." in browser.look().text
    (word,) = office.promotions.get(str(row.id)).approvals
    assert (word.by, word.is_approved) == (APPROVER, True)


def test_a_no_tells_why(open_: Open, approver: Caller, office: Office) -> None:
    browser = open_()
    browser.enter(approver)
    browser.press("reject", reason=f" {EVIL} ")

    assert status(office) is Status.REJECTED
    assert office.found()[0].reason == f"{APPROVER} rejected it: {EVIL}."
    assert EVIL not in browser.look().text


def test_everything_is_shown_as_text(open_: Open, approver: Caller) -> None:
    browser = open_()
    browser.enter(approver)
    page = browser.look().text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "ship &lt;b&gt;it&lt;/b&gt;" in page
    assert "<script" not in page
    assert "<b>" not in page


def test_it_says_first_what_ships_and_whether_it_goes_back(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    coming = commits(*(f"Change {number} (#{number + 1})" for number in range(300)))
    store(office.database, row.id, compared(coming, commits("Take this back")))
    browser = open_()
    browser.enter(approver)
    page = browser.look().text

    said = "Goes back: it takes back 1 commit; it brings 300 commits by Ana Ivanova."
    places = [page.index(each) for each in (said, "Take this back", "Change 299", "<dl>", "Gates")]
    assert places == sorted(places)
    first, folded = page.split("<details>")
    assert "Change 295 (#296), Ana Ivanova" in first
    assert "Change 294 " not in first
    assert "<summary>295 more</summary>" in folded
    assert "Change 200 " in folded
    assert "<li>and 200 more</li>" in folded
    hub = "https://github.com/acme/shop"
    assert f'<a href="{hub}/compare/{BASE[:12]}...{HEAD[:12]}" rel="noreferrer">' in page
    assert f'<a href="{hub}/pull/1" rel="noreferrer">#1</a> Change 0, Ana Ivanova' in page


def test_no_words_of_commits_are_markup(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    evil = f"{EVIL} \u202e <b>x</b> \x1b[2J (#7)"
    pulls = [Pull(9, evil, "javascript:alert(1)", evil)]
    found = compared(commits(evil, author=evil), commits(evil, login=evil), pulls)
    store(office.database, row.id, found, base='"><script>', head="'><script>")
    browser = open_()
    browser.enter(approver)
    page = browser.look().text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5
    for bad in ("<script", "<b>", "javascript:", "\u202e", "\x1b"):
        assert bad not in page


def test_it_says_why_nothing_is_told(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser = open_()
    browser.enter(approver)
    assert "What ships is not read yet." in browser.look().text
    set_shipment(office.database, row.id, untold="Nobody tells.")
    assert "<strong>Not told: Nobody tells.</strong>" in browser.look().text


@pytest.mark.parametrize("path", ["", "/login"])
def test_every_page_is_guarded(open_: Open, path: str) -> None:
    browser = open_()
    answers = (browser.look(), browser.send({}, path), browser.client.get(f"{browser.url[:-3]}"))
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src '")
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


def test_without_a_session_nobody_answers(open_: Open, approver: Caller, office: Office) -> None:
    browser = open_()
    browser.enter(approver)
    form = browser.form()
    browser.client.delete_cookie("autopromote_browser", path="/")
    assert browser.send({"form": form, "say": "approve"}).status_code == 401

    assert status(office) is Status.WAITING


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
        assert "Log in to see it." in browser.look().text


@pytest.mark.parametrize("code", ["", "AAAAA-AAAAA", "\N{FULLWIDTH DIGIT ONE}", "x" * 4000])
def test_a_wrong_code_lets_nobody_in(open_: Open, code: str) -> None:
    answer = open_().send({"code": code}, "/login")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_code_is_good_once_and_not_for_long(
    open_: Open, approver: Caller, office: Office
) -> None:
    browser, code = open_(), approver.post("/api/login-codes")["code"]
    assert browser.send({"code": f" {code.lower().replace('-', ' ')}"}, "/login").status_code == 303
    assert open_().send({"code": code}, "/login").status_code == 401
    old = browsers_desk(office).make_code(APPROVER, From(None, now() - timedelta(minutes=5)))
    assert open_().send({"code": old.text}, "/login").status_code == 401


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


def test_an_expired_link_says_so(open_: Open, approver: Caller, office: Office) -> None:
    browser = open_(until=timedelta(seconds=-1))
    for answer in (browser.look(), browser.send({"say": "approve"}), browser.enter(approver)):
        assert answer.status_code == 410
        assert "This link has expired" in answer.text
    assert status(office) is Status.WAITING


@pytest.mark.parametrize("change", [{"release_id": "r"}, {"artifact": "s"}, {"promotion_id": 99}])
def test_a_link_is_to_one_promotion_of_one_release_and_slug(
    open_: Open, approver: Caller, office: Office, change: dict[str, Any]
) -> None:
    browser = open_()
    browser.enter(approver)
    form = browser.form()
    other = replace(browser, link=open_(**change).link)

    assert other.look().status_code == 404
    assert other.send({"form": form, "say": "approve"}).status_code == 403
    assert status(office) is Status.WAITING


# Whoever is logged in, and may not.


def test_a_viewer_sees_it_and_has_no_buttons(
    open_: Open, viewer: Caller, office: Office, row: PromotionRow
) -> None:
    browser = open_()
    browser.enter(viewer)
    assert "Approving needs the role approver." in browser.look().text
    assert "<button" not in browser.look().text
    desk = browsers_desk(office)
    session = desk.session(_cookie(browser), From(None, now()))
    assert session is not None
    form = desk.form(session, browser.link, now=now())

    refused = browser.send({"form": form, "say": "approve"})
    assert (refused.status_code, f"{VIEWER} is viewer" in refused.text) == (403, True)
    assert status(office) is Status.WAITING


def _cookie(browser: Browser) -> str:
    found = browser.client.get_cookie("autopromote_browser", path="/")
    assert found is not None
    return found.value


def test_whoever_has_no_role_any_more_sees_nothing(open_: Open, office: Office) -> None:
    browser = open_()
    with office.database.begin() as conn:
        desk = desk_of(office.database, office.keys)
        session = desk.start_session(conn, "eve@elsewhere.example", From(None, now()))
    browser.client.set_cookie("autopromote_browser", session.text, path="/")
    answer = browser.look()
    assert (answer.status_code, STAGING in answer.text) == (403, False)


def test_whoever_made_the_release_has_no_yes_where_the_rule_says_so(
    open_: Open, admin: Caller, office: Office, row: PromotionRow
) -> None:
    admin.patch("/api/rules/1", {"self_approval": False})
    browser = open_()
    browser.enter(admin)
    assert 'value="approve"' not in browser.look().text
    refused = browser.press("approve")
    assert (refused.status_code, "somebody else must" in refused.text) == (403, True)
    assert status(office) is Status.WAITING


# Other pages that would have this browser answer.


def test_no_form_of_another_session_link_or_maker_will_do(
    open_: Open, approver: Caller, admin: Caller, office: Office
) -> None:
    browser, other = open_(), open_()
    browser.enter(approver)
    other.enter(admin)
    longer = replace(browser, link=open_(until=timedelta(hours=2)).link)
    forms = ["", "x", other.form(), longer.form(), browser.form()[:-3], browser.link]
    for form in forms:
        refused = browser.send({"form": form, "say": "approve"})
        assert refused.status_code == 403, form
    assert browser.send({"say": "approve"}).status_code == 403
    assert status(office) is Status.WAITING


def test_a_yes_is_for_what_was_shown(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser = open_()
    browser.enter(approver)
    asked = browser.answer("approve")
    store(office.database, row.id, compared(commits("Fix it", "Leak it")))
    refused = browser.send(asked)
    assert (refused.status_code, "has changed since you looked" in refused.text) == (409, True)
    unread = browser.answer("approve")
    del unread["seen"]
    assert browser.send(unread).status_code == 409
    assert status(office) is Status.WAITING
    assert browser.press("approve").status_code == 303


def test_a_yes_is_for_the_commits_that_were_stopped_then(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser = open_()
    browser.enter(approver)
    asked = browser.answer("approve")
    facts = {"needs": "word", "stopped": ["c" * 40]}
    gate = {"name": "commit-message", "verdict": "wait", "message": "", "until": None}
    with office.database.begin() as conn:
        its_own = promotion.c.id == row.id
        gates = [*row.gates, {**gate, "facts": facts}]
        conn.execute(update(promotion).where(its_own).values(gates=gates))
    assert browser.send(asked).status_code == 409
    with office.database.begin() as conn:
        assert commit_words.of(conn, row.target_id, ["c" * 40]) == frozenset()


def test_a_form_is_good_once(open_: Open, approver: Caller, office: Office) -> None:
    browser = open_()
    browser.enter(approver)
    form = browser.form()
    assert browser.send({"form": form, "say": "maybe"}).status_code == 422
    again = browser.send({"form": form, "say": "approve"})
    assert (again.status_code, "used already" in again.text) == (409, True)
    assert status(office) is Status.WAITING


def test_a_form_that_was_left_open_is_too_old(
    open_: Open, approver: Caller, office: Office
) -> None:
    browser = open_()
    browser.enter(approver)
    desk = browsers_desk(office)
    session = desk.session(_cookie(browser), From(None, now()))
    assert session is not None
    form = desk.form(session, browser.link, now=now() - timedelta(hours=1))
    assert browser.send({"form": form, "say": "approve"}).status_code == 409
    assert status(office) is Status.WAITING


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_form_on_another_site_is_refused(
    open_: Open, approver: Caller, office: Office, site: str
) -> None:
    browser = open_()
    browser.enter(approver)
    fields = browser.answer("approve")
    assert browser.send(fields, **{"Sec-Fetch-Site": site}).status_code == 403
    code = {"code": approver.post("/api/login-codes")["code"]}
    assert browser.send(code, "/login", **{"Sec-Fetch-Site": site}).status_code == 403
    assert browser.send(fields, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "https://localhost.evil.example", "http://["]
)
def test_a_form_of_another_origin_is_refused(
    open_: Open, approver: Caller, office: Office, origin: str
) -> None:
    """A browser of before `Sec-Fetch-Site` tells the origin of a form."""
    browser = open_()
    code = {"code": approver.post("/api/login-codes")["code"]}
    assert browser.send(code, "/login", Origin=origin).status_code == 403
    assert browser.send(code, "/login", Origin="http://localhost").status_code == 303
    fields = browser.answer("approve")
    assert browser.send(fields, Origin=origin).status_code == 403
    assert browser.send(fields, Origin="http://localhost").status_code == 303


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"form=a&" * 20, b"form=%00&say=approve", b"say=" + b"x" * 5000]
)
def test_a_form_that_cannot_be_read_is_refused(open_: Open, approver: Caller, body: bytes) -> None:
    browser = open_()
    browser.enter(approver)
    assert browser.client.post(browser.url, data=body).status_code == 422


def test_an_answer_that_comes_too_late_says_so(
    open_: Open, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser = open_()
    browser.enter(approver)
    form = browser.form()
    office.promotions.cancel(str(row.id), by=ANA)
    late = browser.send({"form": form, "say": "approve"})
    assert (late.status_code, "has ended: it is cancelled" in late.text) == (409, True)


def test_no_link_is_logged(open_: Open) -> None:
    browser = open_()
    with capture_logs() as lines:
        browser.look()
    assert browser.link not in str(lines)
    assert lines[0]["path"] == "/approvals/…"
