"""Somebody before a browser of their own, in whose console nothing may be said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.acceptance.town import Town
from tests.browser.conftest import PATIENCE

ADMIN, APPROVER, VIEWER = "ana@example.com", "ben@example.com", "vic@example.com"
STRANGER = "eve@elsewhere.example"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# Chromium tells of each page that is an error; a test tells by its status that it wants one.
IS_STATUS = re.compile(r"Failed to load resource: the server responded with a status of [45]")
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Visitor:
    """A browser with nothing in it yet, and what went wrong in it."""

    def __init__(self, browser: Browser, town: Town, **options: Any) -> None:
        self._town = town
        self.context = browser.new_context(**{"viewport": DESK, **options}, base_url=town.url)
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", self._refuse)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not IS_STATUS.match(said.text):
            self.wrong.append(said.text)

    def _refuse(self, dialog: Any) -> None:
        self.wrong.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: str, *, status: int = 200) -> Page:
        """Open a page of the listener, which answers with this status."""
        answer = self.page.goto(path)
        assert isinstance(answer, Response)
        assert answer.status == status, answer.text()
        return self.page

    def log_in(self, who: str, path: str = "/") -> Page:
        """Log in with Heroku, from a page that wants it; come back to that page."""
        self.open(path)
        self.leave_for_heroku(who)
        self.page.wait_for_url(f"{self._town.url}{path}")
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()
        return self.page

    def leave_for_heroku(self, who: str) -> None:
        """Have Heroku tell who this is; it sends the browser back."""
        self.page.get_by_role("link", name="Log in with Heroku").click()
        self.page.get_by_label("I am").select_option(who)
        self.page.get_by_role("button", name="Allow").click()

    def log_out(self) -> None:
        """Press the button that ends the session."""
        self.page.get_by_text("More", exact=True).click()
        self.page.get_by_role("button", name="Log out").click()

    @property
    def overhang(self) -> int:
        """How many pixels the page is wider than its window."""
        wider = self.page.evaluate(WIDER)
        assert isinstance(wider, int)
        return wider


@contextmanager
def visiting(browser: Browser, town: Town, **options: Any) -> Iterator[Visitor]:
    """Let somebody visit; the browser may have had nothing to say against our pages."""
    visitor = Visitor(browser, town, **options)
    try:
        yield visitor
        assert visitor.wrong == []
    finally:
        visitor.context.close()
