"""`make page-screens`: pictures of the pages for the README, of the week that the demo makes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from demo import week
from demo.__main__ import SHOP, make_client, show
from demo.health import Health
from demo.hub import Hub
from demo.people import BEN
from demo.stage import ROOT, Stage, say
from tests.browser import chromium

FOLDER = ROOT / "docs" / "pages"
SMALLER = ("pngquant", "--force", "--strip", "--ext", ".png", "--quality", "80-100", "--speed", "1")
HEIGHTS = {390: 844, 1280: 800, 1920: 1080}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is shown, and how wide."""

    name: str
    path: str
    width: int
    is_dark: bool = False

    @property
    def file(self) -> Path:
        """Where it is kept."""
        dark = "-dark" if self.is_dark else ""
        return FOLDER / f"{self.name}-{self.width}{dark}.png"


def pictures(stage: Stage) -> list[Picture]:
    """Return what is shown: the lanes, what waits for a word, what went back, a rule, a wall."""
    promotions = stage.ask("promotions")
    waits, back = (
        next(f"/promotions/{each['id']}" for each in promotions if each["status"] == status)
        for status in ("waiting", "rolled_back")
    )
    rule = stage.ask("rules:info", "billing")["id"]
    wall = stage.ask("wall:create", "readme", "--apps", ",".join((*SHOP, *week.APPS)))["url"]
    return [
        *(Picture("lanes", "/", width) for width in HEIGHTS),
        *(Picture("promotion", waits, width) for width in HEIGHTS),
        Picture("lanes", "/", 1280, is_dark=True),
        Picture("rolled-back", back, 1280),
        Picture("figures", "/figures?days=7", 1280),
        Picture("rule", f"/rules/{rule}", 1280),
        Picture("wall", wall.removeprefix(stage.url), 1920),
    ]


def take(page: Page, picture: Picture) -> None:
    """Take one of what the browser shows."""
    page.emulate_media(color_scheme="dark" if picture.is_dark else "light")
    page.set_viewport_size({"width": picture.width, "height": HEIGHTS[picture.width]})
    page.goto(picture.path)
    page.locator("#live.ok").or_(page.locator("body:not(:has(#live))")).wait_for()
    page.screenshot(path=picture.file, scale="css")
    if shutil.which(SMALLER[0]):  # to a third, by a palette
        subprocess.run([*SMALLER, str(picture.file)], check=True)
    size = picture.file.stat().st_size
    say(f"{picture.file.relative_to(ROOT)}: {size / 1000:.0f} kB")


def log_in(page: Page) -> None:
    """Log in with Heroku as Ben, who may approve what Ana deployed."""
    page.goto("/")
    page.get_by_role("link", name="Log in with Heroku").click()
    page.get_by_label("I am").select_option(BEN.email)
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("navigation", name="Main").wait_for()


def main() -> int:
    """Run the demo and take the pictures; return 1 where there is no browser."""
    program = chromium.find()
    if program is None:
        say(f"No pictures: {chromium.missing()}")
        return 1
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        hub, health = Hub(), stack.enter_context(Health().open())
        stage = Stage(Path(folder), stack, settings=hub.settings, prepare=make_client)
        stage.start()
        show(stage, hub, health, Path(folder))
        driver = stack.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path=program, args=chromium.FLAGS)
        page = browser.new_page(base_url=stage.url)
        log_in(page)
        FOLDER.mkdir(exist_ok=True)
        for picture in pictures(stage):
            take(page, picture)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
