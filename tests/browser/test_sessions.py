"""Somebody ends, in one browser, where else they are logged in."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.visitor import PHONE, VIEWER


def test_a_lost_phone_is_logged_out_from_the_desk(visit: Visit) -> None:
    phone = visit(viewport=PHONE).log_in(VIEWER)
    expect(phone.locator("#live")).to_have_text("live")
    desk = visit().log_in(VIEWER, "/sessions")
    rows = desk.get_by_role("row")
    expect(rows.filter(has_text="this one").get_by_text("End…")).to_have_count(0)

    other = rows.filter(has_text="browser session").filter(has_not_text="this one")
    other.get_by_text("End…").click()
    other.get_by_role("button", name="End").click()

    expect(other).to_have_count(0)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Log in")
    expect(rows.filter(has_text="this one")).to_have_count(1)


def test_all_others_are_ended_by_keyboard(visit: Visit) -> None:
    phone = visit(viewport=PHONE).log_in(VIEWER)
    desk = visit().log_in(VIEWER, "/sessions")
    desk.get_by_text("End all others…").focus()
    desk.keyboard.press("Enter")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("row").filter(has_text="browser session")).to_have_count(1)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Log in")
