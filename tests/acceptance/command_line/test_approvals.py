"""Approving and rejecting, as those who are asked do it."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.acceptance.command_line.people import (
    APPROVER_TOKEN,
    VIEWER_TOKEN,
    answer_of,
    apps,
)
from tests.acceptance.town import Town, wait_until
from tests.cli.program import Autopromote, barred
from tests.worker.chats import open_chat

pytestmark = pytest.mark.acceptance

ABE = "abe@approvers.example"


def asking(town: Town, ana: Autopromote, name: str, *flags: str) -> str:
    """A promotion that waits for two people; answers its id."""
    apps(town, f"{name}-staging", f"{name}-prod")
    ana("webhooks:add", "-a", f"{name}-staging")
    words = ("rules:add", name, "--from", f"{name}-staging", "--to", f"{name}-prod")
    people = () if "--approvals" in flags else ("--approvals", "2")
    assert ana(*words, *people, *flags).code == 0
    town.heroku.deploy(f"{name}-staging", user="ana@example.com")
    return str(town.wait_for("waiting", target=f"{name}-prod")["id"])


def test_two_people_let_a_release_go(town: Town, ana: Autopromote) -> None:
    waiting = asking(town, ana, "two")
    approved = ana("promotions:approve", waiting)
    done, see = f"Approving promotion {waiting}... done\n", f"See {town.url}/promotions/{waiting}\n"
    assert (approved.stderr, approved.code) == (done + see, 0)
    assert re.match(rf"Promotion {waiting} of .* to ⬢ two-prod: waiting \(", approved.stdout)
    assert approved.stdout.endswith(" (Approved by ana@example.com.)\n")
    shown = ana("promotions:info", waiting).stdout
    assert re.search(r"^Approvals: +1 of 2\n +approved by ana@example.com$", shown, re.MULTILINE)

    answered = answer_of(ana, "promotions:approve", waiting)
    assert answered["approvals"]["needed"] == 2
    assert ana("login", HEROKU_API_KEY=APPROVER_TOKEN).code == 0
    assert ana("promotions:approve", waiting).code == 0
    ended = town.wait_for("succeeded", target="two-prod")
    assert [word["by"] for word in ended["approvals"]["given"]] == ["ana@example.com", ABE]
    late = ana("promotions:approve", waiting)
    assert (late.stdout, late.code) == ("", 1)
    assert late.stderr.endswith(barred("", "Error ID: promotion_settled"))


def test_one_person_stops_it(town: Town, ana: Autopromote) -> None:
    waiting = asking(town, ana, "one", "--no-self-approval")
    own = ana("promotions:approve", waiting)
    assert own.stderr.endswith(barred("", "Error ID: own_release"))

    assert ana("login", HEROKU_API_KEY=VIEWER_TOKEN).code == 0
    assert ana("promotions:reject", waiting).stderr.endswith(barred("", "Error ID: forbidden"))
    assert ana("login", HEROKU_API_KEY=APPROVER_TOKEN).code == 0
    rejected = ana("promotions", "reject", waiting, "--reason", "not \x1b[31mtoday")
    see = f"See {town.url}/promotions/{waiting}\n"
    assert rejected.stderr == f"Rejecting promotion {waiting}... done\n{see}"
    ended = town.wait_for("rejected", target="one-prod")
    assert ended["reason"].startswith(f"{ABE} rejected it: not ")
    assert f"rejected by {ABE}: not today" in ana("promotions:info", waiting).stdout


def test_where_nobody_is_asked_it_says_what_to_do(town: Town, ana: Autopromote) -> None:
    apps(town, "none-staging")
    town.heroku.app("none-prod", release_phase={"seconds": 3600})
    ana("promote", "-a", "none-staging", "--to", "none-prod", "--no-wait")
    posted = town.wait_for("releasing", target="none-prod")["id"]
    assert ana("promotions:approve", posted).stderr.endswith(
        barred("", "Error ID: not_in_this_state")
    )


def test_an_admin_does_not_wait_for_what_a_rule_asks(town: Town, ana: Autopromote) -> None:
    waiting = asking(town, ana, "aside", "--soak", "1h")
    words = ("promote", "-a", "aside-staging", "--to", "aside-prod", "--override", "soak,approvals")
    assert ana(*words).stderr.endswith(barred("", "Error ID: invalid_params"))
    order = ana("promote", *words[1:5], "--override", "order", "--reason", "why")
    assert "order cannot be set aside; what a rule asks can: author, " in order.stderr
    assert order.stderr.endswith(barred("", "Error ID: invalid_params"))

    gone = ana(*words, "--reason", "it leaks money")
    assert gone.code == 0
    (done,) = answer_of(ana, "promotions", "-a", "aside-prod", "--status", "succeeded")
    shown = ana("promotions:info", done["id"]).stdout
    assert "soak, approvals by ana@example.com: it leaks money" in shown
    assert re.search(r"^✓ soak +Set aside by ana@example.com: it leaks money$", shown, re.MULTILINE)
    town.wait_for("skipped", target="aside-prod")
    assert answer_of(ana, "promotions:info", waiting)["status"] == "skipped"

    assert ana("login", HEROKU_API_KEY=APPROVER_TOKEN).code == 0
    refused = ana(*words, "--reason", "me too")
    assert refused.stderr.endswith(barred("", "Error ID: forbidden"))


def test_the_link_of_a_notification_lets_a_browser_approve(town: Town, ana: Autopromote) -> None:
    with open_chat() as chat:
        waiting = asking(town, ana, "link", "--approvals", "1", "--notify", f"{chat.url}?-hush=yes")
        assert re.search(r"^--notify: +json://…$", ana("rules:info", "link").stdout, re.MULTILINE)
        asked = wait_until(lambda: [*chat.told], "the question")[0]
        assert asked["title"].endswith(" to link-prod waits for approval")
        assert f"`autopromote promotions:approve {waiting}`" in asked["message"]
        url = re.search(rf"{town.url}/approvals/\S+", asked["message"])
        assert url is not None

        with httpx.Client(follow_redirects=True, timeout=60) as browser:
            stranger = browser.get(url[0])
            assert (stranger.status_code, "link-prod" in stranger.text) == (200, False)
            code = ana("login:code")
            assert re.fullmatch(r"[2-9A-Z]{5}-[2-9A-Z]{5}\n", code.stdout)
            assert code.stderr.startswith("Good once, until ")
            back = url[0].removeprefix(town.url)
            login = {"code": code.stdout.lower(), "back": back}
            page = browser.post(f"{town.url}/login", data=login)
            assert (page.status_code, "link-prod" in page.text) == (200, True)
            assert str(page.url) == f"{town.url}/promotions/{waiting}"
            form = re.search(r'name="form" value="([^"]+)"', page.text)
            assert form is not None
            seen = re.search(r'name="seen" value="([^"]+)"', page.text)
            assert seen is not None
            said = {"form": form[1], "seen": seen[1], "do": "approve"}
            done = browser.post(str(page.url), data=said)
            assert "Approved by ana@example.com" in done.text

        town.wait_for("succeeded", target="link-prod")
        wait_until(lambda: chat.told[1:], "the good news")
        assert chat.told[1]["title"].endswith(" to link-prod succeeded")
    assert "hush" not in town.dynos[0].process.log.read_text()
    assert url[0].rpartition("/")[2] not in town.dynos[0].process.log.read_text()
