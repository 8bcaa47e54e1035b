"""Approving and rejecting, as those who are asked do it."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.command_line.people import (
    APPROVER_TOKEN,
    VIEWER_TOKEN,
    answer_of,
    apps,
)
from tests.acceptance.town import Town
from tests.cli.program import Autopromote, barred

pytestmark = pytest.mark.acceptance

ABE = "abe@approvers.example"


def asking(town: Town, ana: Autopromote, name: str, *flags: str) -> str:
    """A promotion that waits for two people; answers its id."""
    apps(town, f"{name}-staging", f"{name}-prod")
    ana("webhooks:add", "-a", f"{name}-staging")
    words = ("rules:add", name, "--from", f"{name}-staging", "--to", f"{name}-prod")
    assert ana(*words, "--approvals", "2", *flags).code == 0
    town.heroku.deploy(f"{name}-staging", user="ana@example.com")
    return str(town.wait_for("waiting", target=f"{name}-prod")["id"])


def test_two_people_let_a_release_go(town: Town, ana: Autopromote) -> None:
    waiting = asking(town, ana, "two")
    approved = ana("promotions:approve", waiting)
    assert (approved.stderr, approved.code) == (f"Approving promotion {waiting}... done\n", 0)
    said = rf"Promotion {waiting} of two-staging v\d+ to two-prod: waiting \(Approved by ana@.*\)\n"
    assert re.fullmatch(said, approved.stdout)
    shown = ana("promotions:info", waiting).stdout
    assert re.search(r"^Approvals: +1 of 2\n +approved by ana@example.com$", shown, re.MULTILINE)

    answered = answer_of(ana, "promotions:approve", waiting)
    assert answered["approvals"]["needed"] == 2
    assert ana("login", HEROKU_API_KEY=APPROVER_TOKEN).code == 0
    assert ana("promotions:approve", waiting).code == 0
    done = town.wait_for("succeeded", target="two-prod")
    assert [word["by"] for word in done["approvals"]["given"]] == ["ana@example.com", ABE]
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
    assert rejected.stderr == f"Rejecting promotion {waiting}... done\n"
    ended = town.wait_for("rejected", target="one-prod")
    assert ended["reason"].startswith(f"{ABE} rejected it: not ")
    assert f"rejected by {ABE}: not today" in ana("promotions:info", waiting).stdout


def test_where_nobody_is_asked_it_says_what_to_do(town: Town, ana: Autopromote) -> None:
    apps(town, "none-staging")
    town.heroku.app("none-prod", release_phase={"seconds": 3600})
    ana("promote", "-a", "none-staging", "--to", "none-prod")
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

    gone = ana(*words, "--reason", "it leaks money", "--wait")
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
