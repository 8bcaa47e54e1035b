"""Every page, in every state: all can use it, in the light and in the dark, at any width."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.town import Town, wait_until
from tests.browser.scene import apps, asking, deploy, post, rule
from tests.browser.usable import check, findings
from tests.browser.visitor import ADMIN, APPROVER, DESK, STRANGER, Visitor, visiting
from tests.worker.chats import open_chat

LONG = "acme-notify-customer-a"  # with `-staging` the longest name that Heroku takes
PAGES = {
    "lanes": "/",
    "figures": "/figures?days=7",
    "sessions": "/sessions",
    "rules": "/rules",
    "a rule": "/rules/1",
    "a back-test": "/rules/1?backtest=true",
    "audit": "/audit",
    "deliveries": "/deliveries",
    "doctor": "/doctor",
    **{
        name: f"/promotions/{{{name}}}"
        for name in (
            "asking",
            "soaking",
            "releasing",
            "succeeded",
            "failed",
            "rejected",
            "cancelled",
            "superseded",
            "shadowed",
            "rolled-back",
            "held",
        )
    },
}
LINES = """cells => cells.map(cell => {
  const text = document.createRange();
  text.selectNodeContents(cell);
  const lines = new Set([...text.getClientRects()].map(box => Math.round(box.bottom)));
  return [cell.textContent, lines.size];
})"""
WRONG = {"/promotions/999": 404, "/rules/999": 404, "/nowhere": 404}


@pytest.fixture(scope="module")
def promotions(town: Town) -> dict[str, str]:
    """Promotions in all states, by the word for it."""
    found = {"asking": asking(town, "acme-ask", repository="acme/ask")}
    rule(town, "acme-run")
    town.heroku.control("apps/acme-run-prod", {"release_phase": {"seconds": 600}}, "PATCH")
    rule(town, "acme-fail")
    town.heroku.control(
        "apps/acme-fail-prod", {"release_phase": {"seconds": 0.1, "fails": True}}, "PATCH"
    )
    rule(town, "acme-soak", soak="1h", windows=["Mon-Fri 09:00-16:30 Europe/London"])
    rule(town, "acme-done")
    rule(town, "acme-shadow", mode="shadow")
    found |= {
        "releasing": deploy(town, "acme-run", "releasing"),
        "failed": deploy(town, "acme-fail", "failed"),
        "soaking": deploy(town, "acme-soak", "waiting"),
        "succeeded": deploy(town, "acme-done", "succeeded"),
        "shadowed": deploy(town, "acme-shadow", "shadowed"),
    }
    found["superseded"] = asking(town, "acme-new")
    found["rejected"] = deploy(town, "acme-new", "waiting")
    post(town, f"promotions/{found['rejected']}/actions/reject", reason="The migration is wrong.")
    found["cancelled"] = deploy(town, "acme-new", "waiting")
    post(town, f"promotions/{found['cancelled']}/actions/cancel")
    back = post(town, "rollbacks", app="acme-done-prod", reason="Prices were shown without tax.")
    found["rolled-back"] = back["id"]
    rule(town, LONG)
    post(town, "holds", app=f"{LONG}-prod", reason="Black Friday")
    found["held"] = deploy(town, LONG, "waiting")
    apps(town, "acme-quiet")
    return found


@pytest.fixture(scope="module")
def ana(browser: Browser, town: Town, promotions: dict[str, str]) -> Iterator[Visitor]:
    """Somebody who may see all."""
    with visiting(browser, town) as visitor:
        visitor.log_in(ADMIN)
        yield visitor


@pytest.fixture(scope="module")
def ben(browser: Browser, town: Town) -> Iterator[Visitor]:
    """Somebody who comes with nothing, and may approve."""
    with visiting(browser, town) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def link(town: Town) -> str:
    """The path of a link by which people are asked to approve, as they are sent it."""
    with open_chat() as chat:
        asking(town, "acme-link", notify=[f"{chat.url}?-hush=yes"])
        [asked] = wait_until(lambda: [*chat.told], "the question")
    found = re.search(rf"{town.url}(/approvals/\S+)", asked["message"])
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", PAGES)
def test_a_page(ana: Visitor, promotions: dict[str, str], name: str) -> None:
    ana.open(PAGES[name].format(**promotions))
    check(ana)


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_the_audit_breaks_no_action_and_no_short_address(
    ana: Visitor, promotions: dict[str, str], width: int
) -> None:
    ana.page.set_viewport_size({"width": width, "height": 900})
    try:
        cells = ana.open("/audit").locator("tbody th, tbody td:nth-child(2)")
        told = cells.evaluate_all(LINES)
    finally:
        ana.page.set_viewport_size(DESK)
    assert ["promotion.rejected", 1] in told
    assert [each for each in told if each[1] > 1] == []


@pytest.mark.parametrize("path", WRONG)
def test_a_page_of_what_is_not_there(ana: Visitor, path: str) -> None:
    ana.open(path, status=WRONG[path])
    check(ana)


def test_a_wall(ben: Visitor, town: Town, promotions: dict[str, str]) -> None:
    names = [app["name"] for app in town.heroku.api("GET", "/apps")]
    sources = sorted(name for name in names if name.endswith("-staging"))
    made = post(town, "walls", name="office", apps=sources)
    ben.open(made["url"].removeprefix(town.url))
    check(ben)
    ben.open("/wall/nothing", status=404)
    check(ben)


def test_the_menu(ana: Visitor) -> None:
    page = ana.open("/figures")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.get_by_text("More", exact=True).click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        assert (width, ana.overhang, findings(page, "header")) == (width, 0, [])
        page.get_by_text("More", exact=True).click()


def test_the_ways_to_log_in(ben: Visitor) -> None:
    page = ben.open("/figures")
    check(ben)
    page.get_by_label("Code, good once").fill("WRONG-WRONG")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(ben)


def test_a_link_by_which_somebody_is_asked(ben: Visitor, link: str) -> None:
    page = ben.open(link)
    check(ben)
    ben.leave_for_heroku(APPROVER)
    expect(page.locator("h1")).to_contain_text("acme-link-prod")
    check(ben)
    ben.open(f"{link}x", status=404)
    check(ben)


def test_the_page_of_who_has_no_role(browser: Browser, town: Town) -> None:
    with visiting(browser, town) as visitor:
        page = visitor.open("/")
        visitor.leave_for_heroku(STRANGER)
        expect(page.locator("body")).to_contain_text(STRANGER)
        check(visitor)


def test_a_fault_is_found(ana: Visitor) -> None:
    """Else all of the above would say nothing."""
    page = ana.open("/figures")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    [found] = findings(page)
    assert found.startswith("button-name (critical)")


def test_what_the_policy_refuses_is_heard(browser: Browser, town: Town) -> None:
    """Else the tests of what strangers write would say nothing."""
    with visiting(browser, town) as visitor:
        page = visitor.open("/")
        page.evaluate("document.body.innerHTML += '<img src=x onerror=alert(1)>'")
        page.wait_for_function("document.images[0].complete")
        wait_until(lambda: page.evaluate("1") and visitor.wrong, "a word in the console")
        assert "violates the following Content Security Policy directive" in visitor.wrong[0]
        visitor.wrong.clear()


def test_the_dark_is_dark(ben: Visitor) -> None:
    page = ben.open("/")
    seen = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    levels = [sum(map(int, re.findall(r"\d+", each)[:3])) for each in seen]
    assert levels[0] > 3 * 200
    assert levels[1] < 3 * 50
