"""A release phase prints while somebody looks; what it brought is rolled back from the page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.acceptance.town import Town, wait_until
from tests.browser import scene
from tests.browser.conftest import Visit
from tests.browser.visitor import APPROVER, PHONE


def test_each_line_is_there_as_it_comes_and_the_newest_is_in_sight(
    visit: Visit, town: Town
) -> None:
    scene.rule(town, "acme-prints")
    phase = {"release_phase": {"seconds": None}}
    town.heroku.control("apps/acme-prints-prod", phase, "PATCH")
    promotion = scene.deploy(town, "acme-prints", "releasing")
    wait_until(lambda: town.get(f"promotions/{promotion}")["ships"]["is_read"], "what ships")
    made = town.get(f"promotions/{promotion}")["target"]["release"]["version"]
    release = f"apps/acme-prints-prod/releases/{made}"
    page = visit(viewport=PHONE).log_in(APPROVER, f"/promotions/{promotion}")
    output = page.locator("#output")
    expect(output).to_contain_text("Running release command...")
    output.evaluate("each => each.dataset.mine = 'yes'")  # of this very element

    lines = [f"batch {number}\n" for number in range(100)]
    town.heroku.control(f"{release}/output", {"text": "".join(lines)})
    expect(output).to_contain_text("batch 99")
    expect(output).to_have_attribute("data-mine", "yes")
    assert output.evaluate("each => each.scrollHeight > each.clientHeight && !each.scrollTop")
    town.heroku.control(f"{release}/output", {"text": "\x1b[31m<b>one more</b>\n"})
    expect(output).to_contain_text(re.compile(r"batch 99\n<b>one more</b>\n"))

    town.heroku.control(release, {"status": "succeeded"})
    expect(page).to_have_title(re.compile("^succeeded"))


def test_what_it_brought_is_rolled_back_as_it_was_shown(visit: Visit, town: Town) -> None:
    scene.rule(town, "acme-back")
    promotion = scene.deploy(town, "acme-back", "succeeded")
    page = visit(viewport=PHONE).log_in(APPROVER, f"/promotions/{promotion}")
    page.locator("summary", has_text="Roll back").click()
    form = page.locator("form", has=page.locator("button[value=rollback]"))
    expect(form).to_contain_text("acme-back-prod back from v")
    form.get_by_label("Reason").fill("500s on checkout")
    form.get_by_role("button").click()

    expect(page).not_to_have_url(re.compile(f"/promotions/{promotion}$"))
    expect(page).to_have_title(re.compile("^rolled_back"))
    expect(page.get_by_role("main")).to_contain_text("500s on checkout")
