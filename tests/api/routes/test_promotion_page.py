"""`/promotions/ID`: whom it shows what, and every way in which somebody might have it act."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from listener.api.services import NAME
from listener.core.commits import Pull
from listener.core.promotion import Status
from listener.db import commit_words
from listener.db.commit_tables import shipment
from listener.db.promotions import PromotionRow
from listener.db.tables import promotion
from listener.roles import Role
from listener.services import output_tail, passes
from listener.services.caller import Caller as From
from listener.services.holds import NewHold
from listener.services.login import BrowsersDesk
from listener.services.refusals import Refusals
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER
from tests.api.routes.teams import Town
from tests.logins import desk_of
from tests.services.office import ANA, PROD, STAGING, Office
from tests.services.shipped import BASE, HEAD, commits, compared, set_shipment, store

EVIL = "<script>alert(1)</script>"


@dataclass
class Browser:
    """Somebody's browser before the page of one promotion."""

    client: FlaskClient
    path: str

    def look(self) -> TestResponse:
        return self.client.get(self.path)

    def enter(self, caller: Caller) -> TestResponse:
        code = caller.post("/api/login-codes")["code"]
        return self.client.post("/login", data={"code": code, "back": self.path})

    def form(self) -> dict[str, str]:
        """What the page's form brings along."""
        text = self.look().text
        found = re.search(r'name="form" value="([^"]+)">.*name="seen" value="([^"]+)"', text)
        assert found is not None, text
        return {"form": found[1], "seen": found[2]}

    def press(self, do: str, **more: str) -> TestResponse:
        return self.send({**self.shown(do), **more})

    def shown(self, do: str) -> dict[str, str]:
        """What the form of a button brings along; of one that is not shown, what any does."""
        forms = re.findall(r"<form .*?</form>", self.look().text, re.DOTALL)
        its_own = [form for form in forms if f'name="do" value="{do}"' in form]
        if not its_own:
            return {**self.form(), "do": do}
        return {
            **dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', its_own[0])),
            "do": do,
        }

    def send(self, data: dict[str, str], **headers: str) -> TestResponse:
        return self.client.post(self.path, data=data, headers=headers)

    @property
    def session(self) -> str:
        """The session that it keeps."""
        found = self.client.get_cookie("autopromote_browser", path="/")
        assert found is not None
        return found.value


@pytest.fixture
def row(office: Office) -> PromotionRow:
    """A promotion that waits for an approval."""
    office.add_rule(name="ship <b>it</b>", conditions={"approvals": 1})
    office.deploy(STAGING, description=EVIL)
    office.look(STAGING)
    office.work()
    (found,) = office.found()
    return found


@pytest.fixture
def browser(client: FlaskClient, row: PromotionRow) -> Browser:
    """A browser of its own before that promotion."""
    return Browser(client.application.test_client(), f"/promotions/{row.id}")


@pytest.fixture
def boss(browser: Browser, admin: Caller) -> Browser:
    """An admin's browser before that promotion."""
    browser.enter(admin)
    return browser


def before(browser: Browser, number: int) -> Browser:
    """The same browser before another promotion."""
    return Browser(browser.client, f"/promotions/{number}")


