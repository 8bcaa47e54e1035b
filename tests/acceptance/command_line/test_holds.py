"""Holds, and what waits for them."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.command_line.people import answer_of, apps
from tests.acceptance.town import Town
from tests.cli.program import Autopromote, barred

pytestmark = pytest.mark.acceptance


def test_a_hold_from_its_first_day_to_its_last(town: Town, ana: Autopromote) -> None:
    apps(town, "h-staging", "h-prod")
    added = ana("holds:add", "-a", "h-prod", "--reason", "a \x1b[31msale", "--until", "2h")
    assert added.stderr == "Adding hold on ⬢ h-prod... done\n"
    assert added.stdout.startswith("h-prod is on hold")

    refused = ana("promote", "-a", "h-staging", "--to", "h-prod")
    assert (refused.stdout, refused.code) == ("", 1)
    assert refused.stderr.endswith(barred("", "Error ID: target_held"))
    assert ana("promotions", "-a", "h-prod", "--json").stdout == "[]\n"

    listed = ana("holds", "-a", "h-prod")
    header, row = listed.stdout.splitlines()
    assert header.split() == ["ID", "App", "Kind", "By", "Created", "From", "Until", "Reason"]
    id_, rest = row.split(maxsplit=1)
    assert rest.startswith("⬢ h-prod  person  ana@example.com  ")
    assert row.endswith("  a sale")

    released = ana("holds:release", "-a", "h-prod")
    assert released.stderr == f"Releasing hold {id_} on ⬢ h-prod... done\n"
    ended, following = released.stdout.splitlines()
    assert ended == f"Released hold {id_} on ⬢ h-prod by ana@example.com: a sale"
    assert following.startswith("⬢ h-prod: ")
    assert ana("holds", "-a", "h-prod") == (
        "",
        "There are no holds.\nUse `autopromote holds:add` to add one.\n",
        0,
    )
    assert "Released" in ana("holds", "-a", "h-prod", "--released").stdout.splitlines()[0]


def test_one_hold_of_several_is_shown_and_released_by_its_id(town: Town, ana: Autopromote) -> None:
    apps(town, "hx-prod")
    planned = answer_of(ana, "holds:add", "-a", "hx-prod", "--reason", "fair", "--from", "2h")["id"]
    now = answer_of(ana, "holds:add", "-a", "hx-prod", "--reason", "sale")["id"]
    shown = ana("holds:info", planned).stdout
    assert shown.startswith(f"=== Hold {planned}\n\nOn:       ⬢ hx-prod\nReason:   fair\n")
    assert answer_of(ana, "holds:info", planned)["id"] == planned

    by_app = ana("holds:release", "-a", "hx-prod").stdout.splitlines()
    assert by_app[0] == f"Released hold {now} on ⬢ hx-prod by ana@example.com: sale"
    assert by_app[1].startswith("Still planned from ")
    assert by_app[1].endswith(f": hold {planned} on ⬢ hx-prod by ana@example.com: fair")

    by_id = ana("holds:release", planned)
    assert by_id.stderr == f"Releasing hold {planned} on ⬢ hx-prod... done\n"
    again = ana("holds:release", planned)
    assert again.stderr.endswith(barred("", "Error ID: hold_ended"))


def test_a_release_shows_what_would_go_and_asks(town: Town, ana: Autopromote) -> None:
    """A build that is older than the hotfix for which the app was held went without a word."""
    apps(town, "shown-staging", "shown-prod")
    ana("webhooks:add", "-a", "shown-staging")
    ana("rules:add", "shown", "--from", "shown-staging", "--to", "shown-prod")
    ana("holds:add", "-a", "shown-prod", "--reason", "look")
    version = town.heroku.deploy("shown-staging")["version"]
    waiting = town.wait_for("waiting", target="shown-prod")["id"]

    shown = ana("holds:release", "-a", "shown-prod", "--dry-run").stdout
    assert f"⬢ shown-prod: v{version} of shown-staging goes to shown-prod. It is " in shown
    foreseen = answer_of(ana, "holds:release", "-a", "shown-prod", "--dry-run")
    assert foreseen["agreed"]["promotions"] == [waiting]

    refused = ana("holds:release", "-a", "shown-prod")
    line = "autopromote holds:release --app shown-prod --confirm shown-prod"
    words = f"Error: Nothing was released. To let it go, run `{line}`."
    assert refused == ("", f"{shown}{barred(words)}", 1)
    wrong = ana("holds:release", "-a", "shown-prod", "--confirm", "shown-staging")
    words = "Error: Confirmation shown-staging did not match shown-prod. Nothing was released."
    assert wrong == ("", barred(words), 1)
    assert len(answer_of(ana, "holds", "-a", "shown-prod")) == 1

    discarded = ana("holds:release", "-a", "shown-prod", "--discard")
    assert f"Cancelled promotion {waiting} of v{version} of ⬢ shown-staging to ⬢ shown-prod\n" in (
        discarded.stdout
    )
    town.wait_for("cancelled", target="shown-prod")


def test_a_hold_that_is_not_there(town: Town, ana: Autopromote) -> None:
    apps(town, "z-prod")
    outcome = ana("holds:release", "-a", "z-prod")
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr.endswith(barred("", "Error ID: hold_not_found"))


def test_what_waits_for_a_hold_is_cancelled_and_tried_again(town: Town, ana: Autopromote) -> None:
    apps(town, "c-staging", "c-prod")
    ana("webhooks:add", "-a", "c-staging")
    ana("rules:add", "c", "--from", "c-staging", "--to", "c-prod")
    ana("holds:add", "-a", "c-prod", "--reason", "sale")
    town.heroku.deploy("c-staging")
    waiting = town.wait_for("waiting", target="c-prod")["id"]

    cancelled = ana("promotions:cancel", waiting)
    see = f"See {town.url}/promotions/{waiting}\n"
    assert cancelled.stderr == f"Cancelling promotion {waiting}... done\n{see}"
    assert re.match(rf"Promotion {waiting} of .* to ⬢ c-prod: cancelled\b", cancelled.stdout)
    assert ana("promotions:cancel", waiting).stderr.endswith(
        barred("", "Error ID: promotion_settled")
    )

    retried = ana("promotions:retry", waiting)
    assert retried.stderr == f"Retrying promotion {waiting}... done\n{see}"
    assert re.match(rf"Promotion {waiting} of .* to ⬢ c-prod: waiting\b", retried.stdout)

    released = ana("holds:release", "-a", "c-prod", "--confirm", "c-prod")
    assert "goes next" in released.stdout
    town.wait_for("succeeded", target="c-prod")


def test_a_hold_on_every_target_holds_every_target(town: Town, ana: Autopromote) -> None:
    apps(town, "every-staging", "every-prod")
    hold = answer_of(ana, "holds:add", "--all", "--reason", "holidays", "--from", "0s")
    assert hold["app"] is None

    try:
        refused = ana("promote", "-a", "every-staging", "--to", "every-prod")
        assert refused.stderr.endswith(barred("", "Error ID: target_held"))
        assert "every target  person  ana@example.com" in ana("holds").stdout
    finally:
        released = answer_of(ana, "holds:release", "--all")
    assert [one["id"] for one in released["released"]] == [hold["id"]]


def test_a_hold_on_every_target_leaves_some_out(town: Town, ana: Autopromote) -> None:
    apps(town, "out-prod")
    until = ("--until", "2120-12-24 18:00 Europe/London")
    added = answer_of(
        ana,
        "holds:add",
        "--all",
        "--except",
        "out-prod",
        "--reason",
        "fair",
        "--from",
        "9h",
        *until,
    )
    try:
        assert added["until"] == "2120-12-24T18:00:00.000Z"
        assert "every target but ⬢ out-prod" in ana("holds").stdout
        assert ana("holds", "-a", "out-prod").stdout == ""
    finally:
        ana("holds:release", added["id"])
    misused = ana("holds:add", "-a", "out-prod", "--except", "other", "--reason", "fair")
    words = "Error: --except goes with --all: it names the apps that are left out."
    assert misused == ("", barred(words), 2)


def test_a_hold_that_comes_too_late_says_so(town: Town, ana: Autopromote) -> None:
    apps(town, "late-staging")
    town.heroku.app("late-prod", release_phase={"seconds": 3600})
    ana("promote", "-a", "late-staging", "--to", "late-prod", "--no-wait")
    promotion = town.wait_for("releasing", target="late-prod")

    late = ana("holds:add", "-a", "late-prod", "--reason", "stop")
    assert (late.stdout, late.code) == ("", 0)
    assert f"Too late for promotion {promotion['id']}" in late.stderr
