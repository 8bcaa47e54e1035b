"""Somebody decides in a browser: on a phone, beside another, by keyboard, without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.town import Town
from tests.browser.conftest import Visit
from tests.browser.scene import asking
from tests.browser.usable import check
from tests.browser.visitor import ADMIN, APPROVER, PHONE, VIEWER

TARGET = 44  # pixels, at the least, of what a finger shall meet
RING = "getComputedStyle(document.activeElement).outlineStyle"


def approve(page: Page) -> Locator:
    """The button that approves, behind the one that asks whether one is sure."""
    return page.locator("button[name=do][value=approve]")


def summary(page: Page) -> Locator:
    """What opens the question."""
    return page.locator("details:has([value=approve]) > summary")


def test_an_approver_lets_a_release_go_from_a_phone(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-phone", repository="acme/phone")
    visitor = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    page = visitor.log_in(APPROVER)
    page.get_by_role("link", name=f"of promotion {promotion}").tap()
    expect(page).to_have_url(f"{town.url}/promotions/{promotion}")

    expect(summary(page)).to_be_in_viewport()
    expect(approve(page)).to_be_hidden()
    summary(page).tap()
    for each in (summary(page), approve(page)):
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= TARGET
    form = page.locator("form", has=approve(page))
    version = town.get(f"promotions/{promotion}")["source"]["release"]["version"]
    for said in (f"v{version}", "acme-phone-staging", "acme-phone-prod", "1 commit comes"):
        expect(form).to_contain_text(said)
    assert visitor.overhang == 0
    approve(page).tap()

    expect(page).to_have_title(re.compile("^succeeded"))  # it keeps itself up to date
    expect(summary(page)).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text(f"by {APPROVER}")
    assert visitor.overhang == 0
    [given] = town.get(f"promotions/{promotion}")["approvals"]["given"]
    assert given["by"] == APPROVER


def test_the_second_of_two_is_told_who_was_faster(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-two")
    path = f"/promotions/{promotion}"
    slow = visit()
    ana, ben = slow.log_in(ADMIN, path), visit().log_in(APPROVER, path)
    for page in (ana, ben):
        summary(page).click()
    approve(ben).click()
    expect(ben).to_have_title(re.compile("^succeeded"))

    approve(ana).click()
    expect(ana.get_by_role("alert")).to_contain_text(f"Promotion {promotion} has ended")
    expect(ana.get_by_role("main")).to_contain_text(f"by {APPROVER}")
    expect(approve(ana)).to_have_count(0)
    check(slow)
    given = town.get(f"promotions/{promotion}")["approvals"]["given"]
    assert [each["by"] for each in given] == [APPROVER]


def test_a_form_is_good_once(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-once", approvals=2)
    visitor = visit()
    page = visitor.log_in(APPROVER, f"/promotions/{promotion}")
    body = page.locator("form:has([value=approve])").evaluate(
        "form => Object.fromEntries(new FormData(form))"
    )
    for status in (200, 409):
        headers = {"Origin": town.url}
        form = {**body, "do": "approve"}
        answer = visitor.context.request.post(
            f"/promotions/{promotion}", form=form, headers=headers
        )
        assert answer.status == status, answer.text()


def test_who_may_only_look_has_nothing_to_press(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-look")
    page = visit().log_in(VIEWER, f"/promotions/{promotion}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("acme-look-prod")
    expect(approve(page)).to_have_count(0)


def test_all_of_it_works_without_a_script(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-plain")
    page = visit(java_script_enabled=False).log_in(APPROVER)
    page.get_by_role("link", name=f"of promotion {promotion}").click()
    summary(page).click()
    approve(page).click()
    expect(page.get_by_role("main")).to_contain_text(f"by {APPROVER}")
    town.wait_for("succeeded", target="acme-plain-prod")
    page.reload()
    expect(page).to_have_title(re.compile("^succeeded"))


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus; the focus is seen wherever it is."""
    for _ in range(60):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(RING) == "solid", page.evaluate("document.activeElement.outerHTML")
    pytest.fail("no Tab reaches it")


def test_a_keyboard_suffices(visit: Visit, town: Town) -> None:
    promotion = asking(town, "acme-keys")
    page = visit().log_in(APPROVER)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("link", name=f"of promotion {promotion}"))
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{town.url}/promotions/{promotion}")
    reach(page, summary(page))
    page.keyboard.press("Enter")
    reach(page, approve(page))
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("^succeeded"))