def hidden(page: TestResponse, name: str) -> str:
    """What a hidden field of the page's forms brings along."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return found[1]


def holds(office: Office) -> list[str]:
    return [each.row.reason for each in office.holds.list_(app=PROD, with_ended=False, limit=9)]


def now() -> datetime:
    return datetime.now(UTC)


def browsers_desk(office: Office) -> BrowsersDesk:
    desk = desk_of(office.database, office.keys)
    return BrowsersDesk(office.database, office.keys, desk, Refusals(office.database))


def status(office: Office) -> Status:
    office.work()
    return office.found()[0].status


def test_after_the_login_the_browser_is_where_it_wanted_to_be(
    browser: Browser, approver: Caller
) -> None:
    before = browser.look()
    entered = browser.enter(approver)

    assert STAGING not in before.text
    assert f'name="back" value="{browser.path}"' in before.text
    assert (entered.status_code, entered.headers["Location"]) == (303, browser.path)


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/promotions/1/../x", ""]
)
def test_nobody_is_sent_elsewhere_after_the_login(
    browser: Browser, approver: Caller, back: str
) -> None:
    code = approver.post("/api/login-codes")["code"]
    entered = browser.client.post("/login", data={"code": code, "back": back})

    assert entered.headers["Location"] == "/"


def test_an_approver_sees_all_of_it_and_lets_it_go(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser.enter(approver)
    page = browser.look()
    pressed = browser.press("approve")

    for words in (
        f"{STAGING} v{row.version}",
        PROD,
        row.artifact,
        "0 of 1 approvals",
        "What ships",
    ):
        assert words in page.text
    assert "<b>it</b>" not in page.text
    assert (pressed.status_code, pressed.headers["Location"]) == (303, browser.path)
    assert status(office) is Status.SUCCEEDED
    assert f"by {APPROVER}" in browser.look().text


def test_a_no_ends_it_and_its_reason_is_shown(
    browser: Browser, approver: Caller, office: Office
) -> None:
    browser.enter(approver)
    browser.press("reject", reason=f"not before the audit {EVIL}")

    page = browser.look()

    assert status(office) is Status.REJECTED
    assert "not before the audit &lt;script&gt;" in page.text
    assert "<script>alert" not in page.text


def test_who_cancels_may_try_again(browser: Browser, approver: Caller, office: Office) -> None:
    browser.enter(approver)
    browser.press("cancel")
    after_cancel = status(office)
    browser.press("retry")

    assert after_cancel is Status.CANCELLED
    assert status(office) is Status.WAITING


def test_a_form_is_good_once(browser: Browser, approver: Caller, office: Office) -> None:
    browser.enter(approver)
    form = browser.form()
    answers = [browser.client.post(browser.path, data={**form, "do": "cancel"}) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 409]
    assert status(office) is Status.CANCELLED


def test_a_viewer_sees_it_and_has_no_buttons(
    browser: Browser, viewer: Caller, office: Office
) -> None:
    browser.enter(viewer)
    page = browser.look()
    pressed = browser.client.post(browser.path, data={"form": "x", "do": "approve"})

    assert page.status_code == 200
    assert '<button class="main"' not in page.text
    assert pressed.status_code == 403
    assert status(office) is Status.WAITING


@pytest.mark.parametrize(
    ("data", "expected"),
    [({"do": "approve"}, 403), ({"do": "approve", "form": "x"}, 403), ({"do": "explode"}, 422)],
)
def test_what_is_no_form_of_ours_does_nothing(
    browser: Browser, approver: Caller, office: Office, data: dict[str, str], expected: int
) -> None:
    browser.enter(approver)

    assert browser.client.post(browser.path, data=data).status_code == expected
    assert status(office) is Status.WAITING


def test_another_team_s_promotion_is_not_there(town: Town) -> None:
    browser = Browser(town.client.application.test_client(), f"/promotions/{town.shop.promotion}")
    browser.enter(town.of(Role.APPROVER))

    page = browser.look()

    assert page.status_code == 404
    assert "shop" not in page.text


def test_a_yes_is_for_what_was_shown(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser.enter(approver)
    form = browser.form()
    with office.database.begin() as conn:
        conn.execute(update(shipment).values(untold=None, head="b" * 40, base="a" * 40))

    answer = browser.client.post(browser.path, data={**form, "do": "approve"})

    assert answer.status_code == 409
    assert "Something changed since you looked" in answer.text
    assert status(office) is Status.WAITING


# What somebody else decided meanwhile.


def test_whoever_comes_too_late_learns_who_was_faster(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser.enter(approver)
    form = browser.form()
    office.promotions.cancel(str(row.id), by=ANA)

    page = browser.client.post(browser.path, data={**form, "do": "approve"})

    assert page.status_code == 409
    assert "has ended: it is cancelled" in page.text
    assert f"Cancelled by {ANA}." in page.text.partition('role="alert"')[2]
    assert 'value="approve"' not in page.text


def test_a_decision_is_seen_before_the_gates_are_asked_again(
    browser: Browser, approver: Caller
) -> None:
    browser.enter(approver)
    before = browser.look().text
    browser.press("approve")
    after = browser.look().text

    assert "0 of 1 approvals" in before.partition("timeline")[0]
    assert "0 of 1 approvals" not in after.partition('id="timeline"')[0]
    assert "is asked again" in after
    assert f"Approved by {APPROVER}" in after


def test_whoever_may_press_nothing_is_told_why(browser: Browser, viewer: Caller) -> None:
    browser.enter(viewer)
    page = browser.look().text

    assert f"Approve needs the role approver for {PROD}." in page
    assert '<form method="post" action="/promotions/' not in page


# Past the gates.


def test_an_admin_sets_a_gate_aside_with_a_reason(boss: Browser, office: Office) -> None:
    pressed = boss.press("override", reason="it leaks money", **{"aside.approvals": "on"})
    office.work()
    first, made = office.found()

    assert pressed.headers["Location"] == f"/promotions/{made.id}"
    assert made.override is not None
    assert (made.override["gates"], made.override["reason"]) == (["approvals"], "it leaks money")
    assert made.status is Status.SUCCEEDED
    assert "it leaks money" in before(boss, made.id).look().text
    assert first.status is not Status.SUCCEEDED


@pytest.fixture
def asked_to_go_through(boss: Browser, office: Office) -> dict[str, str]:
    """An admin's form that sets aside a hold, and the approval."""
    office.holds.put(NewHold(app=PROD, reason="launch day"), by=ANA)
    office.work()
    form = boss.shown("override")
    return {**form, "reason": "it leaks", "aside.hold": "on", "aside.approvals": "on"}


