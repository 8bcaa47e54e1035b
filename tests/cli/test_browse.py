"""`autopromote open`: the page's address, and a browser where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import Autopromote, Outcome

OWN = "https://autopromote.example.com"


def opened(autopromote: Autopromote, *words: str, browser: str = "false") -> Outcome:
    """Run it before a browser of our own."""
    return autopromote("open", *words, AUTOPROMOTE_URL=OWN, BROWSER=f"{browser} %s")


@pytest.mark.parametrize(
    ("words", "path"), [((), "/"), (("42",), "/promotions/42"), (("0",), "/promotions/0")]
)
def test_it_leads_to_the_lanes_or_to_a_promotion(
    autopromote: Autopromote, words: tuple[str, ...], path: str
) -> None:
    printed = opened(autopromote, *words, "--print")
    told = opened(autopromote, *words, "--json")

    assert printed == Outcome(f"{OWN}{path}\n", "", 0)
    assert json.loads(told.stdout) == {"url": f"{OWN}{path}"}


def test_a_browser_gets_the_address_and_nothing_else(
    autopromote: Autopromote, tmp_path: Path
) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}\n')
    browser.chmod(0o755)

    outcome = opened(autopromote, "42", browser=str(browser))

    assert outcome == Outcome("", f"Opened {OWN}/promotions/42\n", 0)
    assert seen.read_text() == f"{OWN}/promotions/42\n"


def test_without_a_browser_the_address_is_printed(autopromote: Autopromote) -> None:
    assert opened(autopromote).stdout == f"{OWN}/\n"


@pytest.mark.parametrize("id", ["x", "4/../2", "-1", "٤"])
def test_what_is_no_id_opens_nothing(autopromote: Autopromote, id: str) -> None:
    assert opened(autopromote, "--print", "--", id).code == 2


def test_before_a_login_there_is_no_address(autopromote: Autopromote) -> None:
    assert autopromote("open", "--print").code != 0
