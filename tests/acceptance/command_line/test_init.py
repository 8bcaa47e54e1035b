"""From a deployed listener to a rule that watches: one command that may stop anywhere."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.acceptance.command_line.people import answer_of, apps
from tests.acceptance.town import Town, wait_until
from tests.cli.program import Autopromote, barred

pytestmark = pytest.mark.acceptance


def pipeline(town: Town, name: str, staging: str, *production: str) -> None:
    """A pipeline of apps that have code."""
    apps(town, staging, *production)
    couplings = {"staging": [staging], "production": list(production)}
    town.heroku.control(
        "pipelines", {"name": name, "owner": "ana@example.com", "couplings": couplings}
    )
    # What was read of Heroku counts for ten seconds.
    wait_until(lambda: name in str(town.get("pipelines")), f"pipeline {name}")


def test_everything_is_set_up_from_nothing_and_again(town: Town, person: Autopromote) -> None:
    apps(town, "first-staging", "first-prod")
    words = ("init", "--from", "first-staging", "--to", "first-prod", "--name", "i", "--yes")

    done = person(*words)
    assert done.code == 0, done.stderr
    assert done.stderr.startswith(
        f"Logging in to {town.url}... done\n"
        "Comparing ⬢ first-staging with ⬢ first-prod... done\n"
        "Adding webhook to ⬢ first-staging... done\n"
        "Adding rule i in shadow mode... done\n"
    )
    assert done.stderr.endswith("  autopromote rules:update i --mode armed\n")
    assert "=== i\n" in done.stdout
    assert "Mode:      shadow\n" in done.stdout
    assert "=== What it would have done with the last 5 releases\n" in done.stdout
    assert len(town.heroku.api("GET", "/apps/first-staging/webhooks")) == 1

    again = person(*words)
    assert again.code == 0, again.stderr
    assert "Logging in" not in again.stderr
    assert again.stderr.count("done, it was there already\n") == 2
    assert len(town.heroku.api("GET", "/apps/first-staging/webhooks")) == 1

    armed = answer_of(person, *words, "--armed")
    assert armed["rule"]["mode"] == "armed"
    assert armed["subscription"]["app"]["name"] == "first-staging"
    assert armed["backtest"]

    stays = person(*words)
    assert (
        stays.stderr.count("Adding rule i in shadow mode... done, it was there already and is") == 1
    )
    assert stays.stderr.count("... done, it was there already and is armed\n") == 1


def test_apps_come_from_the_pipeline(town: Town, ana: Autopromote) -> None:
    pipeline(town, "shop", "shop-staging", "shop-prod", "shop-prod-eu")
    done = answer_of(ana, "init", "--from", "shop-staging", "--name", "shop", "--yes")
    targets = [target["name"] for target in done["rule"]["targets"]]
    assert (done["rule"]["source"]["name"], targets) == (
        "shop-staging",
        ["shop-prod", "shop-prod-eu"],
    )


def test_without_a_terminal_the_choices_are_commands(town: Town, ana: Autopromote) -> None:
    pipeline(town, "cafe", "cafe-staging", "cafe-prod")
    refused = ana("init", "--name", "cafe")
    assert (refused.stdout, refused.code) == ("", 2)
    assert "Error: Which apps? Run one of these:\n" in refused.stderr
    assert "  autopromote init --from cafe-staging --to cafe-prod --yes\n" in refused.stderr


def test_at_a_terminal_somebody_chooses(town: Town, ana: Autopromote) -> None:
    pipeline(town, "kiosk", "kiosk-staging", "kiosk-prod")
    ours, theirs = pty.openpty()
    words = ("init", "--from", "kiosk-staging", "--name", "kiosk")
    child = subprocess.Popen(
        ana.command(*words),
        cwd=ana.directory,
        env=ana.environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        os.write(ours, b"7\n1\n")
        stdout, stderr = child.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert child.returncode == 0, stderr.decode()
    assert "1) ⬢ kiosk-staging to ⬢ kiosk-prod (pipeline kiosk)\n" in stderr.decode()
    assert stderr.decode().count("Which of these shall be promoted? 1 to 1, or q to quit: ") == 2
    assert "Targets:   ⬢ kiosk-prod" in stdout.decode()


def test_apps_that_can_never_match_are_told_before_anything_is_made(
    town: Town, ana: Autopromote
) -> None:
    town.heroku.app("old-staging", stack="heroku-22")
    town.heroku.deploy("old-staging")
    apps(town, "old-prod")
    refused = ana("init", "--from", "old-staging", "--to", "old-prod", "--name", "old")
    assert (refused.stdout, refused.code) == ("", 1)
    assert "✗ old-staging is built for heroku-22, old-prod runs heroku-24.\n" in refused.stderr
    assert "  $ heroku stack:set heroku-22 -a old-prod\n" in refused.stderr
    assert refused.stderr.endswith(
        barred("Error: Every promotion would be rejected. Mend this first, and run it again.")
    )
    assert town.heroku.api("GET", "/apps/old-staging/webhooks") == []
    assert ana("rules:info", "old").code == 1


def test_a_rule_of_that_name_for_other_apps_is_not_touched(town: Town, ana: Autopromote) -> None:
    apps(town, "name-staging", "name-prod", "name-other")
    assert ana("rules:add", "n", "--from", "name-staging", "--to", "name-other").code == 0
    refused = ana("init", "--from", "name-staging", "--to", "name-prod", "--name", "n", "--yes")
    assert refused.code == 1
    assert "autopromote init --from name-staging --to name-prod --name NAME" in refused.stderr


def test_an_app_in_no_pipeline_must_be_named_with_its_target(town: Town, ana: Autopromote) -> None:
    apps(town, "lone-staging")
    refused = ana("init", "--from", "lone-staging", "--yes")
    assert (refused.stdout, refused.code) == ("", 1)
    assert "Say which apps you mean: `autopromote init --from APP --to APP`." in refused.stderr