def test_an_admin_goes_through_the_hold_that_was_shown(
    boss: Browser, office: Office, asked_to_go_through: dict[str, str]
) -> None:
    pressed = boss.send(asked_to_go_through)
    office.work()
    made = office.found()[-1]

    assert (pressed.status_code, made.status) == (303, Status.SUCCEEDED)
    assert made.override is not None
    assert made.override["holds"] == ["1"]


@pytest.mark.parametrize("app", [PROD, None])
def test_a_hold_that_was_not_shown_is_not_set_aside(
    boss: Browser, office: Office, asked_to_go_through: dict[str, str], app: str | None
) -> None:
    office.holds.put(NewHold(app=app, reason="migration under way"), by=ANA)
    refused = boss.send(asked_to_go_through)
    office.work()

    assert refused.status_code == 409
    told = refused.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "migration under way (hold 2). It is none of those that were shown" in told
    assert len(office.found()) == 1
    assert office.found()[0].status is Status.WAITING


@pytest.mark.parametrize(
    ("said", "words"),
    [({"aside.approvals": "on"}, "Say why"), ({"reason": "it leaks"}, "Choose the gates")],
)
def test_nothing_is_set_aside_without_a_reason_or_a_gate(
    boss: Browser, office: Office, said: dict[str, str], words: str
) -> None:
    refused = boss.press("override", **said)

    assert (refused.status_code, words in refused.text) == (422, True)
    assert len(office.found()) == 1


def test_an_approver_sets_nothing_aside(browser: Browser, approver: Caller, office: Office) -> None:
    browser.enter(approver)
    refused = browser.press("override", reason="now", **{"aside.approvals": "on"})

    assert (refused.status_code, "needs the role admin" in refused.text) == (403, True)
    assert 'value="override"' not in browser.look().text
    assert len(office.found()) == 1


def test_what_a_rule_in_shadow_only_decided_goes_by_hand(
    browser: Browser, approver: Caller, admin: Caller, office: Office, row: PromotionRow
) -> None:
    admin.patch("/api/rules/1", {"mode": "shadow", "approvals": 0})
    office.work()
    assert office.found()[0].status is Status.SHADOWED
    browser.enter(approver)
    pressed = browser.press("promote")
    made = office.found()[-1]

    assert pressed.headers["Location"] == f"/promotions/{made.id}"
    assert (made.version, made.created_by) == (row.version, APPROVER)
    assert status_of(office, made.id) is Status.SUCCEEDED


def status_of(office: Office, number: int) -> Status:
    office.work()
    return next(each.status for each in office.found() if each.id == number)


# What was shown is what happens.


