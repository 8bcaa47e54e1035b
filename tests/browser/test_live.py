"""A page that stays open tells what changes, and asks for a login where that has ended."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.acceptance.town import Town
from tests.browser.conftest import Visit
from tests.browser.scene import asking, deploy, rule
from tests.browser.visitor import ADMIN, APPROVER, VIEWER


def test_a_deploy_appears_by_itself(visit: Visit, town: Town) -> None:
    rule(town, "acme-live", approvals=1)
    page = visit().log_in(VIEWER)
    expect(page.locator("#live")).to_have_text("live")
    page.evaluate("window.isSame = true")

    promotion = deploy(town, "acme-live", "waiting", user=ADMIN)
    link = page.get_by_role("link", name=f"of promotion {promotion}")
    expect(link).to_be_visible()
    assert page.evaluate("window.isSame") is True  # nothing was loaded anew


def test_a_decision_appears_by_itself(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-told")
    page = visit().log_in(APPROVER, f"/promotions/{promotion}")
    expect(page.locator("#live")).to_have_text("live")
    town.cli("promotions:approve", promotion)
    town.wait_for("succeeded", target="acme-told-prod")
    expect(page.get_by_role("main")).to_contain_text("succeeded")
    expect(page.locator("[name=do][value=approve]")).to_have_count(0)


def test_a_session_that_is_revoked_ends_on_the_page_that_is_open(visit: Visit, town: Town) -> None:
    page = visit().log_in(VIEWER)
    expect(page.locator("#live")).to_have_text("live")
    town.cli("people:revoke", VIEWER)
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)


def test_a_listener_that_is_gone_is_told(visit: Visit, town: Town) -> None:
    visitor = visit()
    page = visitor.log_in(VIEWER)
    expect(page.locator("#live")).to_have_text("live")
    visitor.context.set_offline(True)
    expect(page.locator("#live")).to_contain_text("not live since")
    visitor.context.set_offline(False)
    expect(page.locator("#live")).to_have_text("live")
    visitor.wrong = [each for each in visitor.wrong if "ERR_INTERNET_DISCONNECTED" not in each]
