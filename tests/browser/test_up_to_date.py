"""A page keeps itself up to date: it takes nothing out of anybody's hands, and is never silent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from tests.acceptance.town import Town, wait_until
from tests.browser.conftest import Visit
from tests.browser.visitor import ADMIN, Visitor

SHOW = """isHidden => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LIVE, CHANGED = re.compile("^live"), re.compile(r"^changed at \d\d:\d\d:\d\d UTC")
LOST = re.compile(r"^not live since \d\d:\d\d:\d\d UTC")
SCRIPT = re.compile(r"/page-[0-9a-f]+\.js")
REASON = "A migration is under way"


@pytest.fixture(scope="module")
def waiting(town: Town) -> str:
    """The number of a promotion that waits for an approval."""
    town.pair("acme-staging", "acme-prod", approvals="1")
    town.heroku.deploy("acme-staging")
    made = wait_until(lambda: town.json("promotions"), "a promotion")
    return str(made[0]["id"])


@contextmanager
def held(town: Town) -> Iterator[None]:
    """Something that the lanes show, for a while."""
    town.cli("holds:add", "--app", "acme-prod", "--reason", REASON)
    yield
    town.cli("holds:release", "--app", "acme-prod", "--confirm", "acme-prod")


def asked(page: Page) -> list[str]:
    """What the page asks the listener for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def set_hidden(page: Page, *, is_hidden: bool) -> None:
    """Put another tab before this one, or take it away."""
    page.evaluate(SHOW, is_hidden)


@pytest.fixture
def visitor(visit: Visit, waiting: str) -> Visitor:
    """Somebody who looks at the lanes."""
    visitor = visit(viewport={"width": 390, "height": 300})
    visitor.log_in(ADMIN)
    expect(visitor.page.locator("#live")).to_have_text(LIVE)
    return visitor


def test_a_change_is_seen_and_focus_and_place_stay(
    visitor: Visitor, town: Town, waiting: str
) -> None:
    page = visitor.page
    link = page.locator(f'main a[href="/promotions/{waiting}"]').last
    link.focus()
    page.evaluate("window.scrollTo(0, 100)")

    with held(town):
        expect(page.locator("main")).to_contain_text(REASON)

        expect(link).to_be_focused()
        assert page.evaluate("window.scrollY") == 100
    expect(page.locator("main")).not_to_contain_text(REASON)


def test_what_somebody_writes_stays_and_the_page_says_that_it_changed(
    visitor: Visitor, town: Town, waiting: str
) -> None:
    page = visitor.open(f"/promotions/{waiting}")
    reason = page.get_by_label("Reason, for everybody to read")
    page.locator("main summary", has_text="Reject").click()
    reason.fill("not before the audit")

    town.cli("promotions:cancel", waiting)

    expect(page.locator("#live")).to_have_text(CHANGED)
    expect(page.locator("#live").get_by_role("link", name="Reload")).to_be_visible()
    expect(reason).to_have_value("not before the audit")
    reason.fill("")
    page.locator("main summary", has_text="Reject").click()
    expect(page.locator("main")).to_contain_text("cancelled")
    expect(page.locator("#live")).to_have_text(LIVE)
    town.cli("promotions:retry", waiting)


def test_a_listener_that_is_away_is_not_hammered_and_is_found_again(visitor: Visitor) -> None:
    page = visitor.page
    page.clock.install()
    page.reload()
    page.route("**/", lambda route: route.abort())
    seen = asked(page)

    for _ in range(60):
        page.clock.run_for(1000)
    expect(page.locator("#live")).to_have_text(LOST)
    expect(page.locator("#live").get_by_role("link", name="Reload")).to_be_visible()
    assert 3 <= len(seen) <= 9

    page.unroute("**/")
    for _ in range(31):
        page.clock.run_for(1000)
    expect(page.locator("#live")).to_have_text(LIVE)
    visitor.wrong.clear()  # Chromium tells of each request that failed


def test_a_tab_that_nobody_sees_asks_nothing_and_resumes_at_once(
    visitor: Visitor, town: Town
) -> None:
    page = visitor.page
    page.clock.install()
    page.reload()
    set_hidden(page, is_hidden=True)
    seen = asked(page)
    for _ in range(20):
        page.clock.run_for(1000)
    assert len(seen) <= 1  # one may have been under way

    page.clock.resume()
    with held(town):
        set_hidden(page, is_hidden=False)
        expect(page.locator("main")).to_contain_text(REASON)
    expect(page.locator("#live")).to_have_text(LIVE)


def test_another_version_is_loaded_once(visitor: Visitor) -> None:
    page, loaded = visitor.page, []

    def answer(route: Route) -> None:
        """As a listener does that was deployed, beside one that was not."""
        headers = {**route.request.headers}
        is_question = headers.pop("if-none-match", None) is not None
        if not is_question:
            loaded.append(route.request.url)
            route.continue_()
            return
        came = route.fetch(headers=headers)
        route.fulfill(response=came, body=SCRIPT.sub("/page-0123456789abcdef.js", came.text()))

    page.route("**/", answer)
    page.wait_for_event("load")
    for _ in range(4):
        page.wait_for_event("requestfinished")

    assert len(loaded) == 1
    expect(page.locator("#live")).to_have_text(LIVE)


def test_without_a_script_the_page_says_of_when_it_is(visit: Visit, town: Town) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.log_in(ADMIN)

    expect(page.locator("#live")).to_have_text(re.compile(r"^as of \d\d:\d\d:\d\d UTC"))
    page.get_by_role("link", name="Reload").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lanes")