def move(office: Office, app: str = PROD) -> None:
    """The target runs something else by now, and that is meant."""
    office.deploy(app, description="Hotfix")
    office.look(app)
    if holds(office):
        office.holds.release(app, by=ANA)


def offer(office: Office, browser: Browser, do: str, admin: Caller) -> dict[str, str]:
    """The form of a button that brings the release anew, as it is shown."""
    if do == "retry":
        office.promotions.cancel(browser.path.rpartition("/")[2], by=ANA)
    elif do == "promote":
        admin.patch("/api/rules/1", {"mode": "shadow", "approvals": 0})
        office.work()
    more = {"reason": "it leaks", "aside.approvals": "on"} if do == "override" else {}
    return {**browser.shown(do), **more}


ANEW = ["retry", "promote", "override"]


@pytest.mark.parametrize("do", ANEW)
def test_nothing_goes_anew_where_the_target_moved(
    boss: Browser, admin: Caller, office: Office, do: str
) -> None:
    form = offer(office, boss, do, admin)
    before = office.found()
    move(office)
    refused = boss.send(form)

    assert (refused.status_code, f"{PROD} runs v" in refused.text) == (409, True)
    assert "by now. Nothing was done" in refused.text
    assert [row.status for row in office.found()] == [row.status for row in before]


@pytest.mark.parametrize("do", ANEW)
def test_nothing_goes_anew_where_something_else_would_ship(
    boss: Browser, admin: Caller, office: Office, do: str
) -> None:
    form = offer(office, boss, do, admin)
    before = office.found()
    with office.database.begin() as conn:
        conn.execute(update(shipment).values(untold=None, head="b" * 40, base="a" * 40))
    refused = boss.send(form)

    assert refused.status_code == 409
    assert "Something changed since you looked" in refused.text
    assert [row.status for row in office.found()] == [row.status for row in before]


@pytest.mark.parametrize("has_ended", [False, True])
def test_no_gate_is_set_aside_of_what_somebody_rejected_meanwhile(
    boss: Browser, admin: Caller, office: Office, row: PromotionRow, *, has_ended: bool
) -> None:
    form = offer(office, boss, "override", admin)
    office.approvals.reject(str(row.id), reason="not today", by=ANA)
    if has_ended:
        assert status(office) is Status.REJECTED

    assert boss.send(form).status_code == 409
    assert len(office.found()) == 1


def test_commits_are_counted_from_what_the_target_runs_now_or_not_at_all(
    boss: Browser, office: Office, row: PromotionRow
) -> None:
    store(office.database, row.id, compared(commits("One", "Two")))
    runs = office.current(PROD)["slug"]["id"]
    set_shipment(office.database, row.id, base_artifact=runs)
    office.promotions.cancel(str(row.id), by=ANA)
    told = boss.look().text.partition("<aside")[2]
    move(office)
    after = boss.look().text.partition("<aside")[2]

    assert "2 commits come." in told
    assert "2 commits come." not in after
    assert f"What ships is compared anew with what {PROD} runs." in after


# Back.


@pytest.fixture
def shipped(browser: Browser, approver: Caller, office: Office) -> Browser:
    """An approver's browser before the promotion, once it has succeeded."""
    browser.enter(approver)
    browser.press("approve")
    assert status(office) is Status.SUCCEEDED
    return browser


def test_what_it_brought_is_rolled_back_as_it_was_shown(shipped: Browser, office: Office) -> None:
    page = shipped.look()
    was = office.current(PROD)["slug"]["id"]
    pressed = shipped.press("rollback", reason="500s", runs=hidden(page, "runs"))
    office.work()
    back = office.found()[-1]

    assert f"Roll <b>{PROD}</b> back from v" in page.text
    assert pressed.headers["Location"] == f"/promotions/{back.id}"
    assert back.status is Status.ROLLED_BACK
    assert office.current(PROD)["slug"]["id"] != was
    assert holds(office) == ["500s"]


