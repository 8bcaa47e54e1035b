"""Heroku's CLI and ours at work on the same apps: who does what by hand is understood."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.town import ADMIN, Town, wait_until
from tests.heroku_cli.official import OfficialCli

PARTS = {"staging": "staging", "prod": "production"}


@pytest.fixture
def ours(cli: OfficialCli, town: Town, tmp_path: Path) -> OfficialCli:
    """The Heroku CLI of somebody who logged in to the listener by it."""
    env = {"AUTOPROMOTE_URL": town.url, "XDG_CONFIG_HOME": str(tmp_path)}
    ours = replace(cli, env=env)
    assert ours("autopromote:login").code == 0
    return ours


@pytest.fixture
def shop(town: Town, request: pytest.FixtureRequest) -> Iterator[str]:
    """A pipeline, whose staging app is promoted to its production app by an armed rule."""
    shop = f"{request.param}"
    for part in PARTS:
        town.heroku.app(f"{shop}-{part}")
        town.heroku.deploy(f"{shop}-{part}")
    couplings = {stage: [f"{shop}-{part}"] for part, stage in PARTS.items()}
    town.heroku.control("pipelines", {"name": shop, "owner": ADMIN, "couplings": couplings})
    town.cli("login")
    town.cli("webhooks:add", "-a", f"{shop}-staging")
    town.cli("rules:add", shop, "--from", f"{shop}-staging", "--to", f"{shop}-prod")
    yield shop
    town.cli("rules:remove", shop, "--confirm", shop)


def holds(town: Town, app: str) -> list[Any]:
    found = town.get(f"holds?app={app}")
    assert isinstance(found, list)
    return found


def wait_for_hold(town: Town, app: str, version: int) -> None:
    """Until the promotion to the app waits, because that is on hold."""

    def is_held() -> bool:
        return f"{app} is on hold" in town.wait_for("waiting", version, target=app)["reason"]

    wait_until(is_held, f"the hold of {app} to be what v{version} waits for")


def wait_for_a_look(town: Town, app: str) -> None:
    """Until the listener has read the app's releases, and has begun to do so again."""
    town.heroku.control("requests", method="DELETE")
    path = f"/apps/{app}/releases"
    wait_until(lambda: len(town.heroku.requests("GET", path)) > 1, f"two looks at {app}")


def test_everything_is_done_inside_the_heroku_cli(
    town: Town, ours: OfficialCli, tmp_path: Path
) -> None:
    staging, production = "inside-staging", "inside-prod"
    for app in (staging, production):
        town.heroku.app(app)
        town.heroku.deploy(app)
    url = f"{ours.url.replace('http:', 'https:')}/{staging}.git"
    repository = tmp_path / "repository"
    for words in (
        ["init", "-q", str(repository)],
        ["-C", str(repository), "remote", "add", "heroku", url],
    ):
        subprocess.run(["git", *words], check=True)
    there = replace(ours, directory=repository)

    added = there("autopromote:webhooks:add")
    assert (added.stderr, added.code) == (f"Adding webhook to ⬢ {staging}... done\n", 0)
    ours.says("autopromote", "rules", "add", "inside", "--from", staging, "--to", production)
    release = town.heroku.deploy(staging)
    town.wait_for("succeeded", release["version"], target=production)

    [promotion] = ours.json("autopromote:promotions", "-a", production)
    assert promotion["status"] == "succeeded"
    explained = ours.says("autopromote:explain", HEROKU_APP=staging)
    assert f"{production}: succeeded" in explained


@pytest.mark.parametrize("shop", ["forward"], indirect=True)
def test_a_promotion_forward_by_hand_is_adopted(town: Town, cli: OfficialCli, shop: str) -> None:
    staging, production = f"{shop}-staging", f"{shop}-prod"
    town.cli("holds:add", "-a", production, "--reason", "launch day")
    release = town.heroku.deploy(staging)
    wait_for_hold(town, production, release["version"])

    promoted = cli("pipelines:promote", "-a", staging)
    assert promoted.code == 0
    wait_for_a_look(town, production)

    assert [hold["reason"] for hold in holds(town, production)] == ["launch day"]
    town.cli("holds:release", "-a", production)
    ended = town.wait_for("skipped", release["version"], target=production)
    assert f"{production} already runs this slug" in ended["reason"]
    assert town.heroku.posts(production) == []

    newest = town.heroku.deploy(staging)
    town.wait_for("succeeded", newest["version"], target=production)


@pytest.mark.parametrize("shop", ["back"], indirect=True)
def test_a_rollback_by_hand_holds(town: Town, cli: OfficialCli, shop: str) -> None:
    staging, production = f"{shop}-staging", f"{shop}-prod"
    before = town.heroku.current(production)["version"]
    release = town.heroku.deploy(staging)
    town.wait_for("succeeded", release["version"], target=production)

    rolled_back = cli("releases:rollback", "-a", production)
    assert f"Rolling back {production} to v{before}... done" in rolled_back.stderr
    [hold] = wait_until(lambda: holds(town, production), "the hold")

    assert f"{ADMIN} released v{before + 2} “Rollback to v{before}”" in hold["reason"]
    newest = town.heroku.deploy(staging)
    wait_for_hold(town, production, newest["version"])
    assert len(town.heroku.posts(production)) == 1


@pytest.mark.parametrize("shop", ["deaf"], indirect=True)
def test_a_webhook_removed_by_hand_is_noticed_and_mended(
    town: Town, cli: OfficialCli, shop: str
) -> None:
    staging = f"{shop}-staging"
    [webhook] = town.heroku.api("GET", f"/apps/{staging}/webhooks")

    removed = cli("webhooks:remove", webhook["id"], "-a", staging)
    assert removed.code == 0

    assert town.json("webhooks:info", "-a", staging)["healthy"] is False
    shown = town.cli("webhooks:info", "-a", staging)
    assert "Heroku has this webhook no more." in shown
    assert f"Run `autopromote webhooks:add -a {staging}` to mend it." in shown

    town.cli("webhooks:add", "-a", staging)
    [mended] = town.heroku.api("GET", f"/apps/{staging}/webhooks")
    assert mended["id"] != webhook["id"]
    release = town.heroku.deploy(staging)
    town.wait_for("succeeded", release["version"], target=f"{shop}-prod")
