"""Holds an open page against all that is true of every page: by axe-core, and at any width."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.visitor import Visitor

AXE = Path(__file__).parents[2] / ".pages" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = "([part, tags]) => axe.run(part, { runOnly: tags, resultTypes: ['violations'] })"
WIDTHS = (320, 390, 768, 1280, 1920)
OPEN = "document.querySelectorAll('main details').forEach(each => { each.open = true })"


@cache
def _source() -> str:
    return AXE.read_text()


def findings(page: Page, part: str = "html") -> list[str]:
    """Say what keeps people from using it, an element a line; none of any weight is left out."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(_source())
    found: Any = page.evaluate(RUN, [part, TAGS])
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def check(visitor: Visitor) -> None:
    """Open all that is folded, then ask at each width, in the light and in the dark."""
    page = visitor.page
    page.evaluate(OPEN)
    assert page.locator("h1").count() == 1
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert (width, visitor.overhang) == (width, 0)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            found = "\n".join(findings(page))
            assert not found, f"{scheme}, {width} px: {found}"
    page.emulate_media(color_scheme="light")
