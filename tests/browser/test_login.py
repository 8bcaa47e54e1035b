"""Who comes with a browser alone logs in with Heroku, or by a code from a terminal."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.acceptance.town import Town
from tests.browser.conftest import Visit
from tests.browser.usable import check
from tests.browser.visitor import ADMIN, STRANGER, VIEWER


def test_a_phone_logs_in_with_heroku_and_comes_back_to_where_it_wanted(visit: Visit) -> None:
    visitor = visit()
    page = visitor.log_in(VIEWER, "/figures")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Figures")
    visitor.log_out()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_a_code_logs_in_once(visit: Visit, town: Town) -> None:
    code = town.json("login:code")["code"]
    first = visit()
    page = first.open("/")
    page.get_by_label("Code, good once").fill(code)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No lanes yet")
    expect(page.get_by_role("navigation", name="Main")).to_contain_text(f"Log out {ADMIN}")
    check(first)

    again = visit().open("/figures")
    again.get_by_label("Code, good once").fill(code)
    again.get_by_role("button", name="Log in", exact=True).click()
    expect(again.get_by_role("alert")).to_contain_text("was used already")


def test_who_has_no_role_is_told_so(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    visitor.leave_for_heroku(STRANGER)
    expect(page.get_by_role("heading", level=1)).to_have_text("Not allowed")
    expect(page.locator("body")).to_contain_text(f"{STRANGER} has no role here")


def test_who_says_no_at_heroku_is_logged_in_nowhere(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    page.get_by_role("link", name="Log in with Heroku").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.locator("body")).to_contain_text("was told not to let this listener know")
    visitor.open("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
