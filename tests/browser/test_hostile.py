"""What strangers write into commits and reasons is text, and breaks no page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.town import Town
from tests.browser.conftest import Visit
from tests.browser.scene import post, rule
from tests.browser.usable import WIDTHS
from tests.browser.visitor import APPROVER

MARKS = "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\N{RIGHT-TO-LEFT MARK}\N{RIGHT-TO-LEFT ISOLATE}"
SCRIPT = "<script>window.isOurs = false; alert(1)</script>"
IMAGE = '<img src=x onerror="window.isOurs = false; alert(2)">'
HOSTILE = f"{SCRIPT}{IMAGE} {MARKS} {'W' * 500}"


@pytest.fixture(scope="module")
def promotion(town: Town) -> str:
    """One that ships such a commit, put back for such a reason."""
    source, target = rule(town, "acme-hostile", repository="acme/hostile", approvals=1)
    made = town.heroku.deploy(source, message=HOSTILE, description=HOSTILE[:200])
    post(town, "holds", app=target, reason=HOSTILE[:400])
    return str(town.wait_for("waiting", made["version"])["id"])


@pytest.mark.parametrize("page_is", ["lanes", "promotion"])
def test_it_is_text_that_runs_nothing_and_stays_within_the_window(
    visit: Visit, town: Town, promotion: str, page_is: str
) -> None:
    path = {"lanes": "/", "promotion": f"/promotions/{promotion}"}[page_is]
    visitor = visit()
    page = visitor.log_in(APPROVER, path)
    expect(page.get_by_role("main")).to_contain_text("<script>window.isOurs")
    expect(page.get_by_role("main")).to_contain_text(MARKS)
    assert page.evaluate("window.isOurs") is None
    assert page.locator("main script, main img").count() == 0
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert (width, visitor.overhang) == (width, 0)
