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
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import APPROVER
from tests.api.routes.teams import Town
from tests.services.office import PROD, STAGING, Office

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