def test_nothing_is_rolled_back_that_was_not_shown(shipped: Browser, office: Office) -> None:
    runs = hidden(shipped.look(), "runs")
    office.deploy(PROD, description="Hotfix")
    refused = shipped.press("rollback", reason="500s", runs=runs)

    assert (refused.status_code, "runs v" in refused.text) == (409, True)
    assert "Nothing was rolled back." in refused.text
    assert len(office.found()) == 1
    assert "500s" not in holds(office)


def test_a_rollback_needs_a_reason(shipped: Browser, office: Office) -> None:
    runs = hidden(shipped.look(), "runs")

    assert shipped.press("rollback", runs=runs).status_code == 422
    assert len(office.found()) == 1


# Holds.


@pytest.fixture
def held(browser: Browser, approver: Caller, office: Office) -> Browser:
    """An approver's browser before the promotion, which a hold stops."""
    office.holds.put(NewHold(app=PROD, reason="Black Friday"), by=ANA)
    office.work()
    browser.enter(approver)
    return browser


def test_a_hold_is_released_as_it_was_shown(held: Browser, office: Office) -> None:
    page = held.look()
    agreed = {name: hidden(page, name) for name in ("holds", "going")}
    pressed = held.press("release", **agreed)

    assert "Black Friday" in page.text
    assert f"Release the hold on <b>{PROD}</b>?" in page.text
    assert (pressed.status_code, holds(office)) == (303, [])


@pytest.mark.parametrize("agreed", [{}, {"holds": "x"}, {"holds": "99", "going": ""}])
def test_no_other_hold_is_released_than_was_shown(
    held: Browser, office: Office, agreed: dict[str, str]
) -> None:
    form = {**held.form(), "do": "release", **agreed}
    assert held.send(form).status_code in (409, 422)
    assert holds(office) == ["Black Friday"]


# What ships is told by others.


