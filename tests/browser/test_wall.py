"""A wall: whoever has its address sees lanes live and large, without a login, until it ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.town import Town
from tests.browser.conftest import Visit
from tests.browser.scene import asking, deploy, post, rule
from tests.browser.usable import check
from tests.browser.visitor import ADMIN

WALL = {"width": 1920, "height": 1080}
LANES = 30
NAMES = [f"acme-service-{number:02}" for number in range(LANES)]
TALLER = "document.documentElement.scrollHeight - document.documentElement.clientHeight"
BOXES = "[...document.querySelectorAll('.tiles li')].map(li => [li.offsetLeft, li.offsetTop])"
CUT = (
    "[...document.querySelectorAll('.tiles h2')].filter(h => h.scrollWidth > h.clientWidth).length"
)


def hang(town: Town, name: str, *lanes: str) -> str:
    """A wall of these lanes; its path."""
    apps = [f"{lane}-{end}" for lane in lanes for end in ("staging", "prod")]
    url = str(post(town, "walls", name=name, apps=apps)["url"])
    return url.removeprefix(town.url)


@pytest.fixture(scope="module")
def lanes(town: Town) -> list[str]:
    """As many lanes as a wall is to show."""
    for name in NAMES[2:]:
        rule(town, name)
    asking(town, NAMES[0])
    rule(town, NAMES[1])
    town.heroku.control(
        f"apps/{NAMES[1]}-prod", {"release_phase": {"seconds": 0.1, "fails": True}}, "PATCH"
    )
    deploy(town, NAMES[1], "failed")
    return NAMES


def test_thirty_lanes_fit_and_their_places_do_not_move(
    visit: Visit, town: Town, lanes: list[str]
) -> None:
    visitor = visit(viewport=WALL)
    page = visitor.open(hang(town, "lobby", *lanes))
    expect(page.locator("#live")).to_contain_text("live")
    expect(page.get_by_role("listitem").filter(has_text="failed")).to_have_class("bad")
    assert page.locator(".tiles h2").all_inner_texts() == lanes
    assert (page.evaluate(TALLER), visitor.overhang, page.evaluate(CUT)) == (0, 0, 0)
    before = page.evaluate(BOXES)

    post(town, "holds", app=f"{lanes[-1]}-prod", reason="Black Friday")

    held = page.get_by_role("listitem").filter(has_text=lanes[-1])
    expect(held).to_have_class("ask")
    assert page.evaluate(BOXES) == before
    assert "Black Friday" not in page.content()
    assert page.get_by_role("link").count() == 0


def test_all_can_read_it(visit: Visit, town: Town, lanes: list[str]) -> None:
    visitor = visit()
    visitor.open(hang(town, "readable", *lanes))
    check(visitor)


def test_it_stands_without_a_script_as_of_its_time(
    visit: Visit, town: Town, lanes: list[str]
) -> None:
    page = visit(java_script_enabled=False).open(hang(town, "plain", *lanes[:3]))
    expect(page.locator("#live")).to_contain_text("as of")
    expect(page.locator(".tiles li")).to_have_count(3)


def test_a_wall_that_is_cut_off_says_since_when(visit: Visit, town: Town, lanes: list[str]) -> None:
    visitor = visit(viewport=WALL)
    page = visitor.open(hang(town, "distant", *lanes[:3]))
    expect(page.locator("#live")).to_contain_text("live")
    visitor.context.set_offline(True)
    expect(page.locator("#live")).to_contain_text("not live since")
    stopped = page.locator("#live time").inner_text()
    visitor.context.set_offline(False)
    expect(page.locator("#live span")).to_have_text("live")
    expect(page.locator("#live time")).not_to_have_text(stopped)
    visitor.wrong = [each for each in visitor.wrong if "ERR_INTERNET_DISCONNECTED" not in each]


def test_a_wall_that_is_removed_goes_dark(visit: Visit, town: Town, lanes: list[str]) -> None:
    page = visit().open(hang(town, "old", *lanes[:3]))
    expect(page.locator("#live")).to_contain_text("live")
    town.cli("wall:remove", "old")
    expect(page.get_by_role("main")).to_contain_text("Nothing is shown")
    expect(page.get_by_text(lanes[0])).to_have_count(0)


def test_it_is_nobody_s_login(visit: Visit, town: Town, lanes: list[str]) -> None:
    page = visit().open(hang(town, "open", *lanes[:3]))
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert ADMIN not in page.content()
