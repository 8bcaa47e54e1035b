"""`/promotions/ID`: whom it shows what, and every way in which somebody might have it act."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from listener.core.promotion import Status
from listener.db.commit_tables import shipment
from listener.db.promotions import PromotionRow
from listener.roles import Role
from listener.services.holds import NewHold
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER
from tests.api.routes.teams import Town
from tests.services.office import ANA, PROD, STAGING, Office

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
        return self.client.post(self.path, data={**self.form(), "do": do, **more})


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


def test_a_form_of_another_site_does_nothing(
    browser: Browser, approver: Caller, office: Office
) -> None:
    browser.enter(approver)
    data = {**browser.form(), "do": "approve"}
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert browser.client.post(browser.path, data=data, headers=headers).status_code == 403
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
    assert "What ships has changed since you looked" in answer.text
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
    assert held.press("release", **agreed).status_code in (409, 422)
    assert holds(office) == ["Black Friday"]