def test_it_says_first_what_ships_and_whether_it_goes_back(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    coming = commits(*(f"Change {number} (#{number + 1})" for number in range(300)))
    store(office.database, row.id, compared(coming, commits("Take this back")))
    browser.enter(approver)
    page = browser.look().text

    said = "Goes back: it takes back 1 commit; it brings 300 commits by Ana Ivanova."
    places = [
        page.index(each) for each in (said, "Take this back", "Change 299", 'id="gates"', "<aside")
    ]
    assert places == sorted(places)
    first, folded = page.split("<details><summary>295 more</summary>")
    hub = "https://github.com/acme/shop"
    assert f'Change 295</b> <a href="{hub}/pull/296" rel="noreferrer">#296</a>' in first
    assert "Change 294<" not in first
    assert "Change 200<" in folded
    assert "<li>and 200 more</li>" in folded
    assert f'<a href="{hub}/compare/{BASE[:12]}...{HEAD[:12]}" rel="noreferrer">' in page
    assert "takes back 1 commit" in page


def test_no_words_of_commits_are_markup(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    evil = f"{EVIL} \u202e <b>x</b> \x1b[2J (#7)"
    pulls = [Pull(9, evil, "javascript:alert(1)", evil)]
    found = compared(commits(evil, author=evil), commits(evil, login=evil), pulls)
    store(office.database, row.id, found, base='"><script>', head="'><script>")
    browser.enter(approver)
    page = browser.look().text

    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5
    for bad in ("<script>", "<b>x", "javascript:", "\u202e", "\x1b"):
        assert bad not in page


def test_it_says_why_nothing_is_told(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    set_shipment(office.database, row.id, untold=None)
    browser.enter(approver)
    assert "What ships is not read yet." in browser.look().text
    set_shipment(office.database, row.id, untold="Nobody tells.")
    assert "Not told: Nobody tells." in browser.look().text


# Other pages that would have this browser answer.


def test_no_form_of_another_session_promotion_or_maker_will_do(
    browser: Browser, approver: Caller, admin: Caller, office: Office
) -> None:
    other = Browser(browser.client.application.test_client(), browser.path)
    other.enter(admin)
    browser.enter(approver)
    desk = browsers_desk(office)
    session = desk.session(browser.session, From(None, now()))
    assert session is not None
    elsewhere = desk.form(session, "/promotions/99", now=now())
    forms = ["", "x", other.form()["form"], elsewhere, browser.form()["form"][:-3], browser.session]
    for form in forms:
        refused = browser.send({**browser.form(), "form": form, "do": "approve"})
        assert refused.status_code == 403, form
    assert status(office) is Status.WAITING


def test_a_form_that_was_left_open_is_too_old(
    browser: Browser, approver: Caller, office: Office
) -> None:
    browser.enter(approver)
    desk = browsers_desk(office)
    session = desk.session(browser.session, From(None, now()))
    assert session is not None
    form = desk.form(session, browser.path, now=now() - timedelta(hours=1))

    assert browser.send({**browser.form(), "form": form, "do": "approve"}).status_code == 409
    assert status(office) is Status.WAITING


def test_a_page_that_stays_open_gets_a_new_form_before_its_own_is_too_old(
    browser: Browser, approver: Caller, office: Office
) -> None:
    browser.enter(approver)
    app = browser.client.application
    start = datetime.fromtimestamp((now().timestamp() // 1800 + 1) * 1800, UTC)

    def at(minutes: int) -> None:
        replace(app.extensions[NAME], now=lambda: start + timedelta(minutes=minutes)).join(app)

    tags, forms = [], []
    for minutes in (0, 29, 31):
        at(minutes)
        tags.append(browser.look().headers["ETag"])
        forms.append(browser.form())
    at(61)
    first = browser.send({**forms[0], "do": "approve"})
    second = browser.send({**forms[-1], "do": "approve"})

    assert tags[0] == tags[1] != tags[2]
    assert (first.status_code, second.status_code) == (409, 303)


def test_without_a_session_nobody_answers(
    browser: Browser, approver: Caller, office: Office
) -> None:
    browser.enter(approver)
    form = browser.form()
    browser.client.delete_cookie("autopromote_browser", path="/")

    assert browser.send({**form, "do": "approve"}).status_code == 401
    assert status(office) is Status.WAITING


@pytest.mark.parametrize(
    "headers",
    [
        *({"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")),
        *({"Origin": f"https://{host}"} for host in ("evil.example", "localhost.evil.example")),
        *({"Origin": text} for text in ("null", "", "http://[")),
    ],
)
def test_a_form_of_another_site_or_origin_is_refused(
    browser: Browser, approver: Caller, office: Office, headers: dict[str, str]
) -> None:
    """A browser of before `Sec-Fetch-Site` tells the origin of a form."""
    browser.enter(approver)

    assert browser.send({**browser.form(), "do": "approve"}, **headers).status_code == 403
    assert status(office) is Status.WAITING


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}]
)
def test_a_form_of_our_own_is_taken(
    browser: Browser, approver: Caller, office: Office, headers: dict[str, str]
) -> None:
    browser.enter(approver)

    assert browser.send({**browser.form(), "do": "approve"}, **headers).status_code == 303
    assert status(office) is Status.SUCCEEDED


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"form=a&" * 30, b"form=%00&do=approve", b"do=" + b"x" * 5000]
)
def test_a_form_that_cannot_be_read_is_refused(
    browser: Browser, approver: Caller, body: bytes
) -> None:
    browser.enter(approver)
    assert browser.client.post(browser.path, data=body).status_code == 422


# What a yes is for.


def test_a_yes_names_what_it_is_for(browser: Browser, approver: Caller, office: Office) -> None:
    browser.enter(approver)
    unread = browser.form()
    del unread["seen"]

    assert browser.send({**unread, "do": "approve"}).status_code == 409
    assert status(office) is Status.WAITING


def test_a_yes_in_shadow_releases_nothing_and_the_page_says_so(
    browser: Browser, approver: Caller, admin: Caller, office: Office
) -> None:
    browser.enter(approver)
    armed = browser.look().text
    admin.patch("/api/rules/1", {"mode": "shadow"})
    office.work()
    page = browser.look().text

    assert "it ships at once" in armed
    assert "it ships at once" not in page
    assert "The rule is in shadow: nothing is released." in page
    assert ">Ship v" not in page
    browser.press("approve")
    assert status(office) is Status.SHADOWED


def test_whoever_approved_it_has_no_second_yes(
    browser: Browser, boss: Browser, approver: Caller, admin: Caller, office: Office
) -> None:
    other = Browser(browser.client.application.test_client(), browser.path)
    other.enter(approver)
    admin.patch("/api/rules/1", {"approvals": 2})
    office.work()
    first = other.look().text
    other.press("approve")
    office.work()
    mine, theirs = other.look().text, boss.look().text

    assert "Then 1 more must approve it." in first
    assert 'value="approve"' not in mine
    assert "You approved it: it needs somebody else, too." in mine
    assert "it ships at once" in theirs
    boss.press("approve")
    assert status(office) is Status.SUCCEEDED


def test_whoever_approved_it_is_asked_again_for_a_word_on_something_else(
    browser: Browser, approver: Caller, admin: Caller, office: Office, row: PromotionRow
) -> None:
    admin.patch("/api/rules/1", {"approvals": 2})
    browser.enter(approver)
    browser.press("approve")
    office.work()
    gate = {"name": "commit-message", "verdict": "wait", "message": "", "until": None}
    with office.database.begin() as conn:
        gates = [*office.found()[0].gates, {**gate, "facts": {"needs": "word"}}]
        conn.execute(update(promotion).where(promotion.c.id == row.id).values(gates=gates))
    page = browser.look().text

    assert 'value="approve"' in page
    assert "Then 1 more must approve it." in page


def test_a_yes_is_for_the_commits_that_were_stopped_then(
    browser: Browser, approver: Caller, office: Office, row: PromotionRow
) -> None:
    browser.enter(approver)
    form = browser.form()
    facts = {"needs": "word", "stopped": ["c" * 40]}
    gate = {"name": "commit-message", "verdict": "wait", "message": "", "until": None}
    with office.database.begin() as conn:
        its_own = promotion.c.id == row.id
        gates = [*row.gates, {**gate, "facts": facts}]
        conn.execute(update(promotion).where(its_own).values(gates=gates))

    assert browser.send({**form, "do": "approve"}).status_code == 409
    with office.database.begin() as conn:
        assert commit_words.of(conn, row.target_id, ["c" * 40]) == frozenset()


def test_whoever_made_the_release_has_no_yes_where_the_rule_says_so(
    boss: Browser, admin: Caller, office: Office
) -> None:
    admin.patch("/api/rules/1", {"self_approval": False})
    page = boss.look().text

    assert "somebody else must approve it" in page
    assert 'value="approve"' not in page
    refused = boss.press("approve")
    assert (refused.status_code, "somebody else must" in refused.text) == (403, True)
    assert status(office) is Status.WAITING


def test_whoever_has_no_role_any_more_sees_nothing(browser: Browser, office: Office) -> None:
    with office.database.begin() as conn:
        desk = desk_of(office.database, office.keys)
        session = desk.start_session(conn, "eve@elsewhere.example", From(None, now()))
    browser.client.set_cookie("autopromote_browser", session.text, path="/")
    page = browser.look()

    assert (page.status_code, STAGING in page.text) == (403, False)


# What the release phase prints.


@pytest.fixture
def releasing(browser: Browser, approver: Caller, office: Office) -> Browser:
    """An approver's browser before the promotion, while its release phase runs."""
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": None}}, "PATCH")
    browser.enter(approver)
    browser.press("approve")
    office.work_until(Status.RELEASING)
    path = f"apps/{PROD}/releases/{office.releases(PROD)[-1]['version']}/output"
    office.control(path, {"text": f"\x1b[31mmigrating\x1b[0m {EVIL}\n"})
    return browser


def test_output_stands_in_the_page_and_is_read_on(releasing: Browser) -> None:
    page = releasing.look().text
    begun = int(re.search(r'data-from="(\d+)"', page)[1])  # type: ignore[index]
    more = releasing.client.get(f"{releasing.path}/output?offset={begun}").get_json()

    assert "Running release command..." in page
    assert "migrating &lt;script&gt;alert(1)" in page
    assert (more["from"], more["next"], more["text"], more["is_over"]) == (begun, begun, "", False)
    assert "Heroku cannot stop a release phase" in page
    assert 'value="rollback"' not in page


def test_the_address_of_an_output_is_told_to_nobody(releasing: Browser, office: Office) -> None:
    url = (
        office.current(PROD)["output_stream_url"] or office.releases(PROD)[-1]["output_stream_url"]
    )

    for path in (releasing.path, f"{releasing.path}/output"):
        assert url not in releasing.client.get(path).text


@pytest.mark.parametrize("offset", ["x", "-1", "1" * 30])
def test_an_offset_is_a_number(releasing: Browser, offset: str) -> None:
    answer = releasing.client.get(f"{releasing.path}/output?offset={offset}")
    assert answer.status_code == 422


def test_output_is_for_whoever_may_see_the_promotion(releasing: Browser, town: Town) -> None:
    stranger = releasing.client.application.test_client()
    assert stranger.get(f"{releasing.path}/output").status_code == 401

    other = Browser(town.client.application.test_client(), f"/promotions/{town.shop.promotion}")
    other.enter(town.of(Role.APPROVER))
    assert other.client.get(f"{other.path}/output").status_code == 404


def test_all_who_follow_an_output_cost_a_few_statements_a_second(
    releasing: Browser, approver: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_tail, "EVERY", 60.0)
    monkeypatch.setattr(passes, "EVERY", 60.0)
    other = Browser(releasing.client.application.test_client(), releasing.path)
    other.enter(approver)
    for each in (releasing, other) * 2:
        each.client.get(f"{each.path}/output")
    said: list[object] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        said.append(query)
        return execute(cursor, query, *args, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    for each in (releasing, other) * 3:
        assert each.client.get(f"{each.path}/output").status_code == 200

    assert said == []


def test_who_has_logged_out_follows_no_output_half_a_second_later(releasing: Browser) -> None:
    other = Browser(releasing.client.application.test_client(), releasing.path)
    other.client.set_cookie("autopromote_browser", releasing.session, path="/")
    assert other.client.get(f"{other.path}/output").status_code == 200
    releasing.client.post("/logout")
    ends_at = monotonic() + 60

    while other.client.get(f"{other.path}/output").status_code != 401:
        assert monotonic() < ends_at


def test_what_one_follows_is_shown_to_nobody_who_may_not_see_it(town: Town) -> None:
    path = f"/promotions/{town.shop.promotion}/output"
    both = [Browser(town.client.application.test_client(), path) for _ in range(2)]
    for browser, caller in zip(both, (town.caller("cy"), town.of(Role.APPROVER)), strict=True):
        browser.enter(caller)

    assert [each.look().status_code for each in both * 2] == [200, 404] * 2


# What it brings besides commits.


def test_a_config_var_that_is_missing_stands_before_the_commits_and_in_the_confirm(
    browser: Browser, approver: Caller, office: Office
) -> None:
    office.control(f"apps/{STAGING}/config", {"GIFT_API_KEY": "hush"})
    browser.enter(approver)
    page = browser.look().text

    assert page.index("GIFT_API_KEY") < page.index("What ships is not read yet.")
    assert f"heroku config:set GIFT_API_KEY=… -a {PROD}" in page
    assert "GIFT_API_KEY not set there." in page.partition('value="approve"')[0]
    assert "web as now" in page
    assert "It replaces <b>v" in page
    assert "hush" not in page


def test_where_nothing_was_printed_it_says_so_on_demand(shipped: Browser) -> None:
    page = shipped.look().text
    asked = shipped.client.get(f"{shipped.path}?output").text

    assert f'href="{shipped.path}?output#printed"' in page
    assert 'id="printed"' not in page
    assert "has no release phase output." in asked.partition('id="printed"')[2]


def test_a_page_stands_while_its_release_phase_only_goes_on(
    releasing: Browser, office: Office
) -> None:
    """Each look of ours moves the row; what is read stays under the reader's eyes."""
    tag = releasing.look().headers["ETag"]
    row = office.found()[0]
    with office.database.begin() as conn:
        moved = {"due_at": now(), "fence": row.fence + 1, "attempt": row.attempt + 1}
        conn.execute(update(promotion).values(updated_at=now(), **moved))
    same = releasing.look().headers["ETag"]
    with office.database.begin() as conn:
        conn.execute(update(promotion).values(reason="Something else."))

    assert same == tag
    assert releasing.look().headers["ETag"] != tag
